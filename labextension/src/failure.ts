import { Clipboard, Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { ApiError } from './api';
import { StopDialog } from './dialog';
import { h, link } from './dom';
import type { IProblem } from './model';

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
 * Show it until it is closed.
 */
export async function showFailure(failure: IFailure): Promise<void> {
  const dialog = new StopDialog({
    title: failure.title,
    body: new FailureBody(failure),
    buttons: [Dialog.cancelButton({ label: failure.trans.__('Close') })]
  });
  await dialog.ask();
  dialog.dispose();
}

/**
 * Any error as a problem.
 */
export function asProblem(trans: TranslationBundle, error: unknown): IProblem {
  if (error instanceof ApiError) {
    return error.problem;
  }
  return {
    code: 'connection_lost',
    message: trans.__('The Jupyter server does not answer.'),
    remedy: trans.__(
      'Check the network and look at the instance in the console before you try again.'
    )
  };
}

/**
 * What went wrong, what to do, and what to tell support.
 */
export class FailureBody extends Widget {
  constructor({ trans, problem, consoleUrl }: IFailure) {
    const facts: [string, string | number | null | undefined][] = [
      [trans.__('Code'), problem.code],
      [trans.__('Status of the cloud'), problem.upstream_status],
      [trans.__('Request id'), problem.request_id]
    ];
    const known = facts.filter(([, value]) => value);
    const documents = problem.documents ?? [];
    const details = [
      problem.message,
      problem.remedy,
      ...known.map(([name, value]) => `${name}: ${value}`),
      ...documents.map(({ path, reason }) => `${path}: ${reason ?? ''}`)
    ];
    const copy = h(
      'button',
      { type: 'button', class: 'jp-Button jp-mod-styled jp-mod-minimal -copy' },
      trans.__('Copy details')
    );
    copy.addEventListener('click', () => {
      Clipboard.copyToSystem(details.filter(Boolean).join('\n'));
      copy.textContent = trans.__('Copied');
    });
    super({
      node: h(
        'div',
        {
          class: '-body',
          'data-view': 'failure',
          'data-code': problem.code
        },
        h('p', { class: '-message' }, problem.message),
        documents.length > 0 &&
          h(
            'ul',
            { class: '-documents' },
            ...documents.map(({ path, reason }) =>
              h('li', {}, h('code', {}, path), ' ', reason)
            )
          ),
        problem.remedy && h('p', { class: '-remedy' }, problem.remedy),
        link(trans.__('Open the ModelArts console'), consoleUrl),
        h(
          'dl',
          { class: '-facts' },
          ...known.flatMap(([name, value]) => [
            h('dt', {}, name),
            h('dd', {}, h('code', {}, String(value)))
          ])
        ),
        copy
      )
    });
  }
}
