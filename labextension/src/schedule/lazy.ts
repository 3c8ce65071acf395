/**
 * What a click opens. It is loaded at the first one.
 */
export { cancelScheduled, scheduleAt, scheduleIdle } from './dialogs';
export { extendLease } from './lease';
export { showPanel } from './panel';
