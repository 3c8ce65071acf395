import type { JupyterFrontEnd, JupyterLab } from '@jupyterlab/application';
import type { ISessionContext } from '@jupyterlab/apputils';
import { isLab } from './page';
import { pause, Timing } from './timing';

/**
 * The page's silence: an instance that stops is not asked for anything, and its end is no error.
 */
export class Quiet {
  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly info: JupyterLab.IInfo | null
  ) {}

  /**
   * A stop is under way: no more polls, no "Server Connection Error".
   *
   * @param sessions - Whose kernels may tell first that the connection has gone.
   * @param onSign - Called when something says that it may have gone.
   * @param onLoss - Called when it has.
   */
  enter(
    sessions: ISessionContext[],
    onSign: () => void,
    onLoss: () => void
  ): void {
    this.connected(false);
    this.sessions = sessions;
    this.onSign = onSign;
    this.onLoss = onLoss;
    sessions.forEach(session =>
      session.connectionStatusChanged.connect(this.onKernel, this)
    );
    this.app.serviceManager.connectionFailure.connect(this.onFailure, this);
  }

  /** Whether a kernel is just trying to get its connection back: that tells as much as a request of ours. */
  get waiting(): boolean {
    return this.isWaiting;
  }

  /** The instance lives on. */
  leave(): void {
    this.connected(true);
    this.sessions.forEach(session =>
      session.connectionStatusChanged.disconnect(this.onKernel, this)
    );
    this.app.serviceManager.connectionFailure.disconnect(this.onFailure, this);
    this.sessions = [];
  }

  /**
   * The connection has gone.
   *
   * Notebook 7 and older JupyterLabs go on trying while there is something left to try with.
   */
  end(): void {
    this.leave();
    this.connected(false);
    this.app.serviceManager.kernels.dispose();
    this.app.serviceManager.dispose();
  }

  private onFailure(): void {
    this.onSign();
  }

  private onKernel(): void {
    // Notebook 7 goes on asking whatever the flag says: there the sooner the end is known, the better.
    if (!isLab(this.app) || !this.reconnecting()) {
      this.onSign();
    } else if (!this.isWaiting) {
      this.isWaiting = true;
      void pause(Timing.reconnect).then(() => {
        this.isWaiting = false;
        if (this.reconnecting()) {
          this.onLoss();
        }
      });
    }
  }

  private reconnecting(): boolean {
    return this.sessions.some(
      ({ session }) => session?.kernel?.connectionStatus === 'connecting'
    );
  }

  private connected(value: boolean): void {
    if (this.info) {
      this.info.isConnected = value;
    }
  }

  private sessions: ISessionContext[] = [];
  private isWaiting = false;
  private onLoss: () => void = () => undefined;
  private onSign: () => void = () => undefined;
}
