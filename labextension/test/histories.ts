/**
 * Random sequences of events.
 */
import fc from 'fast-check';
import type { Phase } from '../src/api';
import type { Event, RequestFailure, State } from '../src/stop/state';
import { attempt, LOST, problem, view } from './world.ts';

const PHASES: Phase[] = [
  'saving',
  'stopping',
  'accepted',
  'stopped',
  'refused',
  'cancelled',
  'resumed'
];

export const failures = fc.constantFrom<RequestFailure>(
  LOST,
  { kind: 'offline' },
  problem(401),
  problem(500),
  problem(502),
  problem(409, 'save_failed'),
  problem(409, 'silent_tabs'),
  problem(502, 'outcome_unknown')
);

const views = fc.record({
  status: fc.constantFrom(null, 'RUNNING', 'STOPPING', 'STOPPED', 'STARTING'),
  id: fc.constantFrom('our-instance', 'our-instance', 'other'),
  phase: fc.constantFrom(null, ...PHASES),
  mine: fc.boolean()
});

/** An event, once the state is known that it meets: ids are mostly right, sometimes wrong. */
export type Move = (state: State) => Event;

function followed(state: State): string {
  return 'stop' in state
    ? state.stop.attempt
    : 'hint' in state
      ? state.hint
      : 'x';
}

const seen = views.map(({ status, id, phase, mine }): Move => state => {
  const one = phase && attempt(mine ? followed(state) : 'theirs', phase);
  return {
    type: 'pollSucceeded',
    poll: state.poll.id,
    view: view(status, one, id)
  };
});

const moves = fc.oneof(
  { weight: 6, arbitrary: seen },
  {
    weight: 6,
    arbitrary: fc.constant<Move>(({ poll }) => ({
      type: 'pollDue',
      poll: poll.id
    }))
  },
  {
    weight: 3,
    arbitrary: failures.map((failure): Move => ({ poll }) => ({
      type: 'pollFailed',
      poll: poll.id,
      failure
    }))
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('cancel', 'save', 'discard', 'anyway')
      .chain(choice =>
        fc.uuid().map((id): Move => () => ({
          type: 'answered',
          choice: choice,
          attempt: id
        }))
      )
  },
  {
    weight: 1,
    arbitrary: fc.uuid().map((id): Move => () => ({ type: 'now', attempt: id }))
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Move>(
      () => ({ type: 'command', source: 'menu' }),
      () => ({ type: 'hint', attempt: 'theirs' }),
      () => ({ type: 'cancel' }),
      () => ({ type: 'labConnectionLost' }),
      () => ({ type: 'online' }),
      () => ({ type: 'visible' })
    )
  },
  {
    weight: 1,
    arbitrary: failures.chain(failure =>
      fc.constantFrom<Move>(
        state => ({ type: 'failed', requested: requested(state), failure }),
        state => ({ type: 'cancelFailed', attempt: followed(state), failure }),
        state => ({ type: 'cancelled', attempt: followed(state) }),
        state => ({
          type: 'accepted',
          requested: requested(state),
          instance: view('STOPPING', attempt(followed(state), 'accepted'))
        })
      )
    )
  }
);

export const histories = fc.array(moves, { maxLength: 60 });

function requested(state: State): string {
  return 'stop' in state ? state.stop.requested : 'gone';
}
