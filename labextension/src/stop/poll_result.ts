/**
 * What comes of a poll of the instance: the answer to a question, an attempt to follow, or news of the one that is
 * followed. Like machine.ts it runs without a browser.
 */
import type { IInstance } from '../api';
import {
  follow,
  onInstanceRead,
  onPollFailedWhileAccepted,
  onPollFailedWhilePending
} from './follow.ts';
import type {
  IClosed,
  IConfirming,
  IJoining,
  IReading,
  ITransition,
  RequestFailure,
  State,
  View
} from './state';
import { end, idle, isUnderWay, LIMITS, stay, wait } from './transition.ts';

/** A poll was answered. */
export function onPollSucceeded(state: State, view: View): ITransition {
  if (!view.available || view.id !== state.instanceId) {
    return onPollFailed(state, { kind: 'wrongInstance', view });
  }
  switch (state.name) {
    case 'reading': {
      const { instanceId, poll, source } = state;
      if (view.attempt && isUnderWay(view.attempt)) {
        return follow(state, view, view.attempt);
      }
      if (view.refusal) {
        const problem = view.refusal;
        return end(state, 'refused', { kind: 'problem', problem, status: 409 });
      }
      return stay(
        {
          instanceId,
          poll,
          name: 'confirming',
          source,
          hint: '',
          failedPolls: 0,
          silent: null
        },
        [{ type: 'fill', instance: view }]
      );
    }
    case 'joining':
    case 'confirming':
      return hintChecked(state, view);
    case 'closed':
      return serverAnswers(state, view);
    case 'idle':
    case 'restarted':
      return stay(state);
    default:
      return onInstanceRead(state, view);
  }
}

/** A poll came to nothing. */
export function onPollFailed(
  state: State,
  failure: RequestFailure
): ITransition {
  switch (state.name) {
    case 'reading':
    case 'joining':
    case 'confirming':
      return notFound(state, failure);
    case 'requesting':
    case 'saving':
    case 'stopping':
      return onPollFailedWhilePending(state, failure);
    case 'accepted':
    case 'checking':
    case 'farewell':
      return onPollFailedWhileAccepted(state, failure);
    default:
      return stay(state);
  }
}

/** Whether there is an attempt, or what the question needs, could not be read. */
function notFound(
  state: IReading | IJoining | IConfirming,
  failure: RequestFailure
): ITransition {
  const { hint, failedPolls } = state;
  if (
    hint &&
    failure.kind !== 'wrongInstance' &&
    failedPolls < LIMITS.joinRetries.length
  ) {
    return wait(
      { ...state, failedPolls: failedPolls + 1 },
      LIMITS.joinRetries[failedPolls]
    );
  }
  switch (state.name) {
    case 'reading':
      return end(state, 'refused', failure);
    case 'joining':
      return idle(state);
    case 'confirming':
      return stay({ ...state, hint: '' });
  }
}

function hintChecked(
  state: IJoining | IConfirming,
  view: IInstance
): ITransition {
  const { attempt } = view;
  if (
    attempt?.id === state.hint &&
    (isUnderWay(attempt) || attempt.phase === 'stopped')
  ) {
    return follow(state, view, attempt);
  }
  return state.name === 'joining' ? idle(state) : stay(state);
}

/** The page's connections are disposed of: only a reload brings it back. */
function serverAnswers(state: IClosed, view: IInstance): ITransition {
  const ending = view.status === 'STOPPED' || view.status === 'STOPPING';
  return ending || (view.attempt && isUnderWay(view.attempt))
    ? stay(state)
    : stay({ ...state, name: 'restarted' });
}
