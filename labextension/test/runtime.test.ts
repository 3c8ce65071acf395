/**
 * What bundle/runtime.cjs puts in the place of the bundler's own: an extension is built with it, and loaded as JupyterLab
 * does, into a page that is an object.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import { container, rspack } from '@rspack/core';
import type { RspackPluginInstance } from '@rspack/core';

const require = createRequire(import.meta.url);
const SmallRuntime =
  require('../bundle/runtime.cjs') as new () => RspackPluginInstance;

const SOURCES = {
  'extension.js': `
    import { value } from '@jupyterlab/shared';
    export { value };
    export const later = () => import(/* webpackChunkName: "later" */ './later');`,
  'later.js': `export const answer = 42;`
};

let folder = '';

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'runtime-'));
  for (const [name, text] of Object.entries(SOURCES)) {
    writeFileSync(join(folder, name), text);
  }
  const compiler = rspack({
    mode: 'production',
    target: ['web', 'es2022'],
    context: folder,
    entry: {},
    output: { path: join(folder, 'static'), filename: '[name].js' },
    plugins: [
      new container.ModuleFederationPluginV1({
        name: 'ours',
        library: { type: 'var', name: ['_JUPYTERLAB', 'ours'] },
        filename: 'remoteEntry.js',
        exposes: { './extension': './extension.js' },
        shared: {
          '@jupyterlab/shared': { import: false, requiredVersion: '^4.0.0' }
        }
      }),
      new SmallRuntime()
    ]
  });
  await new Promise<void>((resolve, reject) => {
    compiler.run((error, stats) => {
      if (error || stats?.hasErrors()) {
        reject(error ?? new Error(stats?.toString()));
      } else {
        resolve();
      }
    });
  });
});

after(() => rmSync(folder, { recursive: true }));

interface IScript {
  src: string;
  onload: () => void;
  onerror: () => void;
  remove: () => void;
}

interface IExtension {
  value: string;
  later: () => Promise<{ answer: number }>;
}

interface IContainer {
  init: (scope: object) => unknown;
  get: (name: string) => Promise<() => IExtension>;
}

type Answer = 'file' | 'error' | 'log-in form' | 'nothing';

/** A page in which scripts are answered one after the other as said; then with their files. */
function open(answers: Answer[]): { ours: IContainer; asked: string[] } {
  const asked: string[] = [];
  const timers: (() => void)[] = [];
  const load = (script: IScript) => {
    const { pathname, search } = new URL(script.src);
    asked.push(pathname + search);
    const answer = answers.shift() ?? 'file';
    setImmediate(() => {
      if (answer === 'file') {
        run(pathname.replace('/lab/extensions/ours/', ''));
      }
      if (answer === 'nothing') {
        timers.at(-1)?.();
      } else if (answer === 'error') {
        script.onerror();
      } else {
        script.onload();
      }
    });
  };
  const page = createContext({
    URL,
    setTimeout: (action: () => void) => timers.push(action),
    clearTimeout: () => undefined,
    document: {
      currentScript: {
        src: 'http://localhost/lab/extensions/ours/static/remoteEntry.js?v=/1'
      },
      createElement: () => ({ remove: () => undefined }),
      head: { append: load }
    }
  });
  const run = (name: string) => {
    runInContext(readFileSync(join(folder, name), 'utf8'), page);
  };
  run('static/remoteEntry.js');
  const { ours } = runInContext('_JUPYTERLAB', page) as { ours: IContainer };
  return { ours, asked };
}

const shared = (value: string, loaded = 0) => ({
  loaded,
  get: () => Promise.resolve(() => ({ value }))
});

async function extension(
  versions: object | undefined,
  answers: Answer[] = []
): Promise<IExtension & { asked: string[] }> {
  const { ours, asked } = open(answers);
  await ours.init({ '@jupyterlab/shared': versions });
  const { value, later } = (await ours.get('./extension'))();
  return { value, later, asked };
}

describe('a shared package', () => {
  test('is the one that is in use, whichever version', async () => {
    const versions = { '5.1.0': shared('new'), '3.0.0': shared('used', 1) };
    assert.equal((await extension(versions)).value, 'used');
  });

  test('is the first if none is in use, and then it is', async () => {
    const versions = { '4.0.0': shared('own'), '4.9.0': shared('other') };
    assert.equal((await extension(versions)).value, 'own');
    assert.ok(versions['4.0.0'].loaded);
    assert.ok(!versions['4.9.0'].loaded);
  });

  test('may be there at once', async () => {
    const versions = { '4.0.0': { get: () => () => ({ value: 'eager' }) } };
    assert.equal((await extension(versions)).value, 'eager');
  });

  test('that is missing is named', async () => {
    await assert.rejects(extension(undefined), /no @jupyterlab\/shared/);
  });
});

describe('a chunk', () => {
  const versions = () => ({ '4.0.0': shared('own') });

  test('comes from beside the first script, once', async () => {
    const { later, asked } = await extension(versions());
    const both = await Promise.all([later(), later()]);
    assert.deepEqual(
      both.map(({ answer }) => answer),
      [42, 42]
    );
    assert.equal((await later()).answer, 42);
    assert.equal(asked.length, 2);
    assert.equal(asked[1], '/lab/extensions/ours/static/later.js?v=1');
  });

  for (const answer of ['error', 'log-in form', 'nothing'] as const) {
    test(`is asked for again after: ${answer}`, async () => {
      const { later, asked } = await extension(versions(), ['file', answer]);
      await assert.rejects(later(), /Could not load http:.*later\.js/);
      assert.equal((await later()).answer, 42);
      assert.equal(asked.length, 3);
    });
  }
});
