import type { TranslationBundle } from '@jupyterlab/translation';
import type { IAttempt, IInstance, IStep, Save } from '../api';
import { h, link, setText } from './dom';
import { formatElapsed, formatLease } from './format';

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
  /** Whether the server does not answer at the moment. */
  unanswered: boolean;
}

/**
 * Shows how a stop goes on.
 */
export class ProgressView {
  constructor(
    private readonly trans: TranslationBundle,
    onCancel: () => void
  ) {
    this.cancel.addEventListener('click', onCancel);
    this.node.append(
      this.origin,
      this.stages,
      this.headline,
      this.note,
      this.steps,
      this.facts,
      this.lease,
      this.actions
    );
    this.timer = window.setInterval(() => this.showElapsed(), 1_000);
  }

  readonly node = h('div', {
    class: 'jp-NotebookStop-body',
    'data-view': 'progress'
  });

  /** Show the current state. */
  update(progress: IProgress): void {
    const { trans } = this;
    const { stage, instance, cancel } = progress;
    this.progress = progress;
    this.node.dataset.phase = stage;
    setText(this.origin, origin(trans, progress.joined));
    setText(this.headline, headline(trans, stage));
    setText(this.note, note(trans, progress));
    setText(this.cancel, trans.__('Cancel the stop'));
    this.cancel.hidden = cancel === 'impossible';
    this.cancel.disabled = cancel === 'sent';
    if (stage === 'accepted' && this.actions.childElementCount === 1) {
      const text = trans.__('Open the ModelArts console');
      const console = link(text, instance?.console_url);
      this.actions.prepend(...(console ? [console] : []));
    }
    setText(this.lease, formatLease(trans, instance));
    this.showStages(progress);
    this.showSteps(stage === 'accepted' ? instance?.action_progress : []);
    this.showElapsed();
  }

  /** Stop the clock. */
  dispose(): void {
    window.clearInterval(this.timer);
  }

  private showStages({ stage, save }: IProgress): void {
    const { trans } = this;
    const names: [Stage, string][] = [
      ['stopping', trans.__('Request stop')],
      ['accepted', trans.__('Stop')]
    ];
    if (save === 'all') {
      names.unshift(['saving', trans.__('Save')]);
    }
    const now = STAGES.indexOf(stage);
    this.stages.replaceChildren(
      ...names.map(([name, text]) => {
        const at = STAGES.indexOf(name);
        const state = at < now ? 'done' : at === now ? 'now' : 'todo';
        return h('li', { 'data-stage': name, 'data-state': state }, text);
      })
    );
  }

  private showSteps(steps: IStep[] = []): void {
    const { children } = this.steps;
    while (children.length > steps.length) {
      this.steps.lastElementChild?.remove();
    }
    steps.forEach((step, index) => {
      const row = children[index] ?? this.steps.appendChild(h('li', {}));
      setText(row, stepText(this.trans, step, index));
      row.setAttribute('data-step', String(step.step ?? index + 1));
      row.setAttribute('data-status', (step.status ?? '').toUpperCase());
    });
  }

  private showElapsed(): void {
    const { trans } = this;
    const elapsed = formatElapsed(Date.now() - this.since);
    const status = this.progress?.instance?.status;
    setText(
      this.facts,
      status
        ? trans.__('Status: %1. Elapsed: %2', status, elapsed)
        : trans.__('Elapsed: %1', elapsed)
    );
  }

  private readonly origin = h('p', { class: 'jp-NotebookStop-origin' });
  private readonly stages = h('ol', {
    class: 'jp-NotebookStop-stages',
    'aria-hidden': 'true'
  });
  private readonly headline = h('p', {
    class: 'jp-NotebookStop-headline',
    role: 'status',
    'aria-live': 'polite'
  });
  private readonly note = h('p', {
    class: 'jp-NotebookStop-note',
    role: 'alert',
    'data-part': 'note'
  });
  private readonly steps = h('ol', {
    class: 'jp-NotebookStop-steps',
    'aria-live': 'polite'
  });
  private readonly facts = h('p', {
    class: 'jp-NotebookStop-aside',
    'data-part': 'facts'
  });
  private readonly lease = h('p', {
    class: 'jp-NotebookStop-aside',
    'data-part': 'lease'
  });
  private readonly cancel = h('button', {
    type: 'button',
    class: 'jp-mod-styled jp-mod-reject jp-NotebookStop-cancel'
  });
  private readonly actions = h(
    'div',
    { class: 'jp-NotebookStop-actions' },
    this.cancel
  );
  private readonly since = Date.now();
  private readonly timer: number;
  private progress: IProgress | null = null;
}

function origin(trans: TranslationBundle, joined: IAttempt | null): string {
  if (!joined) {
    return '';
  }
  const who = joined.user || trans.__('Someone');
  switch (joined.source) {
    case 'terminal':
      return trans.__('%1 is stopping this instance from a terminal.', who);
    case 'cell':
      return trans.__('%1 is stopping this instance from a notebook.', who);
    default:
      return trans.__('%1 is stopping this instance from another tab.', who);
  }
}

function headline(trans: TranslationBundle, stage: Stage): string {
  switch (stage) {
    case 'saving':
      return trans.__('Saving the documents of all open tabs…');
    case 'stopping':
      return trans.__('Requesting the stop from ModelArts…');
    case 'accepted':
      return trans.__('The stop is accepted. The instance is stopping…');
  }
}

function note(
  trans: TranslationBundle,
  { cancel, unanswered }: IProgress
): string {
  if (cancel === 'failed') {
    return trans.__('Could not cancel: the server did not answer. Try again.');
  }
  return unanswered
    ? trans.__('The Jupyter server does not answer. Trying again…')
    : '';
}

function stepText(
  trans: TranslationBundle,
  step: IStep,
  index: number
): string {
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
