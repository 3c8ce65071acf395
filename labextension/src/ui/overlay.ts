import type { TranslationBundle } from '@jupyterlab/translation';
import { h, setText } from './dom';
import { farewellBody, farewellTitle } from './farewell';
import type { IFarewell } from './farewell';
import { ProgressView } from './progress';
import type { IProgress } from './progress';

/** Ids for the labels of the dialog; a page has one overlay. */
const TITLE = 'jp-NotebookStop-title';
const CONTENT = 'jp-NotebookStop-content';

/**
 * Shows the progress of a stop and its end, above everything else in the page, JupyterLab's dialogs included.
 *
 * The rest of the page is inert meanwhile: it takes neither focus nor clicks.
 */
export class StopOverlay {
  constructor(
    private readonly trans: TranslationBundle,
    private readonly onCancel: () => void
  ) {
    this.node.append(this.card);
    this.card.append(this.title, this.content);
    // A click beside the card would move the focus to the page.
    this.node.addEventListener('mousedown', event => {
      if (event.target === this.node) {
        event.preventDefault();
      }
    });
  }

  /** Show progress or a farewell; null closes the overlay. */
  show(shown: IProgress | IFarewell | null): void {
    if (!shown) {
      this.close();
      return;
    }
    this.open();
    if (shown.view === 'progress') {
      this.showProgress(shown);
    } else {
      this.showFarewell(shown);
    }
    if (!this.node.contains(document.activeElement)) {
      this.card.focus();
    }
  }

  private showProgress(progress: IProgress): void {
    if (!this.progress) {
      this.progress = new ProgressView(this.trans, this.onCancel);
      this.content.replaceChildren(this.progress.node);
    }
    this.farewell = null;
    setText(this.title, this.trans.__('Stopping this instance'));
    this.progress.update(progress);
  }

  private showFarewell(farewell: IFarewell): void {
    if (this.farewell === farewell.phase) {
      return;
    }
    this.farewell = farewell.phase;
    this.endProgress();
    setText(this.title, farewellTitle(this.trans, farewell));
    this.content.replaceChildren(farewellBody(this.trans, farewell));
  }

  private endProgress(): void {
    this.progress?.dispose();
    this.progress = null;
  }

  private open(): void {
    if (this.node.isConnected) {
      return;
    }
    this.before = document.activeElement;
    document.body.append(this.node);
    this.setInert();
    this.observer.observe(document.body, { childList: true });
  }

  private close(): void {
    this.endProgress();
    this.farewell = null;
    if (!this.node.isConnected) {
      return;
    }
    this.observer.disconnect();
    this.node.remove();
    this.inert.forEach(element => element.removeAttribute('inert'));
    this.inert.clear();
    if (this.before instanceof HTMLElement && this.before.isConnected) {
      this.before.focus();
    }
    this.before = null;
  }

  /** Also what is added while the overlay is open, such as a dialog of JupyterLab's. */
  private setInert(): void {
    for (const element of document.body.children) {
      if (element !== this.node && !element.hasAttribute('inert')) {
        element.setAttribute('inert', '');
        this.inert.add(element);
      }
    }
  }

  private readonly node = h('div', {
    class: 'jp-NotebookStop-overlay jp-ThemedContainer',
    // Lumino's: keyboard shortcuts of the page behind stay off.
    'data-lm-suppress-shortcuts': 'true'
  });
  private readonly card = h('div', {
    class: 'jp-NotebookStop-card',
    role: 'dialog',
    'aria-modal': 'true',
    'aria-labelledby': TITLE,
    'aria-describedby': CONTENT,
    tabindex: '-1'
  });
  private readonly title = h('h2', {
    class: 'jp-NotebookStop-title',
    id: TITLE
  });
  private readonly content = h('div', { id: CONTENT });
  private readonly observer = new MutationObserver(() => this.setInert());
  private readonly inert = new Set<Element>();
  private before: Element | null = null;
  private progress: ProgressView | null = null;
  private farewell: IFarewell['phase'] | null = null;
}
