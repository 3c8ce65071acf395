import { Dialog } from '@jupyterlab/apputils';
import { Widget } from '@lumino/widgets';
import type { IProblem } from '../api';

/**
 * Make a dialog of JupyterLab's with our look, its name, and its content as the description that screen readers read.
 */
export function makeDialog(
  role: 'dialog' | 'alertdialog',
  title: string,
  content: HTMLElement,
  options: Partial<Dialog.IOptions<void>>
): Dialog<void> {
  const body = new Widget({ node: content });
  const dialog = new Dialog<void>({ title, body, ...options });
  content.id = `jp-NotebookStop-${role}`;
  dialog.addClass('jp-NotebookStop');
  dialog.node.setAttribute('role', role);
  dialog.node.setAttribute('aria-label', title);
  dialog.node.setAttribute('aria-describedby', content.id);
  return dialog;
}

/** Make a button of a dialog that answers with an action. */
export function actionButton(
  action: string,
  label: string,
  options: Partial<Dialog.IButton> = {}
): Dialog.IButton {
  return Dialog.createButton({
    label,
    actions: [action],
    ...options
  });
}

/**
 * Open a dialog above those that are open. JupyterLab would have it wait until they are closed, and what was stopped, or
 * was not, would be told too late.
 */
export function launch(dialog: Dialog<void>): Promise<Dialog.IResult<void>> {
  // When its turn comes it is open already, which is an error.
  dialog.launch().catch(() => undefined);
  const others = [
    ...document.querySelectorAll('body > .jp-Dialog:not([inert])')
  ];
  // Or they would take the focus back, each from the other.
  others.forEach(other => other.setAttribute('inert', ''));
  dialog.disposed.connect(() =>
    others.forEach(other => other.removeAttribute('inert'))
  );
  Widget.attach(dialog, document.body);
  // The answer itself, without the turn.
  return dialog.launch();
}

/** The message and the remedy. A missing permission is not the reader's fault: what to do comes first. */
export function problemTexts(
  problem: IProblem
): [string, string | null | undefined][] {
  const message: [string, string] = ['message', problem.message];
  return problem.upstream_status === 403
    ? [['remedy', problem.remedy], message]
    : [message, ['remedy', problem.remedy]];
}
