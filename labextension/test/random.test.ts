/**
 * What holds after any sequence of events.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { IInstance, Phase } from '../src/api';
import type { Effect, Event, RequestFailure, State } from '../src/stop/state';
import { connectionIn, shownIn } from '../src/stop/view.ts';
import { attempt, LOST, Page, problem, view } from './world.ts';

const PHASES: Phase[] = [
  'saving',
  'stopping',
  'accepted',
  'stopped',
  'refused',
  'cancelled',
  'resumed'
];
const RUNS = { numRuns: 3_000 };

const failures = fc.constantFrom<RequestFailure>(
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
type Move = (state: State) => Event;

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

const histories = fc.array(moves, { maxLength: 60 });

function requested(state: State): string {
  return 'stop' in state ? state.stop.requested : 'gone';
}

/** Run a history; `check` sees each event with the page after it. */
function play(
  history: Move[],
  check: (page: Page, event: Event, before: State) => void = () => undefined
): Page {
  const page = new Page();
  for (const move of history) {
    const before = page.state;
    const event = move(before);
    page.dispatch(event);
    check(page, event, before);
  }
  return page;
}

/** Answer whatever a page asks for, in one way, until it asks no more. */
function settle(page: Page, answer: (effect: Effect) => Event | null): number {
  let polls = 0;
  for (let turns = 0; turns < 500; turns++) {
    const { poll, name } = page.state;
    let event: Event | null;
    if (name === 'confirming') {
      event = { type: 'answered', choice: 'cancel', attempt: 'x' };
    } else if (poll.sent) {
      event = answer({ type: 'poll', poll: poll.id, waitForCloud: false });
      polls++;
    } else if (page.pause) {
      event = { type: 'pollDue', poll: poll.id };
    } else {
      return polls;
    }
    if (!event) {
      return polls;
    }
    page.dispatch(event);
  }
  assert.fail(`still busy in ${page.state.name}`);
}

function saw(instance: IInstance, effect: Effect): Event | null {
  return effect.type === 'poll'
    ? { type: 'pollSucceeded', poll: effect.poll, view: instance }
    : null;
}

describe('after any sequence of events', () => {
  test('no stop is requested twice, and none without the answer to a question', () => {
    fc.assert(
      fc.property(histories, history => {
        let answers = 0;
        const page = play(history, (_, event, before) => {
          if (
            before.name === 'confirming' &&
            event.type === 'answered' &&
            event.choice !== 'cancel' &&
            (event.choice === 'anyway') === (before.silent !== null)
          ) {
            answers++;
          }
          if (
            event.type === 'now' &&
            ['idle', 'joining', 'reading', 'confirming'].includes(before.name)
          ) {
            answers++;
          }
        });
        const ids = page.effects.flatMap(effect =>
          effect.type === 'request' ? [effect.attempt] : []
        );
        assert.equal(ids.length, answers);
        assert.equal(new Set(ids).size, ids.length);
      }),
      RUNS
    );
  });

  test('"stopped" is shown only where it was read', () => {
    fc.assert(
      fc.property(histories, history => {
        let read = false;
        play(history, (page, event) => {
          read ||= event.type === 'pollSucceeded' && saysStopped(event);
          const shown = shownIn(page.state);
          assert.ok(
            shown?.view !== 'farewell' || shown.phase !== 'stopped' || read
          );
        });
      }),
      RUNS
    );
  });

  test('connections are disposed of only after STOPPED or a long silence', () => {
    fc.assert(
      fc.property(histories, history => {
        let silence = 0;
        let read = false;
        play(history, (page, event, before) => {
          read ||= event.type === 'pollSucceeded' && saysStopped(event);
          const disposed = connectionIn(page.state) === 'disposed';
          if (disposed && connectionIn(before) !== 'disposed') {
            // The poll that was answered now counts too.
            assert.ok(read || silence >= 4, `disposed after ${silence} polls`);
          }
          const answered =
            event.type === 'pollSucceeded' || event.type === 'pollFailed';
          const current = before.poll.sent && answered;
          const farewell = page.state.name === 'farewell';
          silence = !farewell ? 0 : current ? silence + 1 : silence;
        });
      }),
      RUNS
    );
  });

  test('there is one poll at a time, and never one without a pause after it', () => {
    fc.assert(
      fc.property(histories, history => {
        let before = 0;
        play(history, (page, event) => {
          const fresh = page.effects.slice(before);
          before = page.effects.length;
          const polls = fresh.filter(
            ({ type }) => type === 'poll' || type === 'wait'
          );
          assert.ok(polls.length <= 1);
          if (event.type === 'pollSucceeded' || event.type === 'pollFailed') {
            assert.ok(fresh.every(({ type }) => type !== 'poll'));
          }
          assert.ok(
            fresh.every(effect => effect.type !== 'wait' || effect.after >= 200)
          );
        });
      }),
      RUNS
    );
  });

  test('a server that falls silent leaves a page that can be left, after few polls', () => {
    fc.assert(
      fc.property(histories, failures, (history, failure) => {
        const page = play(history);
        const polls = settle(page, effect =>
          effect.type === 'poll'
            ? { type: 'pollFailed', poll: effect.poll, failure }
            : null
        );
        // A farewell has a Reload button; the others show nothing.
        assert.ok(['idle', 'closed', 'restarted'].includes(page.state.name));
        assert.ok(polls <= 25, `${polls} polls`);
      }),
      RUNS
    );
  });

  for (const [name, instance] of [
    ['another instance', view('RUNNING', null, 'other')],
    ['an instance that knows no attempt', view('RUNNING')],
    ['an instance that can not be read', view(null)]
  ] as const) {
    test(`${name} leaves a page that can be left`, () => {
      fc.assert(
        fc.property(histories, history => {
          const page = play(history);
          settle(page, effect => saw(instance, effect));
          assert.ok(['idle', 'closed', 'restarted'].includes(page.state.name));
        }),
        RUNS
      );
    });
  }

  test('an instance that lives gets its page back', () => {
    fc.assert(
      fc.property(histories, history => {
        const page = play(history);
        const wasDisposed = connectionIn(page.state) === 'disposed';
        page.dispatch({ type: 'visible' });
        settle(page, effect => saw(view('RUNNING'), effect));
        assert.equal(
          page.state.name,
          wasDisposed ? 'restarted' : 'idle',
          'a page that is past resuming offers a reload'
        );
        assert.equal(page.connection, wasDisposed ? 'disposed' : 'open');
      }),
      RUNS
    );
  });
});

function saysStopped({
  view: one
}: Extract<Event, { type: 'pollSucceeded' }>): boolean {
  return (
    one.available &&
    (one.status === 'STOPPED' || one.attempt?.phase === 'stopped')
  );
}
