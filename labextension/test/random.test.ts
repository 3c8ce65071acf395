/**
 * What holds after any sequence of events.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { IInstance } from '../src/api';
import type { Effect, Event, State } from '../src/stop/state';
import { connectionIn, shownIn } from '../src/stop/view.ts';
import { failures, histories } from './histories.ts';
import type { Move } from './histories.ts';
import { Page, view } from './world.ts';

const RUNS = { numRuns: 3_000 };

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
