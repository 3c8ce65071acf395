import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { pause } from '../pause';
import type { ISession } from './parts';
import type { Event } from './state';

type Parts = typeof import('./parts');

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
 * What loads the parts, and speaks to their session.
 */
export interface IStopLoader {
  /** The session; null until it is loaded. */
  readonly session: () => ISession | null;
  /** Resolves when it is loaded. */
  readonly ready: Promise<ISession>;
  /** Whether no stop is under way, and none is being asked for. */
  readonly isIdle: () => boolean;
  /** Load when the page has nothing else to do. */
  readonly preload: () => void;
  /** Load for a click; null if it cannot be loaded, which the user is told. */
  readonly load: () => Promise<ISession | null>;
  /** Have the session take an event in. */
  readonly dispatch: (event: Event) => Promise<void>;
}

/**
 * Load the parts of the page: all at once, since a server that stops answers no more requests. That is when the page
 * has become idle, or at the first use if that comes sooner.
 *
 * @param start - Makes the session of the page. Called once.
 */
export function stopLoader(
  trans: TranslationBundle,
  start: (parts: Parts) => ISession
): IStopLoader {
  let session: ISession | null = null;
  let loaded: (session: ISession) => void;
  const ready = new Promise<ISession>(resolve => {
    loaded = resolve;
  });
  const load = async (): Promise<ISession> => {
    const parts = await import(/* webpackChunkName: "stop" */ './parts');
    if (!session) {
      session = start(parts);
      loaded(session);
    }
    return session;
  };
  const loadForUser = () =>
    loadWithRetries(
      load,
      [],
      trans.__(
        'A part of this page could not be loaded, and nothing was done. Check the network connection, then reload the page.'
      )
    );

  return {
    session: () => session,
    ready,
    isIdle: () => session?.isIdle() ?? true,
    preload: () => {
      const begin = () => void loadWithRetries(load, PAUSES.idle);
      if ('requestIdleCallback' in window) {
        window.requestIdleCallback(begin, { timeout: LATEST });
      } else {
        void pause(LATEST).then(begin);
      }
    },
    load: loadForUser,
    dispatch: async event => {
      if (!session) {
        await (event.type === 'command'
          ? loadForUser()
          : loadWithRetries(
              load,
              PAUSES.announced,
              trans.__(
                'A stop of this instance was announced, and a part of this page could not be loaded. Save your documents, then reload the page.'
              )
            ));
      }
      session?.dispatch(event);
    }
  };
}

/** Load, if need be several times; null if all fail, which the user is told unless `text` is empty. */
async function loadWithRetries<T>(
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
