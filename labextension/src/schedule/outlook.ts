/**
 * What a page knows of the end that its instance is going to have, and what follows from it: pure functions, which run
 * without a browser.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IInstance, ISchedule } from '../model';
import { formatDuration, formatTime } from '../ui/format.ts';

/** When the platform's own stop becomes urgent, in milliseconds before it. */
const URGENT = 600_000;

/** The longest pause between two reports of activity, in milliseconds. */
const LONGEST_PAUSE = 60_000;

/** What a page knows. */
export interface IOutlook {
  readonly schedule: ISchedule | null;
  /** The instance as it was read last, if it was. */
  readonly instance: IInstance | null;
}

/** Whether a schedule is to stop the instance. */
export function stands(schedule: ISchedule | null): schedule is ISchedule {
  return !!schedule && schedule.state !== 'ended';
}

/** When the instance stops as scheduled, in a few words. */
export function scheduleText(
  trans: TranslationBundle,
  { state, when, at, next_try_at }: ISchedule
): string {
  switch (state) {
    case 'countdown':
      return trans.__('about to stop');
    case 'stopping':
      return trans.__('stopping');
    case 'retrying':
      return next_try_at
        ? trans.__('stop failed, next try at %1', time(next_try_at))
        : trans.__('stop failed');
    case 'ended':
      return trans.__('scheduled stop failed');
    default:
      return when === 'at' && at
        ? trans.__('stops at %1', time(at))
        : trans.__('stops when idle');
  }
}

/** What a schedule is waiting for. */
export function waitingText(
  trans: TranslationBundle,
  schedule: ISchedule,
  now: number
): string {
  const { state, when, grace, not_before, due_at, waiting_for } = schedule;
  if (state !== 'waiting' || when !== 'idle') {
    return '';
  }
  if (not_before && Date.parse(not_before) > now) {
    return trans.__('put off until %1', time(not_before));
  }
  const { kernels, terminals } = waiting_for;
  const works = [
    ...kernels.map(({ path, name, busy_since }) =>
      busy_since
        ? trans.__(
            'waiting for %1, busy for %2',
            path ?? name,
            formatDuration(trans, now - Date.parse(busy_since))
          )
        : trans.__('waiting for %1', path ?? name)
    ),
    ...terminals.map(name => trans.__('waiting for terminal %1', name))
  ];
  const more = works.length - 1;
  return more > 0
    ? trans._n('%2, and %1 more', '%2, and %1 more', more, works[0])
    : works.length
      ? works[0]
      : due_at
        ? trans.__('at %1, if nobody works until then', time(due_at))
        : grace
          ? trans.__(
              'once nobody has worked for %1',
              formatDuration(trans, grace * 1_000)
            )
          : '';
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
export function leaseWhen(
  trans: TranslationBundle,
  outlook: IOutlook,
  now: number
): string {
  const end = leaseEnd(outlook);
  const idle = outlook.instance?.lease?.idle_duration;
  return end
    ? trans.__('in %1', formatDuration(trans, end - now))
    : idle
      ? trans.__('after %1 idle', formatDuration(trans, idle))
      : '';
}

/** The nearest end in a few words, and whether it deserves a warning. */
export function nearestEnd(
  trans: TranslationBundle,
  outlook: IOutlook,
  now: number
): { text: string; urgent: boolean } {
  const { schedule } = outlook;
  const urgent = isUrgent(outlook, now);
  if (!stands(schedule) || isLeaseFirst(outlook, urgent)) {
    const lease = leaseWhen(trans, outlook, now);
    return { text: lease && trans.__('auto-stop %1', lease), urgent };
  }
  return {
    text: scheduleText(trans, schedule),
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

/** Name and state of the instance and its nearest end, as far as they are known. */
export function summary(
  trans: TranslationBundle,
  outlook: IOutlook,
  now: number
): { text: string; urgent: boolean } {
  const { instance } = outlook;
  const { text, urgent } = nearestEnd(trans, outlook, now);
  const parts = [
    instance && (instance.name ?? instance.id),
    instance?.status && sentenceCase(instance.status),
    text
  ];
  return { text: parts.filter(Boolean).join(' · '), urgent };
}

/** When the countdown that is to be shown ends, in milliseconds; NaN if there is none. */
export function countdownEnd({ schedule }: IOutlook): number {
  return schedule?.state === 'countdown'
    ? Date.parse(schedule.stops_at ?? '')
    : NaN;
}

/** The least time between two reports of activity, in milliseconds; NaN if nobody needs any. */
export function activityPause({ schedule }: IOutlook): number {
  return schedule?.when === 'idle' &&
    (schedule.state === 'waiting' || schedule.state === 'retrying')
    ? Math.min(LONGEST_PAUSE, (schedule.grace ?? Infinity) * 250)
    : NaN;
}

/** What every tab has to be told about a scheduled stop that failed; empty if there is nothing. */
export function failureText(
  trans: TranslationBundle,
  schedule: ISchedule | null
): string {
  const { state, error, next_try_at } = schedule ?? {};
  if (!error || (state !== 'retrying' && state !== 'ended')) {
    return '';
  }
  // JupyterLab cuts a long notice off: what follows comes first. A missing permission is not the reader's fault.
  const text = (error.upstream_status === 403 && error.remedy) || error.message;
  return state === 'ended'
    ? trans.__('The scheduled stop failed for good: %1', text)
    : trans.__(
        'The scheduled stop failed, next try at %1: %2',
        next_try_at ? time(next_try_at) : '?',
        text
      );
}

/** How long what is shown stays true by itself, in milliseconds; NaN if nothing changes with the clock. */
export function freshFor(outlook: IOutlook, now: number): number {
  const left = leaseEnd(outlook) - now;
  return left > 0 ? (left % 60_000) + 50 : NaN;
}

/** What the next hour does to a schedule: the request that puts it off. */
export function later(
  { when, grace }: ISchedule,
  now: number
): { when: 'idle' | 'at'; at?: string; grace?: number; not_before?: string } {
  const at = new Date(now + 3_600_000).toISOString();
  return when === 'at'
    ? { when, at }
    : { when, not_before: at, ...(grace ? { grace } : {}) };
}

function time(text: string): string {
  return formatTime(new Date(text));
}

/** RUNNING as Running. */
export function sentenceCase(status: string): string {
  return status.charAt(0) + status.slice(1).toLowerCase().replace('_', ' ');
}
