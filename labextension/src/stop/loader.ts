import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { pause } from '../pause';
import type { StopSession } from './session';
import type { Event } from './state';

type Parts = typeof import('./parts');
type Dialogs = typeof import('../schedule/lazy');

/** How long to wait for the parts, in milliseconds. */
const TIMEOUT = 10_000;

/** Pauses before loading is tried again, in milliseconds: when nobody waits for it, and when a stop is announced. */
const PAUSES = {
  idle: [2_000, 15_000, 60_000],
  announced: [200, 400, 800, 2_000]
} as const;

/** The latest start of loading after the page is ready, in milliseconds. */
const LATEST = 2_000;

/**
 * Loads what a stop needs: all of it at once, since a server that stops answers no more requests. That is when the page
 * has become idle, or at the first use if that comes sooner.
 */
export class StopLoader {
  readonly #trans: TranslationBundle;
  readonly #start: (parts: Parts) => StopSession;

  /**
   * @param start - Makes the session of the page. Called once.
   */
  constructor(trans: TranslationBundle, start: (parts: Parts) => StopSession) {
    this.#trans = trans;
    this.#start = start;
  }

  /** Whether no stop is under way, and none is being asked for. */
  get isIdle(): boolean {
    return this.#session?.isIdle ?? true;
  }

  /** Load when the page has nothing else to do. */
  preload(): void {
    const begin = () => void this.#try(() => this.#load(), PAUSES.idle);
    if ('requestIdleCallback' in window) {
      window.requestIdleCallback(begin, { timeout: LATEST });
    } else {
      void pause(LATEST).then(begin);
    }
  }

  /** Have the session take an event in. */
  async dispatch(event: Event): Promise<void> {
    if (!this.#session) {
      await (event.type === 'command'
        ? this.#tryForUser(() => this.#load())
        : this.#try(
            () => this.#load(),
            PAUSES.announced,
            this.#trans.__(
              'A stop of this instance was announced, and a part of this page could not be loaded. Save your documents, then reload the page.'
            )
          ));
    }
    this.#session?.dispatch(event);
  }

  /** What a click on the schedule opens; null if it cannot be loaded, which the user is told. */
  loadDialogs(): Promise<Dialogs | null> {
    return this.#tryForUser(async () => (await this.#load()).loadDialogs());
  }

  #tryForUser<T>(load: () => Promise<T>): Promise<T | null> {
    return this.#try(
      load,
      [],
      this.#trans.__(
        'A part of this page could not be loaded, and nothing was done. Check the network connection, then reload the page.'
      )
    );
  }

  /** Load, if need be several times; null if all fail, which the user is told unless `text` is empty. */
  async #try<T>(
    load: () => Promise<T>,
    pauses: readonly number[],
    text = ''
  ): Promise<T | null> {
    for (const wait of [...pauses, 0]) {
      try {
        return await Promise.race([load(), late()]);
      } catch (error) {
        console.warn(error);
        if (wait) {
          await pause(wait);
        }
      }
    }
    if (text) {
      Notification.error(text, { autoClose: false });
    }
    return null;
  }

  async #load(): Promise<Parts> {
    const parts = await import(/* webpackChunkName: "stop" */ './parts');
    this.#session ??= this.#start(parts);
    return parts;
  }

  #session: StopSession | null = null;
}

async function late(): Promise<never> {
  await pause(TIMEOUT);
  throw new Error('Loading took too long');
}
