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
 */
export class ConnectionGuard {
  readonly #app: JupyterFrontEnd;
  readonly #info: JupyterLab.IInfo | null;
  readonly #sessions: () => ISessionContext[];
  readonly #onDoubt: () => void;

  /**
   * @param sessions - The kernel sessions of the open documents.
   * @param onDoubt - Called when a connection of JupyterLab's own was lost.
   */
  constructor(
    app: JupyterFrontEnd,
    info: JupyterLab.IInfo | null,
    sessions: () => ISessionContext[],
    onDoubt: () => void
  ) {
    this.#app = app;
    this.#info = info;
    this.#sessions = sessions;
    this.#onDoubt = onDoubt;

    this.#settings = app.serviceManager.serverSettings;
    this.#fetch = this.#settings.fetch;
    this.#socket = this.#settings.WebSocket;
  }

  /** Change how much of the connection may be used. */
  set(level: ConnectionLevel): void {
    if (level === this.#level || this.#level === 'disposed') {
      return;
    }
    this.#level = level;
    switch (level) {
      case 'open':
        this.#resume();
        break;
      case 'suspended':
        this.#suspend();
        this.#release();
        break;
      case 'held':
        this.#suspend();
        this.#hold();
        break;
      case 'disposed':
        this.#dispose();
    }
  }

  #suspend(): void {
    this.#setConnected(false);
    if (!this.#watched) {
      this.#watched = this.#sessions();
      this.#watched.forEach(session =>
        session.connectionStatusChanged.connect(this.#onChange, this)
      );
      this.#app.serviceManager.connectionFailure.connect(this.#onChange, this);
    }
  }

  #hold(): void {
    this.#settings.fetch = () =>
      Promise.reject(new TypeError('The instance is stopping'));
    this.#settings.WebSocket = HeldSocket as unknown as typeof WebSocket;
  }

  #release(): void {
    this.#settings.fetch = this.#fetch;
    this.#settings.WebSocket = this.#socket;
    if (HeldSocket.held.size) {
      for (const { session } of this.#sessions()) {
        if (session?.kernel?.connectionStatus === 'connecting') {
          session.kernel.reconnect().catch(() => undefined);
        }
      }
      HeldSocket.dropAll();
    }
  }

  #resume(): void {
    this.#unwatch();
    this.#setConnected(true);
    this.#release();
    // Polls that failed meanwhile have slowed down.
    const { kernels, sessions } = this.#app.serviceManager;
    void Promise.allSettled([
      kernels.refreshRunning(),
      sessions.refreshRunning()
    ]);
  }

  #dispose(): void {
    this.#unwatch();
    this.#app.serviceManager.kernels.dispose();
    this.#app.serviceManager.dispose();
  }

  #unwatch(): void {
    this.#watched?.forEach(session =>
      session.connectionStatusChanged.disconnect(this.#onChange, this)
    );
    this.#app.serviceManager.connectionFailure.disconnect(this.#onChange, this);
    this.#watched = null;
  }

  #onChange(): void {
    if (this.#level === 'suspended') {
      this.#onDoubt();
    }
  }

  #setConnected(value: boolean): void {
    if (this.#info) {
      this.#info.isConnected = value;
    }
  }

  readonly #settings: Settings;
  readonly #fetch: ServerConnection.ISettings['fetch'];
  readonly #socket: ServerConnection.ISettings['WebSocket'];
  #level: ConnectionLevel = 'open';
  #watched: ISessionContext[] | null = null;
}

/** A WebSocket that stays `connecting` until it is dropped; its owner then connects again. */
class HeldSocket extends EventTarget {
  readonly url: string;

  constructor(url: string) {
    super();
    this.url = url;
    HeldSocket.held.add(this);
  }

  static readonly held = new Set<HeldSocket>();

  static dropAll(): void {
    const sockets = [...HeldSocket.held];
    HeldSocket.held.clear();
    for (const socket of sockets) {
      socket.readyState = WebSocket.CLOSED;
      const event = new CloseEvent('close');
      socket.onclose?.(event);
      socket.dispatchEvent(event);
    }
  }

  send(): void {
    // Nothing is open.
  }

  close(): void {
    this.readyState = WebSocket.CLOSED;
    HeldSocket.held.delete(this);
  }

  readyState: number = WebSocket.CONNECTING;
  binaryType = 'blob';
  readonly protocol = '';
  onclose: ((event: CloseEvent) => void) | null = null;
}
