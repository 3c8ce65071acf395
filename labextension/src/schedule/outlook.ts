/**
 * What a page knows of the end that its instance is going to have, in a few words: pure functions, which run without a
 * browser. What follows from it is in consequences.ts.
 */
import { trans } from '../language.ts';
import type { IInstance, ISchedule } from '../model';
import { formatDuration, formatTime } from '../ui/format.ts';

/** When the platform's own stop becomes urgent, in milliseconds before it. */
const URGENT = 600_000;

/** How the stop goes that a page follows: under way, done, or nobody can tell. */
export type Course = 'stopping' | 'stopped' | 'unknown';

/** What a page knows. */
export interface IOutlook {
  readonly course?: Course | null;
  readonly schedule: ISchedule | null;
  /** The instance as it was read last, if it was. */
  readonly instance: IInstance | null;
}

/** Whether a schedule is to stop the instance. */
export function isActive(schedule: ISchedule | null): schedule is ISchedule {
  return !!schedule && schedule.state !== 'ended';
}

/** When the instance stops as scheduled, in a few words. */
export function scheduleText({
  state,
  when,
  at,
  next_try_at
}: ISchedule): string {
  switch (state) {
    case 'countdown':
      return trans.__('about to stop');
    case 'stopping':
      return trans.__('stopping');
    case 'retrying':
      return next_try_at
        ? trans.__('stop failed; next try at %1', formatTime(next_try_at))
        : trans.__('stop failed');
    case 'ended':
      return trans.__('scheduled stop failed');
    default:
      return when === 'at' && at
        ? trans.__('stops at %1', formatTime(at))
        : trans.__('stops when idle');
  }
}

/** When the platform stops the instance by itself, in milliseconds; NaN if it does not, or does so when idle. */
export function leaseEnd({ instance }: IOutlook): number {
  return instance?.lease?.expires_at ?? NaN;
}

/** Whether the platform stops the instance soon. */
export function isUrgent(outlook: IOutlook, now: number): boolean {
  return leaseEnd(outlook) - now <= URGENT;
}

/** In how long the platform stops the instance, or after which idle time; empty if it does not. */
export function leaseWhen(outlook: IOutlook, now: number): string {
  const end = leaseEnd(outlook);
  const idle = outlook.instance?.lease?.idle_duration;
  return end
    ? trans.__('in %1', formatDuration(end - now))
    : idle
      ? trans.__('after %1 idle', formatDuration(idle))
      : '';
}

/** The nearest end in a few words, and whether it deserves a warning. */
export function nearestEnd(
  outlook: IOutlook,
  now: number
): { text: string; urgent: boolean } {
  const { schedule } = outlook;
  const urgent = isUrgent(outlook, now);
  if (!isActive(schedule) || isLeaseFirst(outlook, urgent)) {
    const lease = leaseWhen(outlook, now);
    return { text: lease && trans.__('auto-stop %1', lease), urgent };
  }
  return {
    text: scheduleText(schedule),
    urgent: schedule.state !== 'waiting'
  };
}

/** A stop when idle may come at any time. */
function isLeaseFirst(outlook: IOutlook, urgent: boolean): boolean {
  const { state, when, at } = outlook.schedule ?? {};
  return (
    state === 'waiting' &&
    (when === 'at' ? leaseEnd(outlook) < Date.parse(at ?? '') : urgent)
  );
}

function courseText(course: Course): string {
  switch (course) {
    case 'stopping':
      return trans.__('stopping');
    case 'stopped':
      return trans.__('stopped');
    case 'unknown':
      return trans.__('unknown');
  }
}

/**
 * Name and state of the instance and its nearest end, as far as they are known. While a stop is followed, all that was
 * known before is out of date.
 */
export function summary(
  outlook: IOutlook,
  now: number
): { text: string; urgent: boolean } {
  const { instance, course } = outlook;
  const name = instance && (instance.name ?? instance.id);
  const join = (...parts: (string | null | undefined)[]) =>
    parts.filter(Boolean).join(' · ');
  if (course) {
    return { text: join(name, courseText(course)), urgent: false };
  }
  const { text, urgent } = nearestEnd(outlook, now);
  const status = instance?.status && sentenceCase(instance.status);
  return { text: join(name, status, text), urgent };
}

/** When the countdown that is to be shown ends, in milliseconds; NaN if there is none. */
export function countdownEnd({ schedule }: IOutlook): number {
  return schedule?.state === 'countdown'
    ? Date.parse(schedule.stops_at ?? '')
    : NaN;
}

/** How long what is shown stays true by itself, in milliseconds; NaN if nothing changes with the clock. */
export function freshFor(outlook: IOutlook, now: number): number {
  const left = leaseEnd(outlook) - now;
  return left > 0 ? (left % 60_000) + 50 : NaN;
}

/** RUNNING as Running. */
export function sentenceCase(status: string): string {
  return status.charAt(0) + status.slice(1).toLowerCase().replace('_', ' ');
}
