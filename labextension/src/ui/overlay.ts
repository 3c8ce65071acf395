import type { TranslationBundle } from '@jupyterlab/translation';
import { h, setText } from './dom';
import { farewellBody, farewellTitle } from './farewell';
import type { IFarewell } from './farewell';
import { progressView } from './progress';
import type { IProgress, IProgressView } from './progress';

/** Ids for the labels of the dialog; a page has one overlay. */
const TITLE = 'jp-NotebookStop-title';
const CONTENT = 'jp-NotebookStop-content';

/**
 * Shows the progress of a stop and its end, above everything else in the page, JupyterLab's dialogs included.
 *
 * The rest of the page is inert meanwhile: it takes neither focus nor clicks.
 *
 * @returns A function that shows progress or a farewell; null closes the overlay.
 */
export function stopOverlay(
  trans: TranslationBundle,
  onCancel: () => void
): (shown: IProgress | IFarewell | null) => void {
  const title = h('h2', { class: 'jp-NotebookStop-title', id: TITLE });
  const content = h('div', { id: CONTENT });
  const card = h(
    'div',
    {
      class: 'jp-NotebookStop-card',
      role: 'dialog',
      'aria-modal': 'true',
      'aria-labelledby': TITLE,
      'aria-describedby': CONTENT,
      tabindex: '-1'
    },
    title,
    content
  );
  const node = h(
    'div',
    {
      class: 'jp-NotebookStop-overlay jp-ThemedContainer',
      // Lumino's: keyboard shortcuts of the page behind stay off.
      'data-lm-suppress-shortcuts': 'true'
    },
    card
  );
  // A click beside the card would move the focus to the page.
  node.addEventListener('mousedown', event => {
    if (event.target === node) {
      event.preventDefault();
    }
  });

  const inert = new Set<Element>();
  let before: Element | null = null;
  let progress: IProgressView | null = null;
  let farewell: IFarewell['phase'] | null = null;

  /** Also for what is added while the overlay is open, such as a dialog of JupyterLab's. */
  const setInert = () => {
    for (const element of document.body.children) {
      if (element !== node && !element.hasAttribute('inert')) {
        element.setAttribute('inert', '');
        inert.add(element);
      }
    }
  };
  const observer = new MutationObserver(setInert);

  const close = () => {
    progress?.dispose();
    progress = farewell = null;
    if (!node.isConnected) {
      return;
    }
    observer.disconnect();
    node.remove();
    inert.forEach(element => element.removeAttribute('inert'));
    inert.clear();
    if (before instanceof HTMLElement && before.isConnected) {
      before.focus();
    }
    before = null;
  };

  return shown => {
    if (!shown) {
      close();
      return;
    }
    if (!node.isConnected) {
      before = document.activeElement;
      document.body.append(node);
      setInert();
      observer.observe(document.body, { childList: true });
    }
    if (shown.view === 'progress') {
      farewell = null;
      if (!progress) {
        progress = progressView(trans, onCancel);
        content.replaceChildren(progress.node);
      }
      setText(title, trans.__('Stopping this instance'));
      progress.update(shown);
    } else if (farewell !== shown.phase) {
      farewell = shown.phase;
      progress?.dispose();
      progress = null;
      setText(title, farewellTitle(trans, shown));
      content.replaceChildren(farewellBody(trans, shown));
    }
    if (!node.contains(document.activeElement)) {
      card.focus();
    }
  };
}
