import type { IInstance, ISchedule } from '../model';

/** How the stop goes that a page follows: under way, done, or nobody can tell. */
export type StopStatus = 'stopping' | 'stopped' | 'unknown';

/**
 * What a page knows of its instance and of the end that it is going to have.
 */
export interface IInstanceState {
  readonly stopStatus?: StopStatus | null;
  readonly schedule: ISchedule | null;
  /** The instance as it was read last, if it was. */
  readonly instance: IInstance | null;
}
