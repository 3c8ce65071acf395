import { Clipboard, Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import type { IProblem } from '../api';
import { h, isWebAddress } from './dom';

/**
 * Why an instance was not stopped.
 */
export interface IFailure {
  trans: TranslationBundle;
  title: string;
  problem: IProblem;
  consoleUrl?: string | null;
}

/**
 * Show a failure until it is closed.
 *
 * All actions are buttons of the dialog: JupyterLab up to 4.5 does not leave the Enter key to anything else in it. The
 * dialog closes on each of them, so it opens again after an action that is not the last one.
 */
export async function showFailure(failure: IFailure): Promise<void> {
  const { trans, title, consoleUrl } = failure;
  let copied = false;
  for (;;) {
    const dialog = new Dialog<void>({
      title,
      body: new Widget({ node: body(failure) }),
      buttons: [
        ...(isWebAddress(consoleUrl)
          ? [
              Dialog.createButton({
                label: trans.__('Open the ModelArts console'),
                className: 'jp-NotebookStop-console',
                accept: false,
                actions: ['console']
              })
            ]
          : []),
        Dialog.createButton({
          label: copied ? trans.__('Copied') : trans.__('Copy details'),
          className: 'jp-NotebookStop-copy',
          accept: false,
          actions: ['copy']
        }),
        Dialog.cancelButton({ label: trans.__('Close') })
      ],
      hasClose: true
    });
    dialog.addClass('jp-NotebookStop');
    dialog.node.setAttribute('aria-label', title);
    const [action] = (await dialog.launch()).button.actions;
    if (action === 'copy') {
      Clipboard.copyToSystem(details(failure));
      copied = true;
    } else if (action === 'console' && consoleUrl) {
      window.open(consoleUrl, '_blank', 'noopener');
    } else {
      return;
    }
  }
}

type Fact = [string, string | number];

function facts({ trans, problem }: IFailure): Fact[] {
  const all: [string, string | number | null | undefined][] = [
    [trans.__('Code'), problem.code],
    [trans.__('HTTP status'), problem.upstream_status],
    [trans.__('Request ID'), problem.request_id]
  ];
  return all.filter((fact): fact is Fact => !!fact[1]);
}

function details(failure: IFailure): string {
  const { message, remedy, documents = [] } = failure.problem;
  return [
    message,
    remedy,
    ...facts(failure).map(([name, value]) => `${name}: ${value}`),
    ...documents.map(({ path, reason }) => `${path}: ${reason ?? ''}`)
  ]
    .filter(Boolean)
    .join('\n');
}

/** What went wrong, what to do, and what to tell support. */
function body(failure: IFailure): HTMLElement {
  const { problem } = failure;
  const documents = problem.documents ?? [];
  return h(
    'div',
    {
      class: 'jp-NotebookStop-body',
      'data-view': 'failure',
      'data-code': problem.code
    },
    h('p', { class: 'jp-NotebookStop-message' }, problem.message),
    documents.length > 0 &&
      h(
        'ul',
        { class: 'jp-NotebookStop-documents' },
        ...documents.map(({ path, reason }) =>
          h('li', {}, h('code', {}, path), ' ', reason)
        )
      ),
    problem.remedy &&
      h('p', { class: 'jp-NotebookStop-remedy' }, problem.remedy),
    h(
      'dl',
      { class: 'jp-NotebookStop-facts' },
      ...facts(failure).flatMap(([name, value]) => [
        h('dt', {}, name),
        h('dd', {}, h('code', {}, String(value)))
      ])
    )
  );
}
