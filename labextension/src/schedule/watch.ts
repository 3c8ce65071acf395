import type {
  Event as ServerEvent,
  ServiceManager
} from '@jupyterlab/services';
import { SCHEDULE_EVENT } from '../api';
import type { Api, IInstance, IScheduleAnswer, IScheduleRequest } from '../api';
import { pause } from '../pause';
import { countdownEnd, freshFor } from './outlook';
import type { Course, IOutlook } from './outlook';

/** Pauses before what could not be read is read again, in milliseconds. */
const RETRIES = [2_000, 5_000, 15_000];

/** How long after a countdown the page waits for news, in milliseconds. */
const OVERDUE = 5_000;

/**
 * Keeps what the page knows of its instance's end. It reads when it is told to, by a user or by an event; nothing is
 * polled, only the clock goes on.
 */
export class ScheduleWatch {
  readonly api: Api;
  readonly instanceId: string;
  /** Whether the settings of the server allow to schedule stops. */
  readonly isAllowed: boolean;
  /** The grace period that the user prefers, in minutes; 0 leaves it to the server. */
  grace = 0;

  constructor(
    api: Api,
    services: ServiceManager.IManager,
    instanceId: string,
    isAllowed: boolean
  ) {
    this.api = api;
    this.instanceId = instanceId;
    this.isAllowed = isAllowed;
    // An event is a hint: anyone can post one.
    services.events?.stream.connect((_, event: ServerEvent.Emission) => {
      const { schema_id, instance_id, change } = event;
      if (schema_id === SCHEDULE_EVENT && instance_id === instanceId) {
        if (change !== 'lease') {
          void this.read();
        } else if (this.outlook.instance) {
          void this.readInstance();
        }
      }
    });
    // A socket that was down has missed events.
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden && this.outlook.schedule && !this.outlook.course) {
        void this.read();
      }
    });
  }

  get outlook(): IOutlook {
    return this.#outlook;
  }

  /** Call a listener now and after each change, and whenever the clock changes what is to be shown. */
  listen(listener: () => void): void {
    this.#listeners.push(listener);
    listener();
  }

  /** Read the schedule. */
  async read(): Promise<void> {
    const turn = ++this.#turn;
    for (const wait of [...RETRIES, 0]) {
      try {
        const answer = await this.api.schedule();
        if (turn === this.#turn) {
          this.#set({ schedule: answer.schedule });
        }
        return;
      } catch {
        if (!wait || turn !== this.#turn || this.outlook.course) {
          break;
        }
        await pause(wait);
      }
    }
    if (
      turn === this.#turn &&
      countdownEnd(this.#outlook) + OVERDUE < this.api.now()
    ) {
      // A countdown that has come to nothing, and that nobody can confirm.
      this.#set({ schedule: null });
    }
  }

  /** Read the instance. */
  async readInstance(): Promise<void> {
    try {
      const instance = await this.api.instance(true);
      if (instance.available && instance.id === this.instanceId) {
        this.#set({ instance });
      }
    } catch {
      // What is known stays.
    }
  }

  /** Schedule a stop. */
  schedule(request: IScheduleRequest): Promise<IScheduleAnswer> {
    return this.#take(this.api.setSchedule(this.instanceId, request));
  }

  /** Cancel the scheduled stop. */
  cancel(): Promise<IScheduleAnswer> {
    return this.#take(this.api.cancelSchedule());
  }

  /** Have the platform stop the instance later: so many hours from now. */
  async extend(hours: number): Promise<IInstance> {
    const instance = await this.api.renewLease(this.instanceId, hours * 3_600);
    this.#set({ instance });
    return instance;
  }

  /** Tell how the stop goes that the page follows; null when it follows none. Meanwhile it leaves the server alone. */
  follow(course: Course | null): void {
    if (course !== this.#outlook.course) {
      this.#set({ course });
    }
  }

  readonly #update = (): void => {
    window.clearTimeout(this.#timer);
    const now = this.api.now();
    const end = countdownEnd(this.#outlook);
    if (end) {
      const wait = Math.max(OVERDUE, end + OVERDUE - now);
      this.#timer = window.setTimeout(() => void this.read(), wait);
    } else {
      const fresh = freshFor(this.#outlook, now);
      if (fresh) {
        this.#timer = window.setTimeout(this.#update, fresh);
      }
    }
    this.#listeners.forEach(listener => listener());
  };

  async #take(request: Promise<IScheduleAnswer>): Promise<IScheduleAnswer> {
    const answer = await request;
    // An answer that is on its way is older.
    this.#turn++;
    this.#set({ schedule: answer.schedule });
    return answer;
  }

  #set(known: Partial<IOutlook>): void {
    this.#outlook = { ...this.#outlook, ...known };
    this.#update();
  }

  #outlook: IOutlook = {
    schedule: null,
    instance: null,
    course: null
  };
  readonly #listeners: (() => void)[] = [];
  #turn = 0;
  #timer = 0;
}
