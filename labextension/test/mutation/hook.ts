/**
 * Has Node load another text for one file: that of MUTANT for MUTATED.
 */
import fs from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';

const { MUTATED, MUTANT = '' } = process.env;

registerHooks({
  load(url, context, next) {
    return url === MUTATED
      ? {
          format: 'module',
          source: stripTypeScriptTypes(fs.readFileSync(MUTANT, 'utf8')),
          shortCircuit: true
        }
      : next(url, context);
  }
});
