import type { IInstance } from '../api';
import { trans } from '../language';
import { h, isWebAddress } from './dom';

/**
 * A link that opens the page of an instance in the ModelArts console; null where its address is missing or not http.
 */
export function consoleLink(
  instance: IInstance | null
): HTMLAnchorElement | null {
  const href = instance?.console_url;
  return isWebAddress(href)
    ? h(
        'a.jp-NotebookStop-link',
        { href, target: '_blank', rel: 'noopener' },
        trans.__('Open the ModelArts console')
      )
    : null;
}
