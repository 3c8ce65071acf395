/**
 * What follows from a schedule: pure functions, which run without a browser.
 */
import { trans } from '../language.ts';
import type { ISchedule } from '../model';
import { formatDuration, formatTime } from '../ui/format.ts';
import type { IOutlook } from './outlook.ts';

/** The longest pause between two reports of activity, in milliseconds. */
const LONGEST_PAUSE = 60_000;

/** What a schedule is waiting for. */
export function waitingText(schedule: ISchedule, now: number): string {
  const { state, when, grace, not_before, due_at, waiting_for } = schedule;
  if (state !== 'waiting' || when !== 'idle') {
    return '';
  }
  if (not_before && Date.parse(not_before) > now) {
    return trans.__('postponed until %1', formatTime(not_before));
  }
  const { kernels, terminals } = waiting_for;
  const works = [
    ...kernels.map(({ path, name, busy_since }) =>
      busy_since
        ? trans.__(
            'waiting for %1, busy for %2',
            path ?? name,
            formatDuration(now - Date.parse(busy_since))
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
        ? trans.__('at %1 if the instance stays idle', formatTime(due_at))
        : grace
          ? trans.__('when idle for %1', formatDuration(grace * 1_000))
          : '';
}

/** The least time between two reports of activity, in milliseconds; NaN if nobody needs any. */
export function activityPause({ schedule }: IOutlook): number {
  return schedule?.when === 'idle' &&
    (schedule.state === 'waiting' || schedule.state === 'retrying')
    ? Math.min(LONGEST_PAUSE, (schedule.grace ?? Infinity) * 250)
    : NaN;
}

/** What every tab has to be told about a scheduled stop that failed; empty if there is nothing. */
export function failureText(schedule: ISchedule | null): string {
  const { state, error, next_try_at } = schedule ?? {};
  if (!error || (state !== 'retrying' && state !== 'ended')) {
    return '';
  }
  // JupyterLab cuts a long notice off: what follows comes first. A missing permission is not the reader's fault.
  const text = (error.upstream_status === 403 && error.remedy) || error.message;
  return state === 'ended'
    ? trans.__(
        'The scheduled stop failed and will not be tried again: %1',
        text
      )
    : trans.__(
        'The scheduled stop failed. Next try at %1: %2',
        next_try_at ? formatTime(next_try_at) : '?',
        text
      );
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
