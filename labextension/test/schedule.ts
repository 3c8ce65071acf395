/**
 * Schedules and instances that tests tell the page of, at one moment, in English.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { setLanguage } from '../src/language.ts';
import type { IInstance, ISchedule } from '../src/model';
import { formatTime } from '../src/ui/format.ts';
import { view } from './world.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const NOW = Date.parse('2026-11-28T12:00:00Z');

const fill = (text: string, values: unknown[]) =>
  text.replace(/%(\d)/g, (_, place: string) =>
    String(values[Number(place) - 1])
  );

// English, as it is without a translation.
setLanguage(
  {
    __: (text: string, ...values: unknown[]) => fill(text, values),
    _n: (one: string, many: string, count: number, ...values: unknown[]) =>
      fill(count === 1 ? one : many, [count, ...values])
  } as unknown as TranslationBundle,
  'en'
);

export const iso = (after: number) => new Date(NOW + after).toISOString();

export const shown = (after: number) => formatTime(NOW + after);

export function schedule(more: Partial<ISchedule> = {}): ISchedule {
  return {
    id: 'one',
    when: 'idle',
    grace: 600,
    state: 'waiting',
    waiting_for: { kernels: [], terminals: [] },
    ...more
  };
}

export function leased(
  after: number | null,
  idle_duration?: number
): IInstance {
  return {
    ...view('RUNNING'),
    name: 'training',
    lease: {
      type: 'TIMING',
      expires_at: after === null ? null : NOW + after,
      idle_duration
    }
  };
}

export const at = (after: number, more: Partial<ISchedule> = {}) =>
  schedule({ when: 'at', grace: null, at: iso(after), ...more });
