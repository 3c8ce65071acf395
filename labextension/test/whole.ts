/**
 * The whole page except what draws: what loads a stop, what hears of one, session, roll call and connection, with a
 * server that fails.
 */
import './hooks.ts';
import assert from 'node:assert/strict';
import type { Choice } from '../src/stop/state';
import { Browser, show, Signal, STOP_EVENT } from './page.ts';
import { Server } from './server.ts';
import { INSTANCE_ID } from './world.ts';

const { setLanguage } = await import('../src/language.ts');
const { stopSession } = await import('../src/stop/session.ts');
const { stopLoader } = await import('../src/stop/loader.ts');
const { listen } = await import('../src/stop/remote.ts');
const { connectionGuard } = await import('../src/connection.ts');

/** English, as it is without a translation. */
const trans = { __: (text: string) => text } as never;
setLanguage(trans, 'en');

type Session = ReturnType<typeof stopSession>;

// What could not be loaded is told there as well.
console.warn = () => undefined;

/** A page, its server, and what its user does. */
export class Whole {
  readonly browser = show(new Browser());
  readonly server = new Server(this.browser.time);
  readonly failure = new Signal();
  readonly fetch = () => Promise.reject(new Error('not used'));
  readonly settings = { fetch: this.fetch, WebSocket: Signal };
  disposed = false;
  saving = 100;
  saves = true;
  /** The session, once its parts are loaded. */
  session: Session | null = null;
  /** What the page tells of a stop beside the overlay. */
  stopStatus: string | null = null;
  /** How often a session was made. */
  starts = 0;
  readonly events = { stream: new Signal(), _poll: { standby: 'when-hidden' } };
  readonly loader = stopLoader(trans, () => this.start() as never);

  constructor() {
    const services = { events: this.events };
    listen(services as never, this.loader, INSTANCE_ID);
    this.server.hear = attempt => this.emit({ attempt });
    this.loader.preload();
  }

  /** Have an event come by, one of a stop of this instance unless it says otherwise. */
  emit(event: object): void {
    const ours = { schema_id: STOP_EVENT, instance_id: INSTANCE_ID };
    this.events.stream.emit({ ...ours, ...event });
  }

  /** What is loaded comes from the server. */
  private start(): Session {
    if (this.server.network !== 'up') {
      throw new Error('loading failed');
    }
    this.starts++;
    this.session = this.open();
    return this.session;
  }

  private open(): Session {
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
      obstacle: '',
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
    const parts = {
      api: this.server.api,
      documents,
      user: () => undefined,
      instanceId: INSTANCE_ID,
      tab: 'tab',
      guard: (onConnectionLost: () => void) =>
        connectionGuard(
          { serviceManager: manager } as never,
          { isConnected: true } as never,
          () => [],
          onConnectionLost
        ),
      onChange: () => undefined,
      onStopStatus: (stopStatus: string | null) => {
        this.stopStatus = stopStatus;
      }
    };
    return stopSession(parts as never);
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

/** Choose the command. */
export function click({ loader }: Whole): void {
  void loader.dispatch({ type: 'command', source: 'menu' });
}
