import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { pause } from '../pause';
import type { IStopSession } from './session';
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
 * What loads the rest of the page's part, and speaks to its session.
 */
export interface IStopLoader {
  /** Whether no stop is under way, and none is being asked for. */
  readonly isIdle: () => boolean;
  /** Load when the page has nothing else to do. */
  readonly preload: () => void;
  /** Have the session take an event in. */
  readonly dispatch: (event: Event) => Promise<void>;
  /** Load what a click on the schedule opens; null if it cannot be loaded, which the user is told. */
  readonly loadDialogs: () => Promise<Dialogs | null>;
}

/**
 * Load what a stop needs: all of it at once, since a server that stops answers no more requests. That is when the page
 * has become idle, or at the first use if that comes sooner.
 *
 * @param start - Makes the session of the page. Called once.
 */
export function stopLoader(
  trans: TranslationBundle,
  start: (parts: Parts) => IStopSession
): IStopLoader {
  let session: IStopSession | null = null;

  const load = async (): Promise<Parts> => {
    const parts = await import(/* webpackChunkName: "stop" */ './parts');
    session ??= start(parts);
    return parts;
  };
  const loadForUser = <T>(load: () => Promise<T>): Promise<T | null> =>
    attempt(
      load,
      [],
      trans.__(
        'A part of this page could not be loaded, and nothing was done. Check the network connection, then reload the page.'
      )
    );

  return {
    isIdle: () => session?.isIdle() ?? true,
    preload: () => {
      const begin = () => void attempt(load, PAUSES.idle);
      if ('requestIdleCallback' in window) {
        window.requestIdleCallback(begin, { timeout: LATEST });
      } else {
        void pause(LATEST).then(begin);
      }
    },
    dispatch: async event => {
      if (!session) {
        await (event.type === 'command'
          ? loadForUser(load)
          : attempt(
              load,
              PAUSES.announced,
              trans.__(
                'A stop of this instance was announced, and a part of this page could not be loaded. Save your documents, then reload the page.'
              )
            ));
      }
      session?.dispatch(event);
    },
    loadDialogs: () => loadForUser(async () => (await load()).loadDialogs())
  };
}

/** Load, if need be several times; null if all fail, which the user is told unless `text` is empty. */
async function attempt<T>(
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

async function late(): Promise<never> {
  await pause(TIMEOUT);
  throw new Error('Loading took too long');
}
