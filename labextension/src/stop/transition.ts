/**
 * What transitions are made of. Like machine.ts it runs without a browser.
 */
import type { IAttempt } from '../api';
import type {
  AcceptedState,
  Effect,
  IEnd,
  IReading,
  ITransition,
  PendingState,
  State,
  Trouble
} from './state';

/** Waiting times, in milliseconds, and how often something is tried. */
export const LIMITS = {
  firstLook: 200,
  pendingLook: 1_000,
  acceptedLook: 2_000,
  /** Pauses after failed looks before acceptance; after the last one the page gives up. */
  pendingRetries: [1_000, 1_000, 2_000, 4_000, 8_000],
  /** Pauses between looks after a lost connection: soon for a short interruption, then rarely, since the instance ends. */
  lostLooks: [1_500, 32_000, 60_000, 120_000],
  stoppedLook: 15_000,
  stoppedLooks: 20,
  /** Pauses after failed looks for an announced attempt: several fit into the server's roll call of two seconds. */
  joinRetries: [200, 400, 800, 2_000],
  /** Errors in a row that a live server may answer after acceptance. */
  errors: 3,
  /** Views in a row that may not know the attempt: while its request is under way, and otherwise. */
  absencesOpen: 15,
  absences: 2
} as const;

/** Codes with which the server says that it does not know whether the cloud stops the instance. */
const UNKNOWN_OUTCOME = ['outcome_unknown', 'foreign_answer'];

/** The code with which the server says that tabs which may hold unsaved work did not respond. */
const SILENT_TABS = 'silent_tabs';

/** Whether a stop is followed that has not been accepted. */
export function isPending(state: State): state is PendingState {
  return ['requesting', 'saving', 'stopping'].includes(state.name);
}

/** Whether a stop is followed that has been accepted. */
export function isAccepted(state: State): state is AcceptedState {
  return ['accepted', 'checking', 'farewell'].includes(state.name);
}

/** Whether STOPPED has been read. */
export function knowsStopped(state: State): boolean {
  return state.name === 'farewell' && state.known === 'stopped';
}

/** Whether an attempt is under way. */
export function isLive(attempt: IAttempt): boolean {
  return ['saving', 'stopping', 'accepted'].includes(attempt.phase);
}

/** The code of a problem; empty for any other trouble. */
export function codeOf(trouble: Trouble | null): string {
  return trouble?.kind === 'problem' ? trouble.problem.code : '';
}

/** Whether our server answered and meant it: not a gateway, not an unexpected error. */
export function isDeliberate(trouble: Trouble): boolean {
  return (
    trouble.kind === 'problem' && !/^http_5\d\d$/.test(trouble.problem.code)
  );
}

/** Go on with no look scheduled anew. */
export function stay(state: State, effects: Effect[] = []): ITransition {
  return { state, effects };
}

/** Send the look that is due. */
export function send(state: State, effects: Effect[] = []): ITransition {
  const patient = ['reading', 'farewell', 'closed'].includes(state.name);
  return {
    state: { ...state, look: { ...state.look, sent: true } },
    effects: [...effects, { type: 'look', look: state.look.id, patient }]
  };
}

/** Send a new look; answers to earlier ones no longer count. */
export function look(state: State, effects: Effect[] = []): ITransition {
  return send(
    { ...state, look: { id: state.look.id + 1, sent: false } },
    effects
  );
}

/** Look without waiting, unless a look is under way. */
export function lookNow(state: State): ITransition {
  return state.look.sent ? stay(state) : look(state);
}

/** Look after a while. */
export function wait(
  state: State,
  after: number,
  effects: Effect[] = []
): ITransition {
  const id = state.look.id + 1;
  return {
    state: { ...state, look: { id, sent: false } },
    effects: [...effects, { type: 'wait', look: id, after }]
  };
}

/** Close the question, where one is open. */
export function withdrawQuestion(state: State): Effect[] {
  return state.name === 'reading' || state.name === 'confirming'
    ? [{ type: 'withdraw' }]
    : [];
}

/** Return to the state in which nothing is under way. */
export function idle(state: State, effects: Effect[] = []): ITransition {
  const { own, look } = state;
  return stay(
    { own, look: { id: look.id + 1, sent: false }, name: 'idle' },
    effects
  );
}

/** The stop is over, and the page goes on; where only silent tabs are in the way, with a question. */
export function end(
  state: IReading | PendingState | AcceptedState,
  phase: IEnd['phase'],
  trouble: Trouble | null,
  here = false
): ITransition {
  const stop = state.name === 'reading' ? null : state.stop;
  const code = codeOf(trouble);
  const result: IEnd = {
    phase: UNKNOWN_OUTCOME.includes(code) ? 'unknown' : phase,
    trouble,
    joined: !!stop?.joined,
    here,
    scheduled: stop?.source === 'schedule',
    consoleUrl: stop?.instance?.console_url ?? null
  };
  if (stop && !stop.joined && code === SILENT_TABS) {
    const { own, look } = idle(state).state;
    const { source, save } = stop;
    return stay(
      {
        own,
        look,
        name: 'confirming',
        source,
        hint: '',
        misses: 0,
        silent: save
      },
      [{ type: 'warn', end: result }]
    );
  }
  return idle(state, [
    ...withdrawQuestion(state),
    { type: 'report', end: result }
  ]);
}
