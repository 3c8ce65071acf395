import { h } from './dom';

/**
 * A card above everything else in the page, JupyterLab's dialogs included.
 */
export interface IModal {
  readonly node: HTMLElement;
  readonly title: HTMLElement;
  /** Show it, if it is not shown. */
  open(): void;
  close(): void;
}

/**
 * Make a modal. While it is shown, the browser lets the rest of the page take neither focus nor clicks.
 *
 * @param id - What the ids of its parts begin with.
 */
export function modal(
  id: string,
  role: 'dialog' | 'alertdialog',
  content: HTMLElement
): IModal {
  const title = h('h2.jp-NotebookStop-title', {
    id: `${id}-title`,
    tabindex: '-1'
  });
  content.id = `${id}-content`;
  const node = h(
    'dialog.jp-NotebookStop-modal.jp-ThemedContainer',
    {
      role,
      'aria-modal': 'true',
      'aria-labelledby': title.id,
      'aria-describedby': content.id,
      tabindex: '-1',
      // Lumino's: keyboard shortcuts of the page behind stay off.
      'data-lm-suppress-shortcuts': 'true'
    },
    title,
    content
  );
  // Only its buttons close it. The event `cancel` does not say so to all browsers: the second one cannot be prevented.
  node.addEventListener('keydown', event => {
    if (event.key === 'Escape') {
      event.preventDefault();
    }
  });
  return {
    node,
    title,
    open: () => {
      if (!node.open) {
        document.body.append(node);
        node.showModal();
        node.focus();
      }
    },
    close: () => {
      node.close();
      node.remove();
    }
  };
}
