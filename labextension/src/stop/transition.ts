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
  RequestFailure,
  State
} from './state';

/** Waiting times, in milliseconds, and how often something is tried. */
export const LIMITS = {
  firstPoll: 200,
  pendingInterval: 1_000,
  acceptedInterval: 2_000,
  /** Pauses after failed polls before acceptance; after the last one the page gives up. */
  pendingRetries: [1_000, 1_000, 2_000, 4_000, 8_000],
  /** Pauses between polls after a lost connection: soon for a short interruption, then rarely, since the instance ends. */
  lostPauses: [1_500, 32_000, 60_000, 120_000],
  stoppedInterval: 15_000,
  stoppedPolls: 20,
  /** Pauses after failed polls for an announced attempt: several fit into the server's roll call of two seconds. */
  joinRetries: [200, 400, 800, 2_000],
  /** Errors in a row that a live server may answer after acceptance. */
  errors: 3,
  /** Views in a row that may not know the attempt: while its request is under way, and otherwise. */
  pollsWithoutAttemptWhileOpen: 15,
  pollsWithoutAttempt: 2
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
export function hasReadStopped(state: State): boolean {
  return state.name === 'farewell' && state.reason === 'stopped';
}

/** Whether an attempt is under way. */
export function isUnderWay(attempt: IAttempt): boolean {
  return ['saving', 'stopping', 'accepted'].includes(attempt.phase);
}

/** The code of a problem; empty for any other failure. */
export function codeOf(failure: RequestFailure | null): string {
  return failure?.kind === 'problem' ? failure.problem.code : '';
}

/** Whether our server answered and meant it: not a gateway, not an unexpected error. */
export function isDeliberate(failure: RequestFailure): boolean {
  return (
    failure.kind === 'problem' && !/^http_5\d\d$/.test(failure.problem.code)
  );
}

/** Go on with no poll scheduled anew. */
export function stay(state: State, effects: Effect[] = []): ITransition {
  return { state, effects };
}

/** Send the poll that is due. */
export function send(state: State, effects: Effect[] = []): ITransition {
  const waitForCloud = ['reading', 'farewell', 'closed'].includes(state.name);
  return {
    state: { ...state, poll: { ...state.poll, sent: true } },
    effects: [...effects, { type: 'poll', poll: state.poll.id, waitForCloud }]
  };
}

/** Send a new poll; answers to earlier ones no longer count. */
export function poll(state: State, effects: Effect[] = []): ITransition {
  return send(
    { ...state, poll: { id: state.poll.id + 1, sent: false } },
    effects
  );
}

/** Poll without waiting, unless a poll is under way. */
export function pollNow(state: State): ITransition {
  return state.poll.sent ? stay(state) : poll(state);
}

/** Poll after a while. */
export function wait(
  state: State,
  after: number,
  effects: Effect[] = []
): ITransition {
  const id = state.poll.id + 1;
  return {
    state: { ...state, poll: { id, sent: false } },
    effects: [...effects, { type: 'wait', poll: id, after }]
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
  const { instanceId, poll } = state;
  return stay(
    { instanceId, poll: { id: poll.id + 1, sent: false }, name: 'idle' },
    effects
  );
}

/** The stop is over, and the page goes on; where only silent tabs are in the way, with a question. */
export function end(
  state: IReading | PendingState | AcceptedState,
  phase: IEnd['phase'],
  failure: RequestFailure | null,
  cancelledHere = false
): ITransition {
  const stop = state.name === 'reading' ? null : state.stop;
  const code = codeOf(failure);
  const result: IEnd = {
    phase: UNKNOWN_OUTCOME.includes(code) ? 'unknown' : phase,
    failure,
    joined: !!stop?.joined,
    cancelledHere,
    scheduled: stop?.source === 'schedule',
    consoleUrl: stop?.instance?.console_url ?? null
  };
  if (stop && !stop.joined && code === SILENT_TABS) {
    const { instanceId, poll } = idle(state).state;
    const { source, save } = stop;
    return stay(
      {
        instanceId,
        poll,
        name: 'confirming',
        source,
        hint: '',
        failedPolls: 0,
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
