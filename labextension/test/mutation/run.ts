/**
 * Changes the page's state machine in many small ways, one at a time, and tells which changes no test notices.
 *
 * Changes that the compiler refuses count for nothing. With --sample=N so many of each file are tried, with
 * --again=FILE those that an earlier output names; names, such as follow, restrict it to these files.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { isRefused } from './compiler.ts';
import { mutantsOf } from './mutants.ts';
import type { IMutant } from './mutants.ts';

const ROOT = path.resolve(import.meta.dirname, '..', '..');

/** The state machine and its parts. */
const FILES = ['machine', 'transition', 'poll_result', 'follow'];

/** The fastest first; the others try random orders of events. */
const TESTS = [
  'machine.test.ts',
  'lost.test.ts',
  'question.test.ts',
  'elsewhere.test.ts',
  'order.test.ts',
  'follow.test.ts',
  'random.test.ts',
  'whole.test.ts'
];

const STATES = [
  'idle',
  'reading',
  'joining',
  'confirming',
  'requesting',
  'saving',
  'stopping',
  'accepted',
  'checking',
  'farewell',
  'closed',
  'restarted'
];

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mutation-'));
const { values, positionals } = parseArgs({
  options: { sample: { type: 'string' }, again: { type: 'string' } },
  allowPositionals: true
});

/** Whether all tests pass with the text in place of the file. */
function passes(file: string, text: string): boolean {
  const mutant = path.join(folder, 'mutant.ts');
  fs.writeFileSync(mutant, text);
  return TESTS.every(test => {
    const { status } = spawnSync(
      process.execPath,
      [
        '--no-warnings',
        '--import',
        path.join(import.meta.dirname, 'hook.ts'),
        path.join(ROOT, 'test', test)
      ],
      {
        cwd: ROOT,
        stdio: 'ignore',
        timeout: 60_000,
        killSignal: 'SIGKILL',
        env: {
          ...process.env,
          MODEL_RUNS: '20',
          MUTATED: new URL(`file://${file}`).href,
          MUTANT: mutant
        }
      }
    );
    return status === 0;
  });
}

/** What an earlier run has left. */
const left = values.again
  ? fs.readFileSync(values.again, 'utf8').split('\n')
  : null;

/** So many of them, evenly spread. */
function sampled(mutants: IMutant[]): IMutant[] {
  const count = Number(values.sample ?? mutants.length);
  return mutants.filter(
    (_, index) =>
      Math.floor((index * count) / mutants.length) !==
      Math.floor(((index - 1) * count) / mutants.length)
  );
}

/** Print the survivors of a file; return how many there were to notice, and how many were noticed. */
function examine(name: string): [number, number] {
  const file = path.join(ROOT, 'src', 'stop', `${name}.ts`);
  const text = fs.readFileSync(file, 'utf8');
  if (!passes(file, text)) {
    throw new Error(`The tests of ${name}.ts fail without any change.`);
  }
  let total = 0;
  let noticed = 0;
  for (const mutant of sampled(mutantsOf(text, STATES))) {
    const { line, column, change } = mutant;
    const told = `  ${name}.ts:${line}:${column}: ${change}`;
    if ((left && !left.includes(told)) || isRefused(ROOT, file, mutant.text)) {
      continue;
    }
    total += 1;
    if (passes(file, mutant.text)) {
      console.log(told);
    } else {
      noticed += 1;
    }
  }
  return [total, noticed];
}

try {
  let all = 0;
  let seen = 0;
  for (const name of positionals.length ? positionals : FILES) {
    const began = Date.now();
    const [total, noticed] = examine(name);
    all += total;
    seen += noticed;
    console.log(
      `${name}.ts: ${noticed} of ${total} noticed, ${share(noticed, total)} %, in ${Math.round((Date.now() - began) / 1000)} s`
    );
  }
  console.log(
    `The state machine: ${seen} of ${all} noticed, ${share(seen, all)} %`
  );
} finally {
  fs.rmSync(folder, { recursive: true });
}

function share(part: number, whole: number): string {
  return ((100 * part) / Math.max(whole, 1)).toFixed(1);
}
