/**
 * The course of a stop: what views of the instance, and polls that fail, mean for it. Like machine.ts it runs without a
 * browser.
 */
import type { IAttempt, IInstance } from '../api';
import type {
  AcceptedState,
  FarewellReason,
  IStop,
  ITransition,
  PendingState,
  RequestFailure,
  State
} from './state';
import {
  end,
  hasReadStopped,
  isDeliberate,
  isPending,
  isUnderWay,
  LIMITS,
  stay,
  wait,
  withdrawQuestion
} from './transition.ts';

/** Follow an attempt that was asked for elsewhere, or in this page under the id `requested`. */
export function follow(
  state: State,
  instance: IInstance,
  attempt: IAttempt,
  requested = ''
): ITransition {
  const { instanceId, poll } = state;
  const stop: IStop = {
    attempt: attempt.id,
    requested,
    request: requested ? 'answered' : 'none',
    source: attempt.source,
    joined: requested ? null : attempt,
    save: attempt.save,
    instance,
    failedPolls: 0,
    pollsWithoutAttempt: 0
  };
  const next = enter(
    { instanceId, poll, name: 'requesting', stop },
    stop,
    attempt
  );
  return stay(next.state, [...withdrawQuestion(state), ...next.effects]);
}

/** A view of our instance while a stop is followed. */
export function onInstanceRead(
  state: PendingState | AcceptedState,
  instance: IInstance
): ITransition {
  const { attempt } = instance;
  const stop: IStop = {
    ...state.stop,
    instance,
    failedPolls: 0,
    pollsWithoutAttempt: 0
  };
  if (attempt?.id === stop.attempt) {
    return isUnderWay(attempt) || attempt.phase === 'stopped'
      ? enter(state, stop, attempt)
      : onAttemptEnded({ ...state, stop }, attempt);
  }
  if (attempt && isUnderWay(attempt)) {
    // The server had a stop under way already: a request that is open joins it.
    return isPending(state) && stop.request !== 'none'
      ? enter(state, { ...stop, attempt: attempt.id }, attempt)
      : follow(state, instance, attempt);
  }
  return isPending(state)
    ? onAttemptUnknownWhilePending(state, instance)
    : onAttemptUnknownWhileAccepted({ ...state, stop }, instance);
}

/** The attempt is on its way. A view that is older than what the page knows does not take it back. */
function enter(
  state: PendingState | AcceptedState,
  stop: IStop,
  attempt: IAttempt
): ITransition {
  const { instanceId, poll } = state;
  if (!isPending(state)) {
    return accept(state, stop, attempt.phase === 'stopped');
  }
  switch (attempt.phase) {
    case 'saving':
      return state.stop.attempt === attempt.id && state.name !== 'requesting'
        ? wait({ ...state, stop }, LIMITS.pendingInterval)
        : wait(
            {
              instanceId,
              poll,
              name: 'saving',
              stop,
              cancel: 'possible',
              refusal: null
            },
            LIMITS.pendingInterval,
            [{ type: 'answerRollCall', attempt }]
          );
    case 'stopping':
      return wait(
        { instanceId, poll, name: 'stopping', stop },
        LIMITS.pendingInterval
      );
    default:
      return accept(state, stop, attempt.phase === 'stopped');
  }
}

/** The cloud has accepted the stop. */
function accept(
  state: PendingState | AcceptedState,
  stop: IStop,
  stopped: boolean
): ITransition {
  return stopped || stop.instance?.status === 'STOPPED' || hasReadStopped(state)
    ? sayFarewell(state, stop, 'stopped')
    : wait(
        {
          instanceId: state.instanceId,
          poll: state.poll,
          name: 'accepted',
          stop
        },
        LIMITS.acceptedInterval
      );
}

/** Say what is known of the end, or close when polling has gone on for long enough. */
function sayFarewell(
  state: PendingState | AcceptedState,
  stop: IStop,
  reason: FarewellReason
): ITransition {
  const { instanceId, poll } = state;
  const polls =
    state.name === 'farewell' && state.reason === reason ? state.polls + 1 : 0;
  const pauses = LIMITS.lostPauses;
  const over =
    reason === 'stopped'
      ? polls >= LIMITS.stoppedPolls
      : polls >= pauses.length;
  return over
    ? stay({ instanceId, poll, name: 'closed', stop, reason })
    : wait(
        { instanceId, poll, name: 'farewell', stop, reason, polls },
        reason === 'stopped' ? LIMITS.stoppedInterval : pauses[polls]
      );
}

/** The attempt has ended without a stopped instance. */
function onAttemptEnded(
  state: PendingState | AcceptedState,
  attempt: IAttempt
): ITransition {
  const { phase, error } = attempt;
  const failure: RequestFailure | null = error
    ? { kind: 'problem', problem: error, status: 0 }
    : null;
  const cancelledHere =
    state.name === 'saving' &&
    state.cancel !== 'possible' &&
    !state.refusal &&
    (!error || error.code === 'cancelled');
  return end(
    state,
    phase === 'cancelled' || phase === 'resumed' ? phase : 'refused',
    failure,
    cancelledHere
  );
}

/** Before acceptance the server answers and does not know the attempt. */
function onAttemptUnknownWhilePending(
  state: PendingState,
  instance: IInstance
): ITransition {
  const pollsWithoutAttempt = state.stop.pollsWithoutAttempt + 1;
  const stop: IStop = {
    ...state.stop,
    instance,
    failedPolls: 0,
    pollsWithoutAttempt
  };
  const open = stop.request === 'open';
  if (
    pollsWithoutAttempt <
    (open ? LIMITS.pollsWithoutAttemptWhileOpen : LIMITS.pollsWithoutAttempt)
  ) {
    return wait({ ...state, stop }, LIMITS.pendingInterval);
  }
  // A request that was lost before the server knew it has stopped nothing.
  const nothing =
    state.name === 'requesting' &&
    stop.request === 'lost' &&
    instance.status === 'RUNNING';
  return end({ ...state, stop }, nothing ? 'refused' : 'unknown', {
    kind: nothing ? 'connectionLost' : 'unknownAttempt'
  });
}

/** After acceptance the server answers and does not know the attempt: it was restarted, and the status decides. */
function onAttemptUnknownWhileAccepted(
  state: AcceptedState,
  { status }: IInstance
): ITransition {
  if (status === 'STOPPED' || status === 'STOPPING') {
    return accept(state, state.stop, false);
  }
  return status === 'RUNNING'
    ? end(state, 'resumed', null)
    : end(state, 'unknown', { kind: 'unknownAttempt' });
}

/** Before acceptance a poll failed. */
export function onPollFailedWhilePending(
  state: PendingState,
  failure: RequestFailure
): ITransition {
  const { failedPolls } = state.stop;
  const stop: IStop = { ...state.stop, failedPolls: failedPolls + 1 };
  return failedPolls < LIMITS.pendingRetries.length
    ? wait({ ...state, stop }, LIMITS.pendingRetries[failedPolls])
    : end(state, 'unknown', failure);
}

/** After acceptance a poll failed. That is expected, and it need not be the end. */
export function onPollFailedWhileAccepted(
  state: AcceptedState,
  failure: RequestFailure
): ITransition {
  const stop: IStop = {
    ...state.stop,
    failedPolls: state.stop.failedPolls + 1
  };
  const { instanceId, poll } = state;
  const alive =
    failure.kind === 'problem' && ![502, 503, 504].includes(failure.status);
  if (hasReadStopped(state)) {
    return alive
      ? sayFarewell(state, stop, 'stopped')
      : stay({ instanceId, poll, name: 'closed', stop, reason: 'stopped' });
  }
  return alive && state.name !== 'farewell' && stop.failedPolls < LIMITS.errors
    ? wait(
        { instanceId, poll, name: 'accepted', stop },
        LIMITS.acceptedInterval
      )
    : sayFarewell(state, stop, 'lost');
}

/** The request failed. Unless the server refused it, the next polls will tell what has become of it. */
export function onRequestFailed(
  state: PendingState,
  failure: RequestFailure
): ITransition {
  if (failure.kind === 'offline' || isDeliberate(failure)) {
    return end(state, 'refused', failure);
  }
  const stop: IStop = { ...state.stop, request: 'lost' };
  return wait({ ...state, stop }, LIMITS.firstPoll);
}
