import { button, h } from './dom';

/**
 * Names and what they stand for. Those without a text are left out.
 */
export type IFacts = [string, string | null | undefined][];

/**
 * What a panel shows.
 */
export interface IPanel {
  label: string;
  facts: IFacts;
  buttons: [string, () => void][];
}

/** Closes the panel that is open. */
let closeOpen: (() => void) | undefined;

/**
 * Open a panel beside an element. It closes on a click elsewhere, on Escape, when a button is used, and when another
 * opens.
 *
 * @returns A function that shows other facts in it, while it is open.
 */
export function openPanel(
  anchor: Element,
  { label, facts, buttons }: IPanel
): (facts: IFacts) => void {
  closeOpen?.();
  const node = h('div.jp-NotebookStop-panel.jp-ThemedContainer', {
    role: 'dialog',
    'aria-label': label,
    tabindex: '-1',
    'data-lm-suppress-shortcuts': 'true'
  });
  const before = document.activeElement;
  const close = (refocus = true) => {
    document.removeEventListener('pointerdown', leave, true);
    window.removeEventListener('resize', move);
    node.remove();
    if (closeOpen === close) {
      closeOpen = undefined;
    }
    if (refocus && before instanceof HTMLElement) {
      before.focus();
    }
  };
  closeOpen = close;
  const leave = (event: Event) => {
    if (!node.contains(event.target as Node)) {
      close(false);
      if (anchor.contains(event.target as Node)) {
        // A click on what opened it only closes it.
        anchor.addEventListener('click', stop, { capture: true, once: true });
      }
    }
  };
  const stop = (event: Event) => event.stopPropagation();
  const move = () => place(node, anchor);
  const list = h('dl.jp-NotebookStop-facts');
  const show = (facts: IFacts) => {
    list.replaceChildren(
      ...facts
        .filter(([, text]) => text)
        .flatMap(([name, text]) => [h('dt', name), h('dd', text)])
    );
    move();
  };
  node.addEventListener('keydown', event => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      close();
    }
  });
  document.addEventListener('pointerdown', leave, true);
  window.addEventListener('resize', move);
  node.append(
    list,
    // Made once: one of them may have the focus, or be about to be clicked.
    h(
      'div.jp-NotebookStop-choices',
      ...buttons.map(([text, action]) =>
        button(text, 'jp-mod-reject', () => {
          close();
          action();
        })
      )
    )
  );
  document.body.append(node);
  show(facts);
  node.focus();
  return show;
}

/** Above its anchor if that is in the lower half of the page, else below. */
function place(node: HTMLElement, anchor: Element): void {
  const { left, top, bottom } = anchor.getBoundingClientRect();
  const { innerWidth, innerHeight } = window;
  const { style } = node;
  const right = Math.max(8, innerWidth - node.offsetWidth - 8);
  style.left = `${Math.min(Math.max(8, left), right)}px`;
  if (top > innerHeight / 2) {
    style.bottom = `${innerHeight - top + 4}px`;
  } else {
    style.top = `${bottom + 4}px`;
  }
}
