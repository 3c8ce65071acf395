import type { IAttempt, IInstance, IProblem, IStep, Save } from '../api';
import { trans } from '../language';
import { consoleLink } from './console_link';
import { button, fill, h, setText } from './dom';
import { formatElapsed } from './format';

/** How far a stop is. */
type Stage = 'saving' | 'stopping' | 'accepted';

const STAGES: Stage[] = ['saving', 'stopping', 'accepted'];

/**
 * How a stop goes on.
 */
export interface IProgress {
  view: 'progress';
  stage: Stage;
  save: Save;
  instance: IInstance | null;
  /** The attempt, where it was asked for elsewhere. */
  joined: IAttempt | null;
  /** Whether the stop can be cancelled, and what has become of the request to do so. */
  cancel: 'impossible' | 'possible' | 'sent' | 'failed';
  /** Why the server refused to cancel. */
  refusal: IProblem | null;
  /** Whether the server does not answer at the moment. */
  unanswered: boolean;
}

/**
 * A view of how a stop goes on.
 */
export interface IProgressView {
  readonly node: HTMLElement;
  /** Show the current state, and return it in a sentence. */
  update(progress: IProgress): string;
  /** Stop the clock. */
  dispose(): void;
}

/**
 * Make the view.
 *
 * @param user - The account of the user of this page, once it is known.
 */
export function progressView(
  user: () => string | undefined,
  onCancel: () => void
): IProgressView {
  const since = Date.now();
  const who = h('p');
  const stages = h('ol.jp-NotebookStop-stages', { 'aria-hidden': 'true' });
  const noteNode = h('p.jp-NotebookStop-note', { role: 'alert' });
  const bar = h('progress', { 'aria-label': trans.__('Steps of the stop') });
  const steps = h('ol.jp-NotebookStop-steps', { 'aria-live': 'polite' });
  const facts = h('p.jp-NotebookStop-aside', { 'data-part': 'facts' });
  const cancel = button(trans.__('Cancel the stop'), 'jp-mod-reject', onCancel);
  const actions = h('div.jp-NotebookStop-actions', cancel);
  const node = h(
    'div.jp-NotebookStop-stack',
    who,
    stages,
    noteNode,
    bar,
    steps,
    facts,
    actions
  );
  let status: string | null | undefined = null;
  const showElapsed = () => {
    const elapsed = formatElapsed(Date.now() - since);
    setText(
      facts,
      status
        ? trans.__('Status: %1. Elapsed: %2', status, elapsed)
        : trans.__('Elapsed: %1', elapsed)
    );
  };
  const timer = window.setInterval(showElapsed, 1_000);
  return {
    node,
    update: progress => {
      const { stage, instance } = progress;
      status = instance?.status;
      setText(who, origin(progress.joined, user()));
      setText(noteNode, note(progress));
      cancel.hidden = progress.cancel === 'impossible';
      cancel.disabled = progress.cancel === 'sent';
      if (stage === 'accepted' && actions.childElementCount === 1) {
        const console = consoleLink(instance);
        if (console) {
          actions.prepend(console);
        }
      }
      showStages(stages, progress);
      const list =
        stage === 'accepted' ? (instance?.action_progress ?? []) : [];
      showSteps(steps, list);
      showBar(bar, list);
      showElapsed();
      return headline(stage);
    },
    dispose: () => window.clearInterval(timer)
  };
}

function showStages(list: Element, { stage, save }: IProgress): void {
  const texts = [trans.__('Save'), trans.__('Request stop'), trans.__('Stop')];
  const now = STAGES.indexOf(stage);
  fill(
    list,
    ...STAGES.map((name, at) => {
      const state = at < now ? 'done' : at === now ? 'now' : 'todo';
      return (
        (name !== 'saving' || save === 'all') &&
        h('li', { 'data-stage': name, 'data-state': state }, texts[at])
      );
    })
  );
}

function showSteps(list: Element, steps: IStep[]): void {
  const { children } = list;
  while (children.length > steps.length) {
    list.lastElementChild?.remove();
  }
  steps.forEach((step, index) => {
    const row = children[index] ?? list.appendChild(h('li'));
    setText(row, stepText(step, index));
    row.setAttribute('data-step', String(step.step ?? index + 1));
    row.setAttribute('data-status', (step.status ?? '').toUpperCase());
  });
}

/** How many of the steps are done. */
function showBar(bar: HTMLProgressElement, steps: IStep[]): void {
  const done = steps.filter(step => isAt(step, 'COMPLETED')).length;
  bar.hidden = !steps.length;
  bar.max = steps.length || 1;
  bar.value = done;
  bar.setAttribute(
    'aria-valuetext',
    trans.__('%1 of %2 steps are done', done, steps.length)
  );
}

function isAt({ status }: IStep, expected: string): boolean {
  return status?.toUpperCase() === expected;
}

/** Jupyter makes up names, such as "Anonymous Io", for users who have none: they tell nobody who it is. */
function origin(joined: IAttempt | null, self: string | undefined): string {
  if (!joined) {
    return '';
  }
  const { source, user, username } = joined;
  if (source === 'schedule') {
    return trans.__('This is the stop that was scheduled.');
  }
  const place =
    source === 'terminal'
      ? trans.__('from a terminal')
      : source === 'cell'
        ? trans.__('from a notebook')
        : trans.__('from another tab');
  if (username && username === self) {
    return trans.__('You are stopping this instance %1.', place);
  }
  return user && !/^Anonymous\b/.test(user)
    ? trans.__('%1 is stopping this instance %2.', user, place)
    : trans.__('This instance is being stopped %1.', place);
}

function headline(stage: Stage): string {
  switch (stage) {
    case 'saving':
      return trans.__('Saving the documents of all open tabs…');
    case 'stopping':
      return trans.__('Requesting the stop from ModelArts…');
    case 'accepted':
      return trans.__('The stop is accepted. The instance is stopping…');
  }
}

function note({ cancel, refusal, unanswered }: IProgress): string {
  if (refusal) {
    return trans.__(
      'Could not cancel: the server refused it (%1). If your login has expired, log in in another tab and try again.',
      refusal.message
    );
  }
  if (cancel === 'failed') {
    return trans.__('Could not cancel: the server did not respond. Try again.');
  }
  return unanswered
    ? trans.__('The Jupyter server does not respond. Trying again…')
    : '';
}

function stepText(step: IStep, index: number): string {
  const name = step.description || trans.__('Step %1', step.step ?? index + 1);
  switch (step.status?.toUpperCase()) {
    case 'WAITING':
      return trans.__('%1: waiting', name);
    case 'PROCESSING':
      return trans.__('%1: in progress', name);
    case 'COMPLETED':
      return trans.__('%1: done', name);
    case 'FAILED':
      return trans.__('%1: failed', name);
    default:
      return step.status ? trans.__('%1: %2', name, step.status) : name;
  }
}
