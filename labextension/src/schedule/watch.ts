import type { IApi, IScheduleAnswer, IScheduleRequest } from '../api';
import { pause } from '../pause';
import type { IInstanceState, StopStatus } from './instance_state';
import { countdownEnd, freshFor } from './rules';

/** Pauses before what could not be read is read again, in milliseconds. */
const RETRIES = [2_000, 5_000, 15_000];

/** How long after a countdown the page waits for news, in milliseconds. */
const OVERDUE = 5_000;

/**
 * What the page knows of its instance's end, and what it can do about it.
 */
export interface IScheduleWatch {
  readonly api: IApi;
  readonly instanceId: string;
  /** Whether the settings of the server allow to schedule stops. */
  readonly isAllowed: boolean;
  /** The grace period that the user prefers, in minutes; 0 leaves it to the server. */
  grace: number;
  readonly state: IInstanceState;
  /** Call a listener now and after each change, and whenever the clock changes what is to be shown. */
  readonly listen: (listener: () => void) => void;
  /** Read the schedule. */
  readonly read: () => Promise<void>;
  /** Read the instance. */
  readonly readInstance: () => Promise<void>;
  /** Schedule a stop. */
  readonly schedule: (request: IScheduleRequest) => Promise<IScheduleAnswer>;
  /** Cancel the scheduled stop. */
  readonly cancel: () => Promise<IScheduleAnswer>;
  /** Have the platform stop the instance later: so many hours from now. */
  readonly extend: (hours: number) => Promise<void>;
  /** Tell how the stop goes that the page follows; null when it follows none. Meanwhile it leaves the server alone. */
  readonly follow: (stopStatus: StopStatus | null) => void;
}

/**
 * Keep what the page knows of its instance's end. It reads when it is told to, by a user or by an event; nothing is
 * polled, only the clock goes on.
 */
export function scheduleWatch(
  api: IApi,
  instanceId: string,
  isAllowed: boolean
): IScheduleWatch {
  const listeners: (() => void)[] = [];
  let state: IInstanceState = {
    schedule: null,
    instance: null,
    stopStatus: null
  };
  let latest = 0;
  let timer = 0;

  const set = (changes: Partial<IInstanceState>) => {
    state = { ...state, ...changes };
    update();
  };
  const update = () => {
    window.clearTimeout(timer);
    const now = api.now();
    const end = countdownEnd(state);
    if (end) {
      const wait = Math.max(OVERDUE, end + OVERDUE - now);
      timer = window.setTimeout(() => void read(), wait);
    } else {
      const fresh = freshFor(state, now);
      if (fresh) {
        timer = window.setTimeout(update, fresh);
      }
    }
    listeners.forEach(listener => listener());
  };
  const read = async () => {
    const turn = ++latest;
    for (const wait of [...RETRIES, 0]) {
      try {
        const { schedule } = await api.schedule();
        if (turn === latest) {
          set({ schedule });
        }
        return;
      } catch {
        if (!wait || turn !== latest || state.stopStatus) {
          break;
        }
        await pause(wait);
      }
    }
    if (turn === latest && countdownEnd(state) + OVERDUE < api.now()) {
      // A countdown that has come to nothing, and that nobody can confirm.
      set({ schedule: null });
    }
  };
  const readInstance = async () => {
    try {
      const instance = await api.instance(true);
      if (instance.available && instance.id === instanceId) {
        set({ instance });
      }
    } catch {
      // What is known stays.
    }
  };
  const take = async (request: Promise<IScheduleAnswer>) => {
    const answer = await request;
    // An answer that is on its way is older.
    latest++;
    set({ schedule: answer.schedule });
    return answer;
  };

  // A socket that was down has missed events.
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && state.schedule && !state.stopStatus) {
      void read();
    }
  });

  return {
    api,
    instanceId,
    isAllowed,
    grace: 0,
    get state() {
      return state;
    },
    listen: listener => {
      listeners.push(listener);
      listener();
    },
    read,
    readInstance,
    schedule: request => take(api.setSchedule(instanceId, request)),
    cancel: () => take(api.cancelSchedule()),
    extend: async hours => {
      set({ instance: await api.renewLease(instanceId, hours * 3_600) });
    },
    follow: stopStatus => {
      if (stopStatus !== state.stopStatus) {
        set({ stopStatus });
      }
    }
  };
}
