/**
 * A stop, from the command to its end: a pure function from a state and an event to the next state and its effects.
 *
 * It runs without a browser. Its parts are transition.ts, poll_result.ts and follow.ts.
 */
import type { Save } from '../api';
import { follow, onInstanceRead, onRequestFailed } from './follow.ts';
import { onPollFailed, onPollSucceeded } from './poll_result.ts';
import type {
  Effect,
  Event,
  IConfirming,
  IStop,
  ITransition,
  State
} from './state';
import {
  end,
  hasReadStopped,
  idle,
  isAccepted,
  isDeliberate,
  isPending,
  isUnderWay,
  LIMITS,
  poll,
  pollNow,
  send,
  stay,
  wait,
  withdrawQuestion
} from './transition.ts';

/**
 * The state of a page that has just opened.
 *
 * @param instanceId - Id of the instance that the page belongs to.
 */
export function initial(instanceId: string): State {
  return { instanceId, poll: { id: 0, sent: false }, name: 'idle' };
}

/**
 * The next state, and what has to be done on the way there.
 */
export function step(state: State, event: Event): ITransition {
  switch (event.type) {
    case 'command':
      return state.name === 'idle'
        ? poll(
            {
              ...state,
              name: 'reading',
              source: event.source,
              hint: '',
              failedPolls: 0
            },
            [{ type: 'ask' }]
          )
        : stay(state);
    case 'answered':
      return state.name === 'confirming'
        ? answered(state, event)
        : state.name === 'reading'
          ? idle(state)
          : stay(state);
    case 'now':
      return state.name === 'idle' ||
        state.name === 'joining' ||
        state.name === 'reading' ||
        state.name === 'confirming'
        ? request(
            state,
            'menu',
            event.attempt,
            'all',
            false,
            withdrawQuestion(state)
          )
        : stay(state);
    case 'hint':
      return hinted(state, event.attempt);
    case 'pollDue':
      return event.poll === state.poll.id && !state.poll.sent
        ? send(state)
        : stay(state);
    case 'pollSucceeded':
    case 'pollFailed':
      return polled(state, event);
    case 'accepted':
      return accepted(state, event);
    case 'failed':
      return isPending(state) && state.stop.requested === event.requested
        ? onRequestFailed(state, event.failure)
        : stay(state);
    case 'cancel':
    case 'cancelled':
    case 'cancelFailed':
      return cancel(state, event);
    case 'labConnectionLost':
      return state.name === 'accepted'
        ? pollNow({ ...state, name: 'checking' })
        : state.name === 'stopping' || hasReadStopped(state)
          ? pollNow(state)
          : stay(state);
    case 'online':
      // The network may need another moment: the short pauses begin again.
      return returned(
        state.name === 'farewell' ? { ...state, polls: 0 } : state
      );
    case 'visible':
      return returned(state);
  }
}

type EventOf<T extends Event['type']> = Extract<Event, { type: T }>;

function answered(
  state: IConfirming,
  { choice, attempt }: EventOf<'answered'>
): ITransition {
  const { source, silent } = state;
  if (choice === 'cancel' || (choice === 'anyway') !== (silent !== null)) {
    return idle(state);
  }
  const save = silent ?? (choice === 'save' ? 'all' : 'none');
  return request(state, source, attempt, save, silent !== null);
}

/** Ask the server to stop the instance. */
function request(
  { instanceId, poll }: State,
  source: string,
  attempt: string,
  save: Save,
  anyway: boolean,
  effects: Effect[] = []
): ITransition {
  const stop: IStop = {
    attempt,
    requested: attempt,
    request: 'open',
    source,
    joined: null,
    save,
    instance: null,
    failedPolls: 0,
    pollsWithoutAttempt: 0
  };
  return wait(
    { instanceId, poll, name: 'requesting', stop },
    LIMITS.firstPoll,
    [...effects, { type: 'request', attempt, source, save, anyway }]
  );
}

function hinted(state: State, hint: string): ITransition {
  switch (state.name) {
    case 'idle':
      return poll({ ...state, name: 'joining', hint, failedPolls: 0 });
    case 'reading':
    case 'confirming':
    case 'joining':
      return poll({ ...state, hint, failedPolls: 0 });
    default:
      return isPending(state) || isAccepted(state)
        ? pollNow(state)
        : stay(state);
  }
}

function polled(
  state: State,
  event: EventOf<'pollSucceeded' | 'pollFailed'>
): ITransition {
  if (event.poll !== state.poll.id || !state.poll.sent) {
    return stay(state);
  }
  const done = { ...state, poll: { id: state.poll.id + 1, sent: false } };
  return event.type === 'pollSucceeded'
    ? onPollSucceeded(done, event.view)
    : onPollFailed(done, event.failure);
}

function accepted(
  state: State,
  { requested, instance }: EventOf<'accepted'>
): ITransition {
  if (isPending(state) && state.stop.requested === requested) {
    const stop: IStop = { ...state.stop, request: 'answered' };
    return onInstanceRead({ ...state, stop }, instance);
  }
  // The page had given up on its request.
  return state.name === 'idle' &&
    instance.attempt &&
    isUnderWay(instance.attempt)
    ? follow(state, instance, instance.attempt, requested)
    : stay(state);
}

function cancel(
  state: State,
  event: EventOf<'cancel' | 'cancelled' | 'cancelFailed'>
): ITransition {
  if (event.type === 'cancel') {
    return state.name === 'saving' && state.cancel !== 'sent'
      ? stay({ ...state, cancel: 'sent', refusal: null }, [
          { type: 'cancel', attempt: state.stop.attempt }
        ])
      : stay(state);
  }
  if (!isPending(state) || state.stop.attempt !== event.attempt) {
    return stay(state);
  }
  if (event.type === 'cancelled') {
    return end(state, 'cancelled', null, true);
  }
  const { failure } = event;
  const refusal =
    failure.kind === 'problem' && isDeliberate(failure)
      ? failure.problem
      : null;
  return state.name === 'saving'
    ? pollNow({ ...state, cancel: 'failed', refusal })
    : stay(state);
}

/** The network or the user is back. */
function returned(state: State): ITransition {
  return isPending(state) || isAccepted(state) || state.name === 'closed'
    ? pollNow(state)
    : stay(state);
}
