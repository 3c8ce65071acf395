import type { TranslationBundle } from '@jupyterlab/translation';
import type { Widget } from '@lumino/widgets';
import { StopDialog } from './dialog';
import { FarewellBody, farewellTitle } from './farewell';
import type { IFarewell } from './farewell';
import { ProgressBody } from './progress';
import type { IProgress } from './progress';

/**
 * The one dialog that accompanies a stop: progress first, the farewell last.
 */
export class StopView {
  constructor(private readonly trans: TranslationBundle) {}

  /** Show how it goes on. */
  progress(progress: IProgress): void {
    if (!this.body) {
      this.body = new ProgressBody(this.trans);
      this.open(this.trans.__('Stopping this instance'), this.body);
    }
    this.body.render(progress);
  }

  /** Show how it ended; once is enough. */
  farewell(farewell: IFarewell): void {
    if (this.ended !== farewell.end) {
      this.ended = farewell.end;
      this.open(farewellTitle(farewell), new FarewellBody(farewell));
    }
  }

  /** Take it away. */
  close(): void {
    // Not dispose(): that would reject every dialog that waits behind this one.
    this.dialog?.reject();
    this.dialog = null;
  }

  private open(title: string, body: Widget): void {
    this.close();
    this.dialog = new StopDialog({ title, body });
    void this.dialog.ask();
  }

  private dialog: StopDialog | null = null;
  private body: ProgressBody | null = null;
  private ended: IFarewell['end'] | null = null;
}
