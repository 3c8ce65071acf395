import type { TranslationBundle } from '@jupyterlab/translation';
import type { IInstance } from './model';

/**
 * When the instance would stop by itself; empty where no clock says so.
 */
export function leaseText(
  trans: TranslationBundle,
  instance: IInstance | null
): string {
  const end = instance?.lease?.expires_at;
  return end
    ? trans.__('Automatic stop is set for %1.', moment(new Date(end)))
    : '';
}

/**
 * The time, with the day where that is not today.
 */
export function moment(date: Date): string {
  const today = date.toDateString() === new Date().toDateString();
  return date.toLocaleString(undefined, {
    dateStyle: today ? undefined : 'medium',
    timeStyle: 'short'
  });
}
