import type { IProblem } from '../api';
import { trans } from '../language';
import type { IEnd, RequestFailure } from './state';
import { codeOf } from './transition';

/**
 * An end in a few words.
 */
export function endTitle(end: IEnd): string {
  switch (end.phase) {
    case 'cancelled':
      return trans.__('The stop was cancelled');
    case 'resumed':
      return end.failure
        ? trans.__('The instance did not stop')
        : trans.__('The instance is running again');
    case 'unknown':
      return trans.__('Could not confirm whether the instance is stopping');
    case 'refused':
      return codeOf(end.failure).startsWith('state_')
        ? trans.__('This instance cannot be stopped')
        : trans.__('The instance was not stopped');
  }
}

/**
 * An end in one line, for a notice: with the first document that could not be saved, and why.
 */
export function endNotice(end: IEnd, problem: IProblem | null): string {
  const title = endTitle(end);
  const [first, ...others] = problem?.documents ?? [];
  if (!first) {
    return title;
  }
  const { path, reason } = first;
  const named = reason
    ? trans.__('%1. Not saved: %2 (%3)', title, path, reason)
    : trans.__('%1. Not saved: %2', title, path);
  return others.length
    ? trans._n('%2, and %1 more', '%2, and %1 more', others.length, named)
    : named;
}

/**
 * The problem that ended a stop; null where there was none.
 *
 * @param instanceId - Id of the instance that the page belongs to.
 */
export function endProblem(end: IEnd, instanceId: string): IProblem | null {
  return end.failure && failureProblem(end.failure, end.phase, instanceId);
}

function failureProblem(
  failure: RequestFailure,
  phase: IEnd['phase'],
  instanceId: string
): IProblem {
  const checkConsole = trans.__(
    'Check the state of the instance in the ModelArts console before you try again.'
  );
  const retry = trans.__('Check the network connection, then try again.');
  switch (failure.kind) {
    case 'problem':
      return failure.problem;
    case 'offline':
      return {
        code: 'offline',
        message: trans.__('The network is down. No stop was requested.'),
        remedy: retry
      };
    case 'wrongInstance':
      return {
        code: 'wrong_instance',
        message: failure.view.available
          ? trans.__(
              'This page was opened for instance %1, but its server now runs in instance %2.',
              instanceId,
              failure.view.id
            )
          : failure.view.reason,
        remedy: trans.__('Reload the page.')
      };
    case 'unknownAttempt':
      return {
        code: 'unknown_attempt',
        message: trans.__('The Jupyter server does not know this stop.'),
        remedy: checkConsole
      };
    case 'connectionLost': {
      // Before the stop was requested, or where the server never got to know of it.
      const nothing = phase === 'refused';
      return {
        code: 'connection_lost',
        message: nothing
          ? trans.__(
              'The Jupyter server did not respond. No stop was requested.'
            )
          : trans.__('The Jupyter server does not respond.'),
        remedy: nothing ? retry : checkConsole
      };
    }
  }
}
