import { trans } from '../language';
import { h, setText } from './dom';
import { farewellBody, farewellTexts } from './farewell';
import type { IFarewell } from './farewell';
import { modal } from './modal';
import { progressView } from './progress';
import type { IProgress, IProgressView } from './progress';

/**
 * Shows the progress of a stop and its end, above everything else in the page, JupyterLab's dialogs included.
 *
 * @param user - The name of the user of this page, once it is known.
 * @returns A function that shows progress or a farewell; null closes the overlay.
 */
export function stopOverlay(
  user: () => string | undefined,
  onCancel: () => void
): (shown: IProgress | IFarewell | null) => void {
  // One region for all views: a new one would not be read out.
  const headline = h('p.jp-NotebookStop-headline');
  const next = h('p');
  const texts = h(
    'div.jp-NotebookStop-stack',
    { role: 'status' },
    headline,
    next
  );
  const parts = h('div');
  const content = h('div.jp-NotebookStop-body', texts, parts);
  const { node, title, open, close } = modal(
    'jp-NotebookStop',
    'dialog',
    content
  );
  let progress: IProgressView | null = null;
  let farewell: IFarewell['phase'] | null = null;

  return shown => {
    if (!shown) {
      progress?.dispose();
      progress = farewell = null;
      close();
      return;
    }
    open();
    if (shown.view === 'progress') {
      farewell = null;
      if (!progress) {
        progress = progressView(user, onCancel);
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
      farewellTexts(shown).forEach((text, index) =>
        setText([title, headline, next][index], text)
      );
      parts.replaceChildren(farewellBody(shown));
      // The title has changed: it is read out when it takes the focus.
      title.focus();
    }
    const active = document.activeElement as HTMLElement | null;
    if (!node.contains(active) || active?.hidden) {
      node.focus();
    }
  };
}
