/**
 * A server and its instance, as a page sees them: they take their time, fail, stop and live again.
 */
import type {
  IApi,
  IAttempt,
  IInstance,
  IStopRequest,
  Phase
} from '../src/api';
import { ApiError, Time } from './page.ts';
import { attempt, view } from './world.ts';

/** What comes of a stop once all tabs have saved. */
export type Outcome = 'accepted' | 'refused' | 'unknown' | 'silent' | 'slow';

/** What a request meets on its way. */
export type Network = 'up' | 'down' | 'hangs' | 'gateway';

export class Server {
  network: Network = 'up';
  outcome: Outcome = 'accepted';
  /** Whether an accepted stop comes to nothing. */
  resumes = false;
  status = 'RUNNING';
  current: IAttempt | null = null;
  polls = 0;
  readonly requested: IStopRequest[] = [];
  hear: (id: string) => void = () => undefined;
  private readonly time: Time;
  /** Counts the starts of the instance. */
  private life = 0;
  private reported = '';
  private waiting: (() => void)[] = [];

  constructor(time: Time) {
    this.time = time;
  }

  get api(): IApi {
    const calls: Pick<
      IApi,
      'instance' | 'cachedInstance' | 'stop' | 'cancel' | 'report'
    > = {
      instance: waitForCloud => {
        this.polls++;
        return this.call(() => this.view(), waitForCloud ? 50_000 : 10_000);
      },
      cachedInstance: () => this.call(() => this.view(), 10_000),
      stop: request => {
        this.requested.push(request);
        return this.stop(request);
      },
      cancel: id => this.call(() => this.cancel(id), 10_000),
      report: (id, _tab, { state }) =>
        this.call(() => {
          if (this.current?.id === id) {
            this.reported = state;
          }
        }, 10_000)
    };
    return calls as IApi;
  }

  /** A stop that another tab, a cell or a terminal asks for. */
  begin(id: string, save: 'all' | 'none', heard: boolean): void {
    if (this.status === 'RUNNING' && !this.live) {
      this.run({
        ...attempt(id, save === 'all' ? 'saving' : 'stopping'),
        save
      });
      if (heard) {
        this.hear(id);
      }
    }
  }

  /** Another server in its place, which knows nothing. */
  restart(): void {
    this.current = null;
    this.waiting = [];
  }

  revive(): void {
    this.restart();
    this.life++;
    this.status = 'RUNNING';
    this.network = 'up';
  }

  private get live(): boolean {
    return ['saving', 'stopping', 'accepted'].includes(
      this.current?.phase ?? ''
    );
  }

  private view(): IInstance {
    return view(this.status, this.current && { ...this.current });
  }

  /** An answer after a moment, or what the network makes of it. */
  private call<T>(answer: () => T, limit: number): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.network === 'hangs') {
        if (limit) {
          this.time.after(limit, () => reject(new Error('timeout')));
        }
        return;
      }
      this.time.after(20, () => {
        try {
          if (this.network === 'gateway') {
            throw new ApiError({ code: 'http_502', message: 'Bad' }, 502);
          }
          if (this.network !== 'up') {
            throw new Error('lost');
          }
          resolve(answer());
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
  }

  private async stop(request: IStopRequest) {
    const begun = await this.call((): IAttempt => {
      if (this.current && this.live) {
        return this.current;
      }
      const phase: Phase = request.save === 'all' ? 'saving' : 'stopping';
      const one = {
        ...attempt(request.attempt ?? '', phase),
        save: request.save
      };
      this.run(one);
      return one;
    }, 0);
    await new Promise<void>(resolve => {
      if (this.current === begun && this.pending) {
        this.waiting.push(resolve);
      } else {
        resolve();
      }
    });
    return this.call(() => {
      if (begun.error) {
        throw new ApiError(begun.error, 409);
      }
      return { attempt: { ...begun }, instance: this.view() };
    }, 0);
  }

  private get pending(): boolean {
    return ['saving', 'stopping'].includes(this.current?.phase ?? '');
  }

  private cancel(id: string): void {
    if (this.current?.id !== id || this.current.phase !== 'saving') {
      throw new ApiError({ code: 'too_late', message: 'Too late.' }, 409);
    }
    this.enter(this.current, 'cancelled', 'cancelled');
  }

  private run(one: IAttempt): void {
    this.current = one;
    this.reported = '';
    if (one.phase === 'saving') {
      this.time.after(2_000, () => this.collect(one, 15_000));
    } else {
      this.time.after(500, () => this.callCloud(one));
    }
  }

  private collect(one: IAttempt, left: number): void {
    if (this.current !== one || one.phase !== 'saving') {
      return;
    }
    if (this.outcome === 'silent' && !this.requested.at(-1)?.silent) {
      this.enter(one, 'cancelled', 'silent_tabs');
    } else if (this.reported === 'here' && left > 0) {
      this.time.after(500, () => this.collect(one, left - 500));
    } else if (this.reported === 'here' || this.reported === 'failed') {
      this.enter(one, 'cancelled', 'save_failed');
    } else {
      one.phase = 'stopping';
      this.time.after(500, () => this.callCloud(one));
    }
  }

  private callCloud(one: IAttempt): void {
    if (this.current !== one) {
      return;
    }
    if (this.outcome === 'slow') {
      this.outcome = 'accepted';
      this.time.after(30_000, () => this.callCloud(one));
    } else if (this.outcome === 'accepted') {
      this.enter(one, 'accepted');
      this.status = 'STOPPING';
      const { life } = this;
      this.time.after(6_000, () => {
        if (this.life === life) {
          this.finish(one);
        }
      });
    } else {
      const unknown = this.outcome === 'unknown';
      this.enter(one, 'refused', unknown ? 'outcome_unknown' : 'denied');
    }
  }

  private finish(one: IAttempt): void {
    if (this.status !== 'STOPPING') {
      return;
    }
    if (this.resumes) {
      this.status = 'RUNNING';
      if (this.current === one) {
        this.enter(one, 'resumed', 'stop_failed');
      }
    } else {
      this.status = 'STOPPED';
      one.phase = 'stopped';
      this.time.after(500, () => {
        if (this.status === 'STOPPED') {
          this.network = 'down';
        }
      });
    }
  }

  private enter(one: IAttempt, phase: Phase, code = ''): void {
    Object.assign(one, {
      phase,
      error: code ? { code, message: 'No.' } : null
    });
    this.waiting.splice(0).forEach(resolve => resolve());
  }
}
