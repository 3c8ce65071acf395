import { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { StopDialog } from './dialog';
import { h } from './dom';
import { leaseText, moment } from './lease';
import type { IBusyKernel, IInstance } from './model';

/** How many of a kind are named before the rest is counted. */
const NAMED = 6;

/**
 * What the user may answer.
 */
export type Choice = 'cancel' | 'save' | 'discard';

/**
 * The question before a stop.
 */
export interface IConfirmation {
  trans: TranslationBundle;
  instance: IInstance;
  /** Paths of this tab's documents that are not saved. */
  unsaved: string[];
}

/**
 * Make the dialog, and the promise of its answer.
 */
export function askToStop(data: IConfirmation): {
  answer: Promise<Choice>;
  withdraw: () => void;
} {
  const { trans } = data;
  const cancel = Dialog.cancelButton({ label: trans.__('Cancel') });
  const save = Dialog.okButton({
    label: trans.__('Save all and stop'),
    className: 'jp-NotebookStop-save',
    actions: ['save']
  });
  const discard = Dialog.warnButton({
    label: trans.__('Stop without saving'),
    className: 'jp-NotebookStop-discard',
    actions: ['discard']
  });
  const dialog = new StopDialog({
    title: trans.__('Stop this instance?'),
    body: new ConfirmationBody(data),
    buttons: [cancel, save, discard]
  });
  const answer = dialog.ask().then(button => {
    const action = button?.actions[0];
    return action === 'save' || action === 'discard' ? action : 'cancel';
  });
  return { answer, withdraw: () => dialog.reject() };
}

/**
 * What stops, what is lost, what stays, and what would be lost right now.
 */
export class ConfirmationBody extends Widget {
  constructor(data: IConfirmation) {
    const { trans, instance } = data;
    const leaseEnd = leaseText(trans, instance);
    const mount = instance.mount_path ?? '/home/ma-user/work';
    super({
      node: h(
        'div',
        { class: '-body', 'data-view': 'confirmation' },
        h(
          'p',
          { class: '-instance', 'data-instance': instance.id },
          h('strong', {}, instance.name ?? instance.id),
          instance.flavor && h('span', {}, instance.flavor),
          instance.name && h('code', {}, instance.id)
        ),
        instance.error &&
          h(
            'p',
            { class: '-note', 'data-part': 'error' },
            trans.__(
              'The state of the instance could not be read: %1',
              instance.error.message
            )
          ),
        h(
          'dl',
          { class: '-parts' },
          h('dt', {}, trans.__('What stops')),
          h(
            'dd',
            { 'data-part': 'stops' },
            instance.dedicated_pool
              ? trans.__(
                  'The compute, this Jupyter server, kernels and terminals.'
                )
              : trans.__(
                  'The compute and its billing, this Jupyter server, kernels and terminals.'
                )
          ),
          h('dt', {}, trans.__('What is lost')),
          h(
            'dd',
            { 'data-part': 'lost' },
            trans.__(
              'Variables in memory, what kernels and terminals are doing, and every file outside %1: packages installed elsewhere, ~/.local, /cache, /tmp.',
              mount
            )
          ),
          h('dt', {}, trans.__('What stays')),
          h(
            'dd',
            { 'data-part': 'stays' },
            trans.__('Files under %1.', mount),
            ' ',
            billing(trans, instance),
            ' ',
            trans.__('A restart can fail when the flavor is sold out.')
          )
        ),
        atRisk(trans, instance),
        notSaved(data),
        leaseEnd && h('p', { class: '-aside', 'data-part': 'lease' }, leaseEnd)
      )
    });
  }
}

function billing(trans: TranslationBundle, instance: IInstance): string {
  if (instance.dedicated_pool) {
    return trans.__(
      'The nodes of the dedicated pool stay billed by the pool, and storage may stay billed.'
    );
  }
  return instance.storage === 'EVS'
    ? trans.__('The EVS storage stays billed until the instance is deleted.')
    : trans.__('The storage may stay billed.');
}

function atRisk(
  trans: TranslationBundle,
  instance: IInstance
): HTMLElement | null {
  const { kernels, terminals } = instance.at_risk;
  const items = [
    ...kernels.map(kernel => busy(trans, kernel)),
    ...terminals.map(name => trans.__('Terminal %1 is open', name))
  ];
  if (!items.length) {
    return null;
  }
  const more = items.length - NAMED;
  return h(
    'section',
    { class: '-risk', 'data-part': 'risk' },
    h('h3', {}, trans.__('Right now')),
    h('ul', {}, ...items.slice(0, NAMED).map(text => h('li', {}, text))),
    more > 0 && h('p', {}, trans._n('and %1 more', 'and %1 more', more))
  );
}

/** Said in passing: an open notebook often counts as not saved without having been touched. */
function notSaved({ trans, unsaved }: IConfirmation): HTMLElement | null {
  if (!unsaved.length) {
    return null;
  }
  const names = unsaved.slice(0, NAMED).join(', ');
  const more = unsaved.length - NAMED;
  return h(
    'p',
    { class: '-aside', 'data-part': 'unsaved' },
    more > 0
      ? trans.__('Not saved yet in this tab: %1 and %2 more.', names, more)
      : trans.__('Not saved yet in this tab: %1.', names)
  );
}

function busy(trans: TranslationBundle, kernel: IBusyKernel): string {
  const name = kernel.path ?? kernel.name;
  const since = kernel.busy_since;
  return since
    ? trans.__('%1 has been running since %2', name, moment(new Date(since)))
    : trans.__('%1 is running', name);
}
