import { Clipboard, Dialog } from '@jupyterlab/apputils';
import type { IProblem } from '../api';
import { trans } from '../language';
import { actionButton, launch, makeDialog, problemTexts } from './dialog';
import { h, isWebAddress } from './dom';

/**
 * Why an instance was not stopped.
 */
export interface IFailure {
  title: string;
  problem: IProblem;
  consoleUrl?: string | null;
  /** Whether the stop can be requested again in spite of the problem. */
  anyway: boolean;
}

/**
 * Show a failure until it is closed. The answer is whether to stop anyway; `withdraw` closes the dialog.
 *
 * All actions are buttons of the dialog: JupyterLab up to 4.5 does not leave the Enter key to anything else in it. The
 * dialog closes on each of them, so it opens again after an action that is not the last one.
 */
export function showFailure(failure: IFailure): {
  answer: Promise<boolean>;
  withdraw: () => void;
} {
  const { title, consoleUrl, anyway } = failure;
  let dialog: Dialog<void>;
  const ask = async (copied: boolean): Promise<boolean> => {
    dialog = makeDialog('alertdialog', title, body(failure), {
      buttons: [
        ...(isWebAddress(consoleUrl)
          ? [
              actionButton('console', trans.__('Open the ModelArts console'), {
                accept: false
              })
            ]
          : []),
        actionButton(
          'copy',
          copied ? trans.__('Copied') : trans.__('Copy details'),
          { accept: false }
        ),
        ...(anyway
          ? [
              actionButton('anyway', trans.__('Stop anyway'), {
                displayType: 'warn'
              })
            ]
          : []),
        Dialog.cancelButton({ label: trans.__('Close') })
      ],
      hasClose: true
    });
    const [action] = (await launch(dialog)).button.actions;
    if (action === 'copy') {
      Clipboard.copyToSystem(details(failure));
      return ask(true);
    }
    if (action === 'console' && consoleUrl) {
      window.open(consoleUrl, '_blank', 'noopener');
      return ask(copied);
    }
    return action === 'anyway';
  };
  return { answer: ask(false), withdraw: () => dialog.reject() };
}

type Fact = [string, string | number];

function facts({ problem }: IFailure): Fact[] {
  const all: [string, string | number | null | undefined][] = [
    [trans.__('Code'), problem.code],
    [trans.__('HTTP status'), problem.upstream_status],
    [trans.__('Request ID'), problem.request_id]
  ];
  return all.filter((fact): fact is Fact => !!fact[1]);
}

function details(failure: IFailure): string {
  const { documents = [] } = failure.problem;
  return [
    ...problemTexts(failure.problem).map(([, text]) => text),
    ...[
      ...facts(failure),
      ...documents.map(({ path, reason }): Fact => [path, reason ?? ''])
    ].map(([name, value]) => trans.__('%1: %2', name, value))
  ]
    .filter(Boolean)
    .join('\n');
}

/** What went wrong, what to do, and what to tell support. */
function body(failure: IFailure): HTMLElement {
  const { problem } = failure;
  const documents = problem.documents ?? [];
  return h(
    'div.jp-NotebookStop-body',
    { 'data-view': 'failure', 'data-code': problem.code },
    ...problemTexts(failure.problem).flatMap(([name, text]) => [
      !!text && h(name === 'remedy' ? 'p.jp-NotebookStop-remedy' : 'p', text),
      name === 'message' &&
        documents.length > 0 &&
        h(
          'ul.jp-NotebookStop-documents',
          ...documents.map(({ path, reason }) =>
            h('li', h('code', path), ' ', reason)
          )
        )
    ]),
    h(
      'dl.jp-NotebookStop-facts',
      ...facts(failure).flatMap(([name, value]) => [
        h('dt', name),
        h('dd', h('code', String(value)))
      ])
    )
  );
}
