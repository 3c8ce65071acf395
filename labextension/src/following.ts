import { ApiError } from './api';
import { openDocuments } from './documents';
import { asProblem } from './failure';
import type {
  IAttempt,
  IInstance,
  INoInstance,
  IProblem,
  IStopRequest,
  Phase,
  Save
} from './model';
import type { IPage } from './page';
import { takePart } from './participation';
import type { Stage } from './progress';
import { MISSES_ALLOWED, Timing } from './timing';
import { StopView } from './view';

/**
 * How an attempt ended that did not stop the instance. (After one that did, the page has no more to do.)
 */
export interface IEnd {
  phase: Phase | 'unknown';
  problem: IProblem | null;
  consoleUrl: string | null;
  /** Cancelled by a click in this tab. */
  here: boolean;
}

/** What the server says when it does not know either. */
const UNKNOWN = ['outcome_unknown', 'foreign_answer'];

/**
 * Whether an attempt has not failed.
 */
export function isLive({ phase }: IAttempt): boolean {
  return phase !== 'refused' && phase !== 'cancelled' && phase !== 'resumed';
}

/**
 * Follows one attempt from the request to the end of the connection, whoever made it.
 */
export class Following {
  constructor(
    private readonly page: IPage,
    private attempt: string,
    private readonly save: Save,
    private readonly origin: string | null = null
  ) {
    page.withdraw?.();
    page.following = this;
    this.view = new StopView(page.trans);
    this.ended = new Promise(resolve => {
      this.resolve = resolve;
    });
  }

  /** Resolves when the attempt is over and the instance is not. */
  readonly ended: Promise<IEnd>;

  /** Whether nothing more will come. */
  get over(): boolean {
    return this.isOver;
  }

  /** Show that this tab saves before it asks. */
  preparing(): void {
    this.show('documents', () => this.cancelledHere());
  }

  /** Nothing was asked for: take everything back. */
  abandon(): void {
    this.isOver = true;
    this.page.following = null;
    this.view.close();
  }

  /** Ask for the stop, and follow it. */
  request(request: IStopRequest): void {
    this.asking = true;
    this.show(this.save === 'all' ? 'saving' : 'stopping');
    this.page.api.stop(request).then(
      ({ attempt, instance }) => this.see({ ...instance, attempt }),
      (error: unknown) => this.fail(error)
    );
    void this.watch();
  }

  /** Follow what someone else has asked for. */
  join(instance: IInstance): void {
    this.see(instance);
    void this.watch();
  }

  /** Look now. */
  poke(): void {
    this.wake();
  }

  private async watch(): Promise<void> {
    let looks = 0;
    while (!this.isOver) {
      await this.sleep(looks);
      looks++;
      if (this.isOver) {
        return;
      }
      if (this.page.quiet.waiting) {
        continue;
      }
      try {
        const answer = await this.page.api.instance();
        this.misses = 0;
        this.see(answer);
      } catch {
        this.miss();
      }
    }
  }

  private see(answer: IInstance | INoInstance): void {
    if (this.isOver) {
      return;
    }
    if (!answer.available || answer.id !== this.page.instanceId) {
      this.miss();
      return;
    }
    this.instance = answer;
    const { attempt } = answer;
    if (attempt && this.asking && !this.accepted && isLive(attempt)) {
      // The server had one under way already, and ours has joined it.
      this.attempt = attempt.id;
    }
    if (attempt?.id !== this.attempt) {
      this.notThere();
      return;
    }
    switch (attempt.phase) {
      case 'saving':
        this.show('saving', () => void this.cancel());
        if (this.partIn !== attempt.id) {
          this.partIn = attempt.id;
          void takePart(this.page, attempt);
        }
        break;
      case 'stopping':
        this.hush();
        this.show('stopping');
        break;
      case 'accepted':
      case 'stopped':
        this.accept(attempt.phase === 'stopped');
        break;
      default:
        this.finish(attempt.phase, attempt.error ?? null);
    }
  }

  private accept(stopped: boolean): void {
    this.accepted = true;
    this.hush();
    if (stopped || this.instance?.status === 'STOPPED') {
      this.stopped = true;
      this.farewell('stopped');
    } else {
      this.show('accepted');
    }
  }

  /** From the call to the cloud on, the server may go at any moment, perhaps before it has told us the answer. */
  private hush(): void {
    if (!this.hushed) {
      this.hushed = true;
      const sessions = openDocuments(this.page).map(
        ({ sessionContext }) => sessionContext
      );
      this.page.quiet.enter(
        sessions,
        () => this.wake(),
        () => (this.accepted ? this.miss() : this.wake())
      );
    }
  }

  /** The server answers and knows nothing of the attempt. */
  private notThere(): void {
    if (this.accepted) {
      this.finish('resumed', null);
    } else if (this.lost) {
      this.finish('refused', asProblem(this.page.trans, this.lost));
    } else if (!this.asking) {
      this.finish('cancelled', null);
    }
  }

  /** The server does not answer, or it is another one. */
  private miss(): void {
    this.misses++;
    if (this.accepted) {
      this.isOver = true;
      this.page.quiet.end();
      this.farewell(this.stopped ? 'stopped' : 'gone');
    } else if (this.misses >= MISSES_ALLOWED) {
      this.finish('unknown', asProblem(this.page.trans, this.lost));
    }
  }

  /** The request failed. If no answer came, the next looks will tell what has become of it. */
  private fail(error: unknown): void {
    if (error instanceof ApiError) {
      if (!this.accepted) {
        this.finish('refused', error.problem);
      }
    } else {
      this.lost = error;
      this.wake();
    }
  }

  private async cancel(): Promise<void> {
    try {
      await this.page.api.cancel(this.attempt);
      this.cancelledHere();
    } catch {
      this.wake();
    }
  }

  private cancelledHere(): void {
    this.finish('cancelled', null, true);
  }

  private finish(
    phase: IEnd['phase'],
    problem: IProblem | null,
    here = false
  ): void {
    if (this.isOver) {
      return;
    }
    this.abandon();
    if (this.hushed) {
      this.page.quiet.leave();
    }
    this.wake();
    const consoleUrl = this.instance?.console_url ?? null;
    if (problem && UNKNOWN.includes(problem.code)) {
      phase = 'unknown';
    }
    this.resolve({ phase, problem, consoleUrl, here });
  }

  private show(stage: Stage, cancel: (() => void) | null = null): void {
    const { instance, save, origin } = this;
    this.view.progress({ stage, save, instance, origin, cancel });
  }

  private farewell(end: 'stopped' | 'gone'): void {
    const { instance } = this;
    this.view.farewell({ trans: this.page.trans, end, instance });
  }

  private sleep(looks: number): Promise<void> {
    const ms = this.stopped
      ? Timing.stoppedPoll
      : this.accepted && looks > 5
        ? Timing.followPoll
        : looks
          ? Timing.requestPoll
          : Timing.firstPoll;
    return new Promise(resolve => {
      const timer = window.setTimeout(resolve, ms);
      this.wake = () => {
        window.clearTimeout(timer);
        resolve();
      };
    });
  }

  private readonly view: StopView;
  private instance: IInstance | null = null;
  private resolve: (end: IEnd) => void = () => undefined;
  private wake: () => void = () => undefined;
  private partIn = '';
  private misses = 0;
  private lost: unknown = null;
  private asking = false;
  private accepted = false;
  private hushed = false;
  private stopped = false;
  private isOver = false;
}
