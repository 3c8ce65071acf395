import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { h, link } from './dom';
import { leaseText } from './lease';
import type { IInstance, IStep, Save } from './model';

/**
 * How far a stop is, as this page sees it; `documents` is its own saving before the request.
 */
export type Stage = 'documents' | 'saving' | 'stopping' | 'accepted';

const STAGES: Stage[] = ['documents', 'saving', 'stopping', 'accepted'];

/**
 * What the view shows.
 */
export interface IProgress {
  stage: Stage;
  save: Save;
  instance: IInstance | null;
  /** Whose stop it is, where it is not this tab's. */
  origin: string | null;
  /** Cancels the stop, as long as that is possible. */
  cancel: (() => void) | null;
}

/**
 * How a stop goes on.
 */
export class ProgressBody extends Widget {
  constructor(private readonly trans: TranslationBundle) {
    super({ node: h('div', { class: '-body', 'data-view': 'progress' }) });
    this.cancel.append(trans.__('Cancel the stop'));
    this.cancel.addEventListener('click', () => {
      this.cancel.disabled = true;
      this.progress?.cancel?.();
    });
    this.node.append(
      this.origin,
      this.stages,
      this.headline,
      this.steps,
      this.facts,
      this.lease,
      this.console,
      this.cancel
    );
    this.timer = window.setInterval(() => this.tick(), 1_000);
  }

  /** Show the state of things; what has not changed is left alone, so that it is not read out again. */
  render(progress: IProgress): void {
    const { trans } = this;
    const { stage, instance, origin, cancel } = progress;
    if (this.progress?.stage !== stage) {
      this.cancel.disabled = false;
    }
    this.progress = progress;
    this.node.dataset.phase = stage;
    setText(this.origin, origin ?? '');
    setText(this.headline, headline(trans, stage));
    this.cancel.hidden = !cancel;
    if (stage === 'accepted' && !this.console.firstChild) {
      const text = trans.__('Open the ModelArts console');
      const there = link(text, instance?.console_url);
      this.console.append(...(there ? [there] : []));
    }
    setText(this.lease, leaseText(trans, instance));
    this.showStages(progress);
    const steps = stage === 'accepted' ? instance?.action_progress : null;
    this.showSteps(steps ?? []);
    this.tick();
  }

  /** Dispose of the clock too. */
  dispose(): void {
    window.clearInterval(this.timer);
    super.dispose();
  }

  private showStages({ stage, save }: IProgress): void {
    const { trans } = this;
    const names: [Stage, string][] = [
      ['stopping', trans.__('Ask ModelArts')],
      ['accepted', trans.__('Stop')]
    ];
    if (save === 'all') {
      names.unshift(['saving', trans.__('Save')]);
    }
    const now = Math.max(STAGES.indexOf(stage), 1);
    this.stages.replaceChildren(
      ...names.map(([name, text]) => {
        const at = STAGES.indexOf(name);
        const state = at < now ? 'done' : at === now ? 'now' : 'todo';
        return h('li', { 'data-stage': name, 'data-state': state }, text);
      })
    );
  }

  private showSteps(steps: IStep[]): void {
    const { children } = this.steps;
    while (children.length > steps.length) {
      this.steps.lastElementChild?.remove();
    }
    steps.forEach((step, index) => {
      const row = children[index] ?? this.steps.appendChild(h('li', {}));
      const status = step.status ?? '';
      setText(row, stepText(this.trans, step, index));
      row.setAttribute('data-step', String(step.step ?? index + 1));
      row.setAttribute('data-status', status.toUpperCase());
    });
  }

  private tick(): void {
    const { trans } = this;
    const seconds = Math.round((Date.now() - this.since) / 1_000);
    const elapsed = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
    const status = this.progress?.instance?.status;
    setText(
      this.facts,
      status
        ? trans.__('Status %1, %2 elapsed', status, elapsed)
        : trans.__('%1 elapsed', elapsed)
    );
  }

  private readonly origin = h('p', { class: '-origin' });
  private readonly stages = h('ol', {
    class: '-stages',
    'aria-hidden': 'true'
  });
  private readonly headline = h('p', {
    class: '-headline',
    role: 'status',
    'aria-live': 'polite'
  });
  private readonly steps = h('ol', { class: '-steps', 'aria-live': 'polite' });
  private readonly facts = h('p', { class: '-aside', 'data-part': 'facts' });
  private readonly lease = h('p', { class: '-aside', 'data-part': 'lease' });
  private readonly console = h('p', {});
  private readonly cancel = h('button', {
    type: 'button',
    class: 'jp-mod-styled jp-mod-reject -cancel'
  });
  private readonly since = Date.now();
  private readonly timer: number;
  private progress: IProgress | null = null;
}

function headline(trans: TranslationBundle, stage: Stage): string {
  switch (stage) {
    case 'documents':
      return trans.__('Saving the documents of this tab…');
    case 'saving':
      return trans.__('Asking every open tab to save its documents…');
    case 'stopping':
      return trans.__('Asking ModelArts to stop the instance…');
    case 'accepted':
      return trans.__('The stop is accepted. The instance is stopping…');
  }
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
      return step.status ? `${name}: ${step.status}` : name;
  }
}

function setText(node: Element, text: string): void {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}
