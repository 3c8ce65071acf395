/**
 * The whole page through any order of events.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Choice } from '../src/stop/state';
import type { Network, Outcome } from './server.ts';
import { click, Whole } from './whole.ts';

/** A night's run sets it. */
const RUNS = Number(process.env.MODEL_RUNS ?? 100);

const HOUR = 3_600_000;

type Act = (whole: Whole) => void | Promise<void>;

const acts = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Act>(click) },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom<Choice>('save', 'save', 'discard', 'anyway', 'cancel')
      .map(
        (choice): Act =>
          whole =>
            whole.answer(choice)
      )
  },
  {
    weight: 6,
    arbitrary: fc
      .constantFrom(10, 100, 400, 1_500, 2_100, 5_000, 17_000, 60_000, 300_000)
      .map(
        (ms): Act =>
          whole =>
            whole.browser.time.pass(ms)
      )
  },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom<Network>('up', 'up', 'down', 'hangs', 'gateway')
      .map((network): Act => ({ server }) => {
        server.network = network;
      })
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom<Outcome>('accepted', 'refused', 'unknown', 'silent', 'slow')
      .chain(outcome =>
        fc.boolean().map((resumes): Act => ({ server }) => {
          Object.assign(server, { outcome, resumes });
        })
      )
  },
  {
    weight: 2,
    arbitrary: fc
      .record({
        id: fc.uuid(),
        save: fc.constantFrom('all' as const, 'none' as const),
        heard: fc.boolean()
      })
      .map(({ id, save, heard }): Act => ({ server }) => {
        server.begin(id, save, heard);
      })
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom<Act>(
      ({ browser }) => browser.cancel(),
      ({ browser }) => browser.fire('visibilitychange'),
      ({ browser }) => browser.setOnline(false),
      ({ browser }) => browser.setOnline(true),
      ({ failure }) => failure.emit(),
      ({ server }) => server.restart(),
      ({ server }) => server.revive(),
      ({ session }) => session?.stopNow(),
      whole => whole.emit({ attempt: 'made up' }),
      whole => whole.emit({ attempt: 'theirs', instance_id: 'other' }),
      whole => whole.emit({ attempt: 1 }),
      whole => {
        whole.saves = !whole.saves;
      },
      whole => {
        whole.saving = whole.saving === 100 ? 20_000 : 100;
      }
    )
  },
  {
    // A stop that is accepted, at least.
    weight: 2,
    arbitrary: fc
      .constantFrom(3_000, 9_000, 40_000)
      .map((ms): Act => async whole => {
        click(whole);
        await whole.browser.time.pass(100);
        whole.answer('discard');
        await whole.browser.time.pass(ms);
      })
  }
);

const histories = fc.array(acts, { minLength: 5, maxLength: 40 });

async function play(history: Act[]): Promise<Whole> {
  const whole = new Whole();
  for (const act of history) {
    await act(whole);
    await whole.browser.time.pass(1);
  }
  return whole;
}

describe('through any order of events', () => {
  test('a page on a living instance is alive, or offers a reload', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async history => {
        const whole = await play(history);
        const { browser, server } = whole;
        // What is on its way may still stop the instance.
        await browser.time.pass(120_000);
        server.revive();
        browser.setOnline(true);
        browser.fire('visibilitychange');
        await browser.time.pass(10 * 60_000);
        // Once more: a poll that hung may have been under way.
        browser.fire('visibilitychange');
        await browser.time.pass(60_000);
        await whole.leaveDialogs();
        if (whole.connection === 'disposed') {
          assert.equal(whole.farewell, 'restarted', 'no way back');
        } else {
          assert.equal(browser.overlay, null);
          assert.equal(whole.connection, 'open');
          assert.ok(whole.loader.isIdle());
          // And it can stop its instance.
          Object.assign(server, { outcome: 'accepted', resumes: false });
          const before = server.requested.length;
          click(whole);
          await browser.time.pass(100);
          whole.answer('discard');
          await browser.time.pass(100);
          assert.equal(server.requested.length, before + 1);
        }
      }),
      { numRuns: RUNS }
    );
  });

  for (const network of ['down', 'hangs', 'gateway'] as const) {
    test(`a page whose server is ${network} can be left, and falls silent`, async () => {
      await fc.assert(
        fc.asyncProperty(histories, async history => {
          const whole = await play(history);
          whole.server.network = network;
          await whole.browser.time.pass(HOUR);
          await whole.leaveDialogs();
          assert.ok(!whole.browser.overlay || whole.farewell);
          const { polls } = whole.server;
          await whole.browser.time.pass(HOUR);
          assert.equal(whole.server.polls, polls);
        }),
        { numRuns: RUNS }
      );
    });
  }

  test('a server that answers is not asked for ever either', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async history => {
        const whole = await play(history);
        whole.server.network = 'up';
        await whole.browser.time.pass(HOUR);
        await whole.leaveDialogs();
        const { polls } = whole.server;
        await whole.browser.time.pass(HOUR);
        assert.equal(whole.server.polls, polls);
      }),
      { numRuns: RUNS }
    );
  });

  test('each answer to a question makes one request', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async history => {
        const { server } = await play(history);
        const ids = server.requested.map(({ attempt }) => attempt);
        assert.equal(new Set(ids).size, ids.length);
      }),
      { numRuns: RUNS }
    );
  });

  test('what a stop needs is loaded once', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async history => {
        const whole = await play(history);
        whole.server.network = 'up';
        click(whole);
        await whole.browser.time.pass(1_000);
        assert.equal(whole.starts, 1);
      }),
      { numRuns: RUNS }
    );
  });
});
