import type { Dialog } from '@jupyterlab/apputils';

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
