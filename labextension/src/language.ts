/**
 * The language of the page, which all parts speak.
 */
import type { TranslationBundle } from '@jupyterlab/translation';

/** Translates texts. */
export let trans: TranslationBundle;

/** How times are written; undefined where the browser's language is the same, perhaps in a dialect of its own. */
export let locale: string | undefined;

/**
 * Speak a language from now on.
 *
 * @param tag - Its tag.
 */
export function setLanguage(bundle: TranslationBundle, tag: string): void {
  const base = (text: string) => text.split('-', 1)[0];
  trans = bundle;
  locale = base(navigator.language) === base(tag) ? undefined : tag;
}
