/**
 * The state of an instance and its schedule in a few words: pure functions, which run without a browser.
 */
import { trans } from '../language.ts';
import type { ISchedule } from '../model';
import { formatDuration, formatTime } from '../ui/format.ts';
import type { IInstanceState, StopStatus } from './instance_state';
import { isActive, isLeaseFirst, isUrgent, leaseEnd } from './rules.ts';

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

/** In how long the platform stops the instance, or after which idle time; empty if it does not. */
export function leaseWhen(state: IInstanceState, now: number): string {
  const end = leaseEnd(state);
  const idle = state.instance?.lease?.idle_duration;
  return end
    ? trans.__('in %1', formatDuration(end - now))
    : idle
      ? trans.__('after %1 idle', formatDuration(idle))
      : '';
}

/** The nearest end in a few words, and whether it deserves a warning. */
export function nearestEnd(
  state: IInstanceState,
  now: number
): { text: string; urgent: boolean } {
  const { schedule } = state;
  const urgent = isUrgent(state, now);
  if (!isActive(schedule) || isLeaseFirst(state, urgent)) {
    const lease = leaseWhen(state, now);
    return { text: lease && trans.__('auto-stop %1', lease), urgent };
  }
  return {
    text: scheduleText(schedule),
    urgent: schedule.state !== 'waiting'
  };
}

function stopStatusText(stopStatus: StopStatus): string {
  switch (stopStatus) {
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
  state: IInstanceState,
  now: number
): { text: string; urgent: boolean } {
  const { instance, stopStatus } = state;
  const name = instance && (instance.name ?? instance.id);
  const join = (...parts: (string | null | undefined)[]) =>
    parts.filter(Boolean).join(' · ');
  if (stopStatus) {
    return { text: join(name, stopStatusText(stopStatus)), urgent: false };
  }
  const { text, urgent } = nearestEnd(state, now);
  const status = instance?.status && sentenceCase(instance.status);
  return { text: join(name, status, text), urgent };
}

/** RUNNING as Running. */
export function sentenceCase(status: string): string {
  return status.charAt(0) + status.slice(1).toLowerCase().replace('_', ' ');
}
