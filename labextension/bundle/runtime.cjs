/**
 * A plugin that replaces how the bundler loads chunks and shared packages: what it brings knows ranges of versions, fallbacks
 * and bundled packages. All packages of this extension are JupyterLab's own.
 */
const vm = require('vm');

/** Puts what JupyterLab shares in the places of a chunk's imports, before the chunk runs. */
function consumes({ source }) {
  const [, text] = /consumesLoadingData = (.*);/.exec(source);
  const { chunkMapping, moduleIdToConsumeDataMapping } = vm.runInNewContext(
    `(${text})`
  );
  const needs = Object.entries(chunkMapping).map(([chunk, ids]) => [
    chunk,
    Object.fromEntries(
      ids.map(id => [id, moduleIdToConsumeDataMapping[id].shareKey])
    )
  ]);
  return `
const needs = ${JSON.stringify(Object.fromEntries(needs))};
__webpack_require__.f.consumes = (chunk, promises) => {
  for (const [id, name] of Object.entries(needs[chunk] ?? {})) {
    // As other extensions do: what is in use already, in whichever version; otherwise the page's own, which comes first.
    const versions = Object.values(__webpack_require__.S.default[name] ?? {});
    const shared = versions.find(version => version.loaded) ?? versions[0];
    if (!shared) {
      throw Error('This page has no ' + name);
    }
    shared.loaded = 1;
    promises.push(Promise.resolve(shared.get()).then(factory => {
      __webpack_require__.m[id] = module => {
        module.exports = factory();
      };
    }));
  }
};`;
}

/** Takes the packages that JupyterLab shares. Nothing of ours is shared with other extensions. */
const SHARING = `
__webpack_require__.S = {};
__webpack_require__.I = () => {};`;

/** Loads a chunk by a script. What failed is tried anew when it is asked for again. */
function chunks({ name, chunk }) {
  return `
const modules = __webpack_require__.m;
const loading = { ${JSON.stringify(chunk.id)}: 0 };
const arrived = {};
globalThis[${JSON.stringify(name)}] = {
  push: ([ids, more]) => {
    Object.assign(modules, more);
    arrived[ids] = 1;
  }
};
__webpack_require__.f.j = (id, promises) => {
  promises.push(loading[id] ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    const end = () => {
      clearTimeout(limit);
      script.remove();
      // A page of a proxy's, such as a log-in form, is no error to the browser.
      if (arrived[id]) {
        resolve();
      } else {
        delete loading[id];
        reject(Error('Could not load ' + script.src));
      }
    };
    const limit = setTimeout(end, 120000);
    script.onload = script.onerror = end;
    // The server lets browsers keep what has a version in its address.
    script.src = __webpack_require__.p + __webpack_require__.u(id) + '?v=1';
    document.head.append(script);
  }));
};`;
}

const ADDRESS = `
__webpack_require__.p = new URL('.', document.currentScript.src).href;`;

/** By the bundler's names. */
const REPLACEMENTS = {
  auto_public_path: () => ADDRESS,
  consumes_loading: consumes,
  global: () => '',
  jsonp_chunk_loading: chunks,
  load_script: () => '',
  sharing: () => SHARING
};

module.exports = class SmallRuntime {
  apply(compiler) {
    const plugin = this.constructor.name;
    compiler.hooks.compilation.tap(plugin, compilation => {
      const done = new Set();
      const name = compilation.outputOptions.chunkLoadingGlobal;
      compilation.hooks.runtimeModule.tap(plugin, (module, chunk) => {
        const replacement = REPLACEMENTS[module.name];
        if (replacement) {
          const source = module.source.source.toString();
          module.source.source = Buffer.from(
            replacement({ source, name, chunk })
          );
          done.add(module.name);
        }
      });
      compilation.hooks.processAssets.tap(plugin, () => {
        for (const name of Object.keys(REPLACEMENTS)) {
          if (!done.has(name)) {
            throw new Error(`The bundler has no ${name} to be replaced`);
          }
        }
      });
    });
  }
};
