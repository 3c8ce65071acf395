import type { JupyterFrontEnd, JupyterLab } from '@jupyterlab/application';
import type { ISignal } from '@lumino/signaling';

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
   * @param signs - What may tell first that the connection has gone.
   * @param onSign - Called at each such sign.
   */
  enter(signs: ISignal<unknown, unknown>[], onSign: () => void): void {
    this.connected(false);
    this.onSign = onSign;
    this.signs = [...signs, this.app.serviceManager.connectionFailure];
    this.signs.forEach(sign => sign.connect(this.notice, this));
  }

  /** The instance lives on. */
  leave(): void {
    this.connected(true);
    this.signs.forEach(sign => sign.disconnect(this.notice, this));
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

  private notice(): void {
    this.onSign();
  }

  private connected(value: boolean): void {
    if (this.info) {
      this.info.isConnected = value;
    }
  }

  private signs: ISignal<unknown, unknown>[] = [];
  private onSign: () => void = () => undefined;
}
