import { Dialog } from '@jupyterlab/apputils';
import type { Widget } from '@lumino/widgets';

/**
 * A JupyterLab dialog whose body may hold buttons and links of its own.
 */
export class StopDialog extends Dialog<void> {
  constructor(options: {
    title: string;
    body: Widget;
    buttons?: Dialog.IButton[];
  }) {
    const buttons = options.buttons ?? [];
    super({
      ...options,
      buttons,
      defaultButton: 0,
      hasClose: buttons.length > 0
    });
    this.addClass('jp-NotebookStop');
    // Else a screen reader would not say what it is about.
    this.node.setAttribute('aria-label', options.title);
    options.body.node.tabIndex = -1;
    this.inner = options.body.node;
    this.bare = buttons.length === 0;
  }

  /**
   * Handle what happens in the dialog.
   *
   * JupyterLab 4.0 takes Enter and the arrows on any button for one of the dialog's row, and fails where there is
   * none; and no version holds the focus in a dialog without a row.
   */
  handleEvent(event: Event): void {
    const target = event.target as Node;
    const inside = this.inner.contains(target);
    if (event.type === 'keydown' && (inside || this.bare)) {
      const { key } = event as KeyboardEvent;
      if (key === 'Enter' || key === 'ArrowLeft' || key === 'ArrowRight') {
        return;
      }
    }
    super.handleEvent(event);
    if (this.bare && event.type === 'focus' && !this.node.contains(target)) {
      this.inner.focus();
    }
  }

  /**
   * Open it; the button that closed it, or null where it failed to open.
   */
  async ask(): Promise<Dialog.IButton | null> {
    if (this.bare) {
      // Else the editor behind goes on taking keys.
      void this.ready.then(() => this.inner.focus());
    }
    try {
      return (await this.launch()).button;
    } catch {
      return null;
    }
  }

  private readonly inner: HTMLElement;
  private readonly bare: boolean;
}
