import { Dialog } from '@jupyterlab/apputils';
import { trans } from '../language';
import { makeDialog } from './dialog';
import { h } from './dom';

/**
 * A small dialog with a few inputs.
 */
export interface IForm {
  title: string;
  name: string;
  /** The label of the button that accepts. */
  accept: string;
  rows: (HTMLElement | null)[];
  /** Whether what has been entered can be accepted. */
  isValid: () => boolean;
}

/**
 * Show a form; return whether it was accepted.
 */
export async function showForm(form: IForm): Promise<boolean> {
  const { title, name, accept, rows, isValid } = form;
  const content = h(
    'div.jp-NotebookStop-body.jp-NotebookStop-form',
    { 'data-view': name },
    ...rows
  );
  const dialog = makeDialog('dialog', title, content, {
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: accept })
    ],
    focusNodeSelector: 'input, select'
  });
  const ok = dialog.node.querySelector<HTMLButtonElement>(
    '.jp-Dialog-footer .jp-mod-accept:last-child'
  );
  const check = () => {
    if (ok) {
      ok.disabled = !isValid();
    }
  };
  content.addEventListener('input', check);
  check();
  const { button } = await dialog.launch();
  return button.accept && isValid();
}

/** A labelled input. */
export function field(
  label: string,
  input: HTMLElement,
  unit = ''
): HTMLElement {
  return h(
    'label.jp-NotebookStop-field',
    h('span', label),
    input,
    unit && h('span.jp-NotebookStop-aside', unit)
  );
}

/** An input for a number. */
export function numberInput(
  value: number,
  min: number,
  max: number
): HTMLInputElement {
  return h('input.jp-mod-styled', {
    type: 'number',
    required: '',
    step: 'any',
    min: String(min),
    max: String(max),
    value: String(value)
  });
}

/** Texts as a list. */
export function notes(texts: (string | null)[]): HTMLElement {
  return h(
    'ul.jp-NotebookStop-aside',
    ...texts.map(text => text && h('li', text))
  );
}
