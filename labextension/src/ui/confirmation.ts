import { Dialog } from '@jupyterlab/apputils';
import type { IBusyKernel, IInstance } from '../api';
import { trans } from '../language';
import { actionButton, launch, makeDialog, problemTexts } from './dialog';
import { fill, h } from './dom';
import type { Child } from './dom';
import { formatLease, formatTime, list, sentences } from './format';

/** How many items of a kind are named before the rest is counted. */
const NAMED = 6;

/** The user's answer. */
type Answer = 'cancel' | 'save' | 'discard';

/** The buttons that stop the instance. */
const STOPS = 'jp-NotebookStop-stops';

/**
 * What the question is about.
 */
export interface IConfirmation {
  instanceId: string;
  /** Paths of this tab's documents that have unsaved changes. */
  unsaved: string[];
  /** Why no document of this page can be saved; empty if they can. */
  obstacle: string;
}

/**
 * Ask whether to stop the instance. It shows at once what the page knows, with `preview` what the server knows, and with
 * `fill` what the cloud says. Until `fill` is called, the answer can only be `cancel`. `withdraw` closes the question,
 * with that answer.
 */
export function askToStop(data: IConfirmation): {
  answer: Promise<Answer>;
  preview: (cached: IInstance) => void;
  fill: (instance: IInstance) => void;
  withdraw: () => void;
} {
  const title = trans.__('Stop this instance?');
  const content = h(
    'div.jp-NotebookStop-body',
    {
      'data-view': 'confirmation',
      // What is filled in is read out as well.
      'aria-live': 'polite',
      'aria-busy': 'true'
    },
    ...body(data, null, false)
  );
  const dialog = makeDialog('dialog', title, content, {
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      ...(data.obstacle
        ? []
        : [
            actionButton('save', trans.__('Save all and stop'), {
              className: STOPS
            })
          ]),
      actionButton('discard', trans.__('Stop without saving'), {
        className: STOPS,
        displayType: 'warn'
      })
    ],
    defaultButton: 0,
    hasClose: true
  });
  const choices = dialog.node.querySelectorAll<HTMLButtonElement>(`.${STOPS}`);
  const enable = (enabled: boolean) =>
    choices.forEach(button => {
      button.disabled = !enabled;
    });
  enable(false);
  const answer = launch(dialog).then(
    ({ button }): Answer => {
      const [action] = button.actions;
      return action === 'save' || action === 'discard' ? action : 'cancel';
    },
    (): Answer => 'cancel'
  );
  let filled = false;
  return {
    answer,
    preview: cached => {
      if (!filled) {
        fill(content, ...body(data, cached, false));
      }
    },
    fill: instance => {
      filled = true;
      fill(content, ...body(data, instance, true));
      content.removeAttribute('aria-busy');
      enable(true);
    },
    withdraw: () => dialog.reject()
  };
}

/**
 * What stops, what is lost, what stays, and what would be lost right now, as far as it is known.
 *
 * @param isRead - Whether the cloud has answered. What it said before may be another now.
 */
function body(
  { instanceId, unsaved, obstacle }: IConfirmation,
  instance: IInstance | null,
  isRead: boolean
): Child[] {
  const { name, flavor, status, error } = instance ?? {};
  const lease =
    instance && isRead && status !== 'STOPPING' && formatLease(instance);
  return [
    h(
      'p.jp-NotebookStop-instance',
      { 'data-instance': instanceId },
      h('strong', name ?? instanceId),
      flavor && h('span', flavor),
      isRead && status && h('span', { 'data-part': 'status' }, status),
      name && h('code', instanceId)
    ),
    !isRead && h('p', trans.__('Reading the state of the instance…')),
    isRead &&
      error &&
      h(
        'p.jp-NotebookStop-note',
        { 'data-part': 'error' },
        sentences(
          ...problemTexts(error).map(([name, text]) =>
            name === 'message'
              ? trans.__('Could not read the state of the instance: %1', text)
              : text
          )
        )
      ),
    instance && atRisk(instance),
    obstacle &&
      h('p.jp-NotebookStop-risk', { 'data-part': 'no-saving' }, obstacle),
    instance && (isRead || status) && consequences(instance),
    notSaved(unsaved),
    lease && h('p.jp-NotebookStop-aside', { 'data-part': 'lease' }, lease)
  ];
}

function consequences(instance: IInstance): HTMLElement {
  return h(
    'dl.jp-NotebookStop-parts',
    h('dt', trans.__('What stops')),
    h('dd', { 'data-part': 'stops' }, whatStops(instance)),
    h('dt', trans.__('What is lost')),
    h(
      'dd',
      { 'data-part': 'lost' },
      sentences(
        trans.__(
          'Variables in memory, and running work in kernels and terminals.'
        ),
        filesLost(instance)
      )
    ),
    h('dt', trans.__('What stays')),
    h(
      'dd',
      { 'data-part': 'stays' },
      sentences(
        whatStays(instance),
        billing(instance),
        trans.__('A restart can fail when the flavor is sold out.')
      )
    )
  );
}

function whatStops(instance: IInstance): string {
  return instance.dedicated_pool
    ? trans.__('The compute, this Jupyter server, kernels and terminals.')
    : trans.__(
        'The compute and its billing, this Jupyter server, kernels and terminals.'
      );
}

function filesLost(instance: IInstance): string {
  return instance.mount_path
    ? trans.__(
        'Every file outside %1, such as installed packages, ~/.local, /cache and /tmp.',
        instance.mount_path
      )
    : trans.__('Every file outside the persistent storage.');
}

function whatStays(instance: IInstance): string {
  return instance.mount_path
    ? trans.__('Files under %1.', instance.mount_path)
    : trans.__(
        'Files on the persistent storage. Its location could not be read.'
      );
}

function billing(instance: IInstance): string {
  if (instance.dedicated_pool) {
    return trans.__(
      'The nodes of the dedicated pool are still billed, and storage may be billed.'
    );
  }
  return instance.storage === 'EVS'
    ? trans.__('The EVS storage is billed until the instance is deleted.')
    : trans.__('The storage may still be billed.');
}

function atRisk(instance: IInstance): HTMLElement | null {
  const { kernels, terminals } = instance.at_risk;
  const items = [
    ...kernels.map(kernel => busy(kernel)),
    ...terminals.map(name => trans.__('Terminal %1 is open', name))
  ];
  if (!items.length) {
    return null;
  }
  const more = items.length - NAMED;
  return h(
    'section.jp-NotebookStop-risk',
    { 'data-part': 'risk' },
    h('h3', trans.__('Running now')),
    h('ul', ...items.slice(0, NAMED).map(text => h('li', text))),
    more > 0 && h('p', trans._n('and %1 more', 'and %1 more', more))
  );
}

/** Mentioned in passing: an open notebook often counts as unsaved without having been edited. */
function notSaved(unsaved: string[]): HTMLElement | null {
  if (!unsaved.length) {
    return null;
  }
  const names = list(unsaved.slice(0, NAMED));
  const more = unsaved.length - NAMED;
  return h(
    'p.jp-NotebookStop-aside',
    { 'data-part': 'unsaved' },
    more > 0
      ? trans.__('Unsaved in this tab: %1 and %2 more.', names, more)
      : trans.__('Unsaved in this tab: %1.', names)
  );
}

function busy(kernel: IBusyKernel): string {
  const name = kernel.path ?? kernel.name;
  const since = kernel.busy_since;
  return since
    ? trans.__('%1 has been busy since %2', name, formatTime(since))
    : trans.__('%1 is busy', name);
}
