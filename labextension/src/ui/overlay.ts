import type { TranslationBundle } from '@jupyterlab/translation';
import { h, setText } from './dom';
import { farewellBody, farewellTexts, farewellTitle } from './farewell';
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
 * @param user - The name of the user of this page, once it is known.
 * @returns A function that shows progress or a farewell; null closes the overlay.
 */
export function stopOverlay(
  trans: TranslationBundle,
  user: () => string | undefined,
  onCancel: () => void
): (shown: IProgress | IFarewell | null) => void {
  const title = h('h2', {
    class: 'title',
    id: TITLE,
    tabindex: '-1'
  });
  // One region for all views: a new one would not be read out.
  const headline = h('p', { class: 'headline' });
  const next = h('p', {});
  const texts = h('div', { class: 'stack', role: 'status' }, headline, next);
  const parts = h('div', {});
  const content = h('div', { class: 'body', id: CONTENT }, texts, parts);
  const card = h(
    'div',
    {
      class: 'card',
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
      class: 'overlay jp-ThemedContainer',
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
        progress = progressView(trans, user, onCancel);
        parts.replaceChildren(progress.node);
      }
      content.dataset.view = shown.view;
      content.dataset.phase = shown.stage;
      setText(title, trans.__('Stopping this instance'));
      setText(headline, progress.update(shown));
      setText(next, '');
    } else if (farewell !== shown.phase) {
      farewell = shown.phase;
      progress?.dispose();
      progress = null;
      content.dataset.view = shown.view;
      content.dataset.phase = shown.phase;
      setText(title, farewellTitle(trans, shown));
      farewellTexts(trans, shown).forEach((text, index) =>
        setText(texts.children[index], text)
      );
      parts.replaceChildren(farewellBody(trans, shown));
      // The title has changed: it is read out when it takes the focus.
      title.focus();
    }
    const active = document.activeElement as HTMLElement | null;
    if (!node.contains(active) || active?.hidden) {
      card.focus();
    }
  };
}
