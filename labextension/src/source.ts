import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyJSONObject } from '@lumino/coreutils';

/**
 * What our commands take: where they were called from.
 */
export function sourceArgs(trans: TranslationBundle): {
  args: ReadonlyJSONObject;
} {
  return {
    args: {
      type: 'object',
      properties: {
        source: {
          type: 'string',
          description: trans.__('Where the command was called from'),
          oneOf: [
            { const: 'palette', title: trans.__('Command palette') },
            { const: 'menu', title: trans.__('Menu') },
            { const: 'api', title: trans.__('Another extension') }
          ]
        }
      }
    }
  };
}

/**
 * Where a command was called from; whoever does not say so is another extension.
 */
export function sourceOf({ source }: { source?: unknown }): string {
  return source === 'palette' || source === 'menu' ? source : 'api';
}
