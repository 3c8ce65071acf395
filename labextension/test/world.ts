/**
 * A page without a browser: its state machine, and all that it asked for.
 */
import assert from 'node:assert/strict';
import type { IAttempt, IInstance, IProblem, Phase } from '../src/api';
import { initial, step } from '../src/stop/machine.ts';
import type {
  Effect,
  Event,
  IEnd,
  RequestFailure,
  State
} from '../src/stop/state';
import { connectionIn, shownIn } from '../src/stop/view.ts';

export const INSTANCE_ID = 'our-instance';

export const LOST: RequestFailure = { kind: 'connectionLost' };

/** An error that the server or something before it answered. */
export function problem(
  status: number,
  code = `http_${status}`,
  more: Partial<IProblem> = {}
): RequestFailure {
  return {
    kind: 'problem',
    status,
    problem: { code, message: 'No.', ...more }
  };
}

/** A view of our instance. */
export function view(
  status: string | null,
  attempt: IAttempt | null = null,
  id = INSTANCE_ID
): IInstance {
  return {
    available: true,
    id,
    status,
    action_progress: [],
    at_risk: { kernels: [], terminals: [] },
    attempt,
    refusal:
      status === 'STARTING' ? { code: 'state_starting', message: 'No.' } : null
  };
}

/** An attempt in a phase. */
export function attempt(
  id: string,
  phase: Phase,
  error: IProblem | null = null
): IAttempt {
  return { id, phase, source: 'menu', save: 'all', error };
}

// What is seen of our instance and of the attempt that the page makes.
export const running = view('RUNNING');
export const saving = view('RUNNING', attempt('ours', 'saving'));
export const calling = view('RUNNING', attempt('ours', 'stopping'));
export const stopping = view('STOPPING', attempt('ours', 'accepted'));
export const stopped = view('STOPPED', attempt('ours', 'stopped'));

/** Drives the machine as session.ts does. */
export class Page {
  state: State = initial(INSTANCE_ID);
  effects: Effect[] = [];
  private events = 0;

  dispatch(event: Event): this {
    // A machine that goes on for ever must fail a test, not hang it.
    if (++this.events > 2_000) {
      throw new Error(`still in ${this.state.name}`);
    }
    const { state, effects } = step(this.state, event);
    this.state = state;
    this.effects.push(...effects);
    return this;
  }

  /** Let the next poll come due, if it has to wait, and answer it. */
  poll(instance: IInstance): this {
    const poll = this.pollDue();
    return this.dispatch({ type: 'pollSucceeded', poll, view: instance });
  }

  pollNone(): this {
    const poll = this.pollDue();
    const none = { available: false, reason: 'Not in an instance.' } as const;
    return this.dispatch({ type: 'pollSucceeded', poll, view: none });
  }

  failPoll(failure: RequestFailure = LOST): this {
    return this.dispatch({ type: 'pollFailed', poll: this.pollDue(), failure });
  }

  /** Ask for a stop and answer the question. */
  request(choice: 'save' | 'discard' = 'save', id = 'ours'): this {
    return this.dispatch({ type: 'command', source: 'menu' })
      .poll(view('RUNNING'))
      .dispatch({ type: 'answered', choice, attempt: id });
  }

  /** A stop that the cloud has accepted. */
  accept(): this {
    return this.request().dispatch({
      type: 'accepted',
      requested: 'ours',
      instance: view('STOPPING', attempt('ours', 'accepted'))
    });
  }

  /** How often an effect was asked for. */
  count(type: Effect['type']): number {
    return this.effects.filter(effect => effect.type === type).length;
  }

  /** The pause before the poll that is scheduled. */
  get pause(): number {
    const last = this.effects.filter(({ type }) => type === 'wait').at(-1);
    return last?.type === 'wait' && last.poll === this.state.poll.id
      ? last.after
      : 0;
  }

  get end(): IEnd | null {
    const last = this.effects.filter(({ type }) => type === 'report').at(-1);
    return last?.type === 'report' ? last.end : null;
  }

  get connection() {
    return connectionIn(this.state);
  }

  /** What the overlay shows, in a word. */
  get shown(): string {
    const shown = shownIn(this.state);
    return !shown
      ? 'nothing'
      : shown.view === 'progress'
        ? shown.stage
        : shown.phase;
  }

  private pollDue(): number {
    const { id } = this.state.poll;
    if (!this.state.poll.sent) {
      this.dispatch({ type: 'pollDue', poll: id });
    }
    return id;
  }
}

/** A page whose command was called. */
export function clicked(): Page {
  return new Page().dispatch({ type: 'command', source: 'menu' });
}

/** Assert that an event changes nothing and asks for nothing. */
export function ignores(page: Page, event: Event): void {
  const before = page.state;
  const effects = page.effects.length;
  page.dispatch(event);
  assert.deepEqual(page.state, before);
  assert.equal(page.effects.length, effects);
}
