/**
 * What follows from the state of an instance and from a schedule: pure functions, which run without a browser.
 */
import type { ISchedule } from '../model';
import type { IInstanceState } from './instance_state';

/** When the platform's own stop becomes urgent, in milliseconds before it. */
const URGENT = 600_000;

/** The longest pause between two reports of activity, in milliseconds. */
const LONGEST_PAUSE = 60_000;

/** Whether a schedule is to stop the instance. */
export function isActive(schedule: ISchedule | null): schedule is ISchedule {
  return !!schedule && schedule.state !== 'ended';
}

/** When the platform stops the instance by itself, in milliseconds; NaN if it does not, or does so when idle. */
export function leaseEnd({ instance }: IInstanceState): number {
  return instance?.lease?.expires_at ?? NaN;
}

/** Whether the platform stops the instance soon. */
export function isUrgent(state: IInstanceState, now: number): boolean {
  return leaseEnd(state) - now <= URGENT;
}

/** Whether the platform stops the instance before the schedule does. A stop when idle may come at any time. */
export function isLeaseFirst(state: IInstanceState, urgent: boolean): boolean {
  const { state: phase, when, at } = state.schedule ?? {};
  return (
    phase === 'waiting' &&
    (when === 'at' ? leaseEnd(state) < Date.parse(at ?? '') : urgent)
  );
}

/** When the countdown that is to be shown ends, in milliseconds; NaN if there is none. */
export function countdownEnd({ schedule }: IInstanceState): number {
  return schedule?.state === 'countdown'
    ? Date.parse(schedule.stops_at ?? '')
    : NaN;
}

/** How long what is shown stays true by itself, in milliseconds; NaN if nothing changes with the clock. */
export function freshFor(state: IInstanceState, now: number): number {
  const left = leaseEnd(state) - now;
  return left > 0 ? (left % 60_000) + 50 : NaN;
}

/** The least time between two reports of activity, in milliseconds; NaN if nobody needs any. */
export function activityPause({ schedule }: IInstanceState): number {
  return schedule?.when === 'idle' &&
    (schedule.state === 'waiting' || schedule.state === 'retrying')
    ? Math.min(LONGEST_PAUSE, (schedule.grace ?? Infinity) * 250)
    : NaN;
}

/** What the next hour does to a schedule: the request that puts it off. */
export function postponed(
  { when, grace }: ISchedule,
  now: number
): { when: 'idle' | 'at'; at?: string; grace?: number; not_before?: string } {
  const at = new Date(now + 3_600_000).toISOString();
  return when === 'at'
    ? { when, at }
    : { when, not_before: at, ...(grace ? { grace } : {}) };
}
