import type { IInstance } from '../api';
import { locale, trans } from '../language.ts';

/**
 * Sentences one after the other: with a space between them, or without, as the language has it.
 */
export function sentences(...texts: (string | null | undefined)[]): string {
  return texts.reduce<string>(
    (before, after) =>
      before && after
        ? trans.__('%1 %2', before, after)
        : before || (after ?? ''),
    ''
  );
}

/**
 * A list of names.
 */
export function list(names: string[]): string {
  return names.join(trans.__(', '));
}

/**
 * A time, with its date unless that is today.
 */
export function formatTime(time: number | string): string {
  const date = new Date(time);
  const today = date.toDateString() === new Date().toDateString();
  return date.toLocaleString(locale, {
    dateStyle: today ? undefined : 'medium',
    timeStyle: 'short'
  });
}

/**
 * A duration as minutes and seconds.
 */
export function formatElapsed(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1_000);
  const rest = String(seconds % 60).padStart(2, '0');
  return `${Math.floor(seconds / 60)}:${rest}`;
}

/**
 * A duration in hours and minutes, or in days.
 */
export function formatDuration(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000);
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  return hours >= 48 && hours % 24 === 0
    ? trans.__('%1 days', hours / 24)
    : minutes < 1
      ? trans.__('less than 1 min')
      : hours < 1
        ? trans.__('%1 min', minutes)
        : rest
          ? trans.__('%1 h %2 min', hours, rest)
          : trans.__('%1 h', hours);
}

/**
 * When the platform will stop the instance; empty where no time is set.
 */
export function formatLease(instance: IInstance): string {
  const end = instance.lease?.expires_at;
  return end ? trans.__('Auto-stop is set for %1.', formatTime(end)) : '';
}
