import type { JupyterFrontEnd, JupyterLab } from '@jupyterlab/application';
import type { ISessionContext } from '@jupyterlab/apputils';
import type { ServerConnection } from '@jupyterlab/services';

type Settings = {
  -readonly [
    K in keyof ServerConnection.ISettings
  ]: ServerConnection.ISettings[K];
};

/**
 * How much of the connection to the server the page may use.
 *
 * `open`: all. `suspended`: a stop is under way, so polls pause and a lost connection is no error. `held`: the connection
 * is lost or in doubt, so no request and no socket of JupyterLab leaves the page. `disposed`: for good.
 */
export type ConnectionLevel = 'open' | 'suspended' | 'held' | 'disposed';

/**
 * The page's silence while its instance stops, and the way back.
 *
 * Disposing of the service managers is the only silence that JupyterLab offers, and nothing leads back from it. So the
 * requests and sockets are held instead: all managers share one settings object, from which they take `fetch` and
 * `WebSocket` anew each time.
 *
 * @param sessions - The kernel sessions of the open documents.
 * @param onConnectionLost - Called when a connection of JupyterLab's own was lost.
 * @returns A function that changes how much of the connection may be used.
 */
export function connectionGuard(
  { serviceManager }: JupyterFrontEnd,
  info: JupyterLab.IInfo | null,
  sessions: () => ISessionContext[],
  onConnectionLost: () => void
): (level: ConnectionLevel) => void {
  const settings: Settings = serviceManager.serverSettings;
  const { fetch, WebSocket } = settings;
  const { connectionFailure, kernels } = serviceManager;
  let current: ConnectionLevel = 'open';
  let watched: ISessionContext[] | null = null;

  const onChange = () => {
    if (current === 'suspended') {
      onConnectionLost();
    }
  };
  const setConnected = (isConnected: boolean) => {
    if (info) {
      info.isConnected = isConnected;
    }
  };
  const suspend = () => {
    setConnected(false);
    if (!watched) {
      watched = sessions();
      watched.forEach(session =>
        session.connectionStatusChanged.connect(onChange)
      );
      connectionFailure.connect(onChange);
    }
  };
  const unwatch = () => {
    watched?.forEach(session =>
      session.connectionStatusChanged.disconnect(onChange)
    );
    connectionFailure.disconnect(onChange);
    watched = null;
  };
  const release = () => {
    Object.assign(settings, { fetch, WebSocket });
    if (held.size) {
      for (const { session } of sessions()) {
        if (session?.kernel?.connectionStatus === 'connecting') {
          session.kernel.reconnect().catch(() => undefined);
        }
      }
      dropAll();
    }
  };

  return level => {
    if (level === current || current === 'disposed') {
      return;
    }
    current = level;
    switch (level) {
      case 'open':
        unwatch();
        setConnected(true);
        release();
        // Polls that failed meanwhile have slowed down.
        void Promise.allSettled([
          kernels.refreshRunning(),
          serviceManager.sessions.refreshRunning()
        ]);
        break;
      case 'suspended':
        suspend();
        release();
        break;
      case 'held':
        suspend();
        settings.fetch = () =>
          Promise.reject(new TypeError('The instance is stopping'));
        settings.WebSocket = HeldSocket as unknown as typeof WebSocket;
        break;
      case 'disposed':
        unwatch();
        kernels.dispose();
        serviceManager.dispose();
    }
  };
}

/** The sockets that are held. */
const held = new Set<HeldSocket>();

function dropAll(): void {
  const sockets = [...held];
  held.clear();
  for (const socket of sockets) {
    socket.readyState = WebSocket.CLOSED;
    const event = new CloseEvent('close');
    socket.onclose?.(event);
    socket.dispatchEvent(event);
  }
}

/** A WebSocket that stays `connecting` until it is dropped; its owner then connects again. */
class HeldSocket extends EventTarget {
  readonly url: string;

  constructor(url: string) {
    super();
    this.url = url;
    held.add(this);
  }

  send(): void {
    // Nothing is open.
  }

  close(): void {
    this.readyState = WebSocket.CLOSED;
    held.delete(this);
  }

  readyState: number = WebSocket.CONNECTING;
  binaryType = 'blob';
  readonly protocol = '';
  onclose: ((event: CloseEvent) => void) | null = null;
}
