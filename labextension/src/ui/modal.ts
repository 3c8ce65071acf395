import { h } from './dom';

/** Marks what lies above the page. */
const OVERLAY = 'jp-NotebookStop-overlay';

/**
 * A card above everything else in the page, JupyterLab's dialogs included.
 */
export interface IModal {
  readonly node: HTMLElement;
  readonly card: HTMLElement;
  readonly title: HTMLElement;
  /** Show it, if it is not shown. */
  open(): void;
  close(): void;
}

/**
 * Make a modal. The rest of the page is inert while it is shown: it takes neither focus nor clicks.
 *
 * @param id - What the ids of its parts begin with.
 */
export function modal(
  id: string,
  role: 'dialog' | 'alertdialog',
  content: HTMLElement
): IModal {
  const title = h('h2', { class: 'title', id: `${id}-title`, tabindex: '-1' });
  content.id = `${id}-content`;
  const card = h(
    'div',
    {
      class: 'card',
      role,
      'aria-modal': 'true',
      'aria-labelledby': title.id,
      'aria-describedby': content.id,
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

  /** Also for what is added while the modal is shown, such as a dialog of JupyterLab's. */
  const setInert = () => {
    for (const element of document.body.children) {
      if (
        !element.classList.contains(OVERLAY) &&
        !element.hasAttribute('inert')
      ) {
        element.setAttribute('inert', '');
        inert.add(element);
      }
    }
  };
  const observer = new MutationObserver(setInert);

  return {
    node,
    card,
    title,
    open: () => {
      if (!node.isConnected) {
        before = document.activeElement;
        document.body.append(node);
        setInert();
        observer.observe(document.body, { childList: true });
      }
    },
    close: () => {
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
    }
  };
}
