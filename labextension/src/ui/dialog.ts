import type { Dialog } from '@jupyterlab/apputils';
import type { IProblem } from '../api';

/**
 * Give a dialog of JupyterLab's our look, its name, and its content as the description that screen readers read.
 */
export function describe(
  dialog: Dialog<unknown>,
  role: 'dialog' | 'alertdialog',
  title: string,
  content: HTMLElement
): void {
  content.id = `jp-NotebookStop-${role}`;
  dialog.addClass('jp-NotebookStop');
  dialog.node.setAttribute('role', role);
  dialog.node.setAttribute('aria-label', title);
  dialog.node.setAttribute('aria-describedby', content.id);
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
