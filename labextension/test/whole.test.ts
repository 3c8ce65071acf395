/**
 * The whole page except what draws: session, roll call and connection, with a server that fails, through any order of
 * events.
 */
import './hooks.ts';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Choice } from '../src/stop/state';
import { Browser, show, Signal } from './page.ts';
import { Server } from './server.ts';
import type { Network, Outcome } from './server.ts';
import { OWN } from './world.ts';

const { StopSession } = await import('../src/stop/session.ts');
const { ConnectionGuard } = await import('../src/connection.ts');

/** A night's run sets it. */
const RUNS = Number(process.env.MODEL_RUNS ?? 100);

const HOUR = 3_600_000;

/** A page, its server, and what its user does. */
class Whole {
  readonly browser = show(new Browser());
  readonly server = new Server(this.browser.time);
  readonly failure = new Signal();
  readonly fetch = () => Promise.reject(new Error('not used'));
  readonly settings = { fetch: this.fetch, WebSocket: Signal };
  disposed = false;
  saving = 100;
  saves = true;
  readonly session = this.open();

  private open() {
    const manager = {
      serverSettings: this.settings,
      connectionFailure: this.failure,
      kernels: {
        refreshRunning: () => Promise.resolve(),
        dispose: () => undefined
      },
      sessions: { refreshRunning: () => Promise.resolve() },
      dispose: () => {
        this.disposed = true;
      }
    };
    const documents = {
      unsavedPaths: () => ['a.ipynb'],
      kernels: () => [],
      open: () => [],
      saveAll: () =>
        new Promise(resolve =>
          this.browser.time.after(this.saving, () =>
            resolve(this.saves ? [] : [{ path: 'a.ipynb', reason: 'No.' }])
          )
        )
    };
    const trans = { __: (text: string) => text };
    const parts = {
      api: this.server.api,
      documents,
      canSave: true,
      user: () => undefined,
      trans,
      instanceId: OWN,
      tab: 'tab',
      guard: (onDoubt: () => void) =>
        new ConnectionGuard(
          { serviceManager: manager } as never,
          { isConnected: true } as never,
          () => [],
          onDoubt
        ),
      onChange: () => undefined,
      onShow: () => undefined
    };
    const session = new StopSession(parts as never);
    this.server.hear = attempt => session.dispatch({ type: 'hint', attempt });
    return session;
  }

  answer(choice: Choice): void {
    const { question } = this.browser;
    if (question?.answers.includes(choice)) {
      question.answer(choice);
    }
  }

  /** What the page lets JupyterLab do: everything, nothing for now, nothing any more. */
  get connection(): string {
    return this.disposed
      ? 'disposed'
      : this.settings.fetch === this.fetch
        ? 'open'
        : 'held';
  }

  /** Which farewell is shown, if any: each can be left by a reload. */
  get farewell(): string | null {
    const { overlay } = this.browser;
    return overlay?.view === 'farewell' ? overlay.phase : null;
  }

  /** All dialogs can be left: each by its first button. */
  async leaveDialogs(): Promise<void> {
    for (let turn = 0; this.browser.question; turn++) {
      assert.ok(turn < 5, 'dialogs without end');
      assert.ok(this.browser.question.answers.includes('cancel'));
      this.answer('cancel');
      await this.browser.time.pass(100);
    }
  }
}

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
      ({ session }) => session.stopNow(),
      ({ server }) => server.hear('made up'),
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

function click({ session }: Whole): void {
  session.dispatch({ type: 'command', source: 'menu' });
}

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
        // Once more: a look that hung may have been under way.
        browser.fire('visibilitychange');
        await browser.time.pass(60_000);
        await whole.leaveDialogs();
        if (whole.connection === 'disposed') {
          assert.equal(whole.farewell, 'restarted', 'no way back');
        } else {
          assert.equal(browser.overlay, null);
          assert.equal(whole.connection, 'open');
          assert.ok(whole.session.isIdle);
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
          const { looks } = whole.server;
          await whole.browser.time.pass(HOUR);
          assert.equal(whole.server.looks, looks);
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
        const { looks } = whole.server;
        await whole.browser.time.pass(HOUR);
        assert.equal(whole.server.looks, looks);
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
});
