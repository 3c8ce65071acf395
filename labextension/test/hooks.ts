/**
 * Lets Node load the sources that run in a browser: what draws and what speaks to the server is replaced by page.ts.
 */
import { registerHooks } from 'node:module';

const PAGE = new URL('./page.ts', import.meta.url).href;

const REPLACED =
  /\/src\/(api|stop\/parts|ui\/(confirmation|overlay|failure))\.ts$/;

registerHooks({
  resolve(specifier, context, next) {
    const from = context.parentURL ?? '';
    if (!from.includes('/src/')) {
      return next(specifier, context);
    }
    if (specifier.startsWith('@jupyterlab/')) {
      return { url: PAGE, shortCircuit: true };
    }
    const name = specifier.endsWith('.ts') ? specifier : `${specifier}.ts`;
    const { href } = new URL(name, from);
    return { url: REPLACED.test(href) ? PAGE : href, shortCircuit: true };
  }
});
