/**
 * Every waiting time of the page, in milliseconds.
 */
export const Timing = {
  /** A look-up that takes longer than this is announced. */
  lookUpNotice: 500,
  /** How long a passing remark is shown. */
  notice: 6_000,
  /** A request that is not answered by then counts as lost. */
  request: 20_000,
  /** The time one document has to be saved. */
  documentSave: 10_000,
  /** How much newer than ours a file may be without having been changed by someone else. */
  conflictMargin: 500,
  /** How long outputs of the cell that asks for the stop may be in flight. */
  outputs: 3_000,
  /** How often they are looked for. */
  outputsLook: 200,
  /** From a request to the first look at its attempt. */
  firstPoll: 200,
  /** Between looks while the cloud has not yet accepted. */
  requestPoll: 1_000,
  /** Between looks while the instance stops. */
  followPoll: 2_000,
  /** A kernel that has not got its connection back by then will not: a server that lives answers at once. */
  reconnect: 1_500,
  /** Between looks once it has stopped. */
  stoppedPoll: 15_000
} as const;

/** So many looks in a row have to fail before a stop that was not accepted counts as lost. */
export const MISSES_ALLOWED = 3;

/**
 * A promise that resolves after a while.
 */
export function pause(ms: number): Promise<void> {
  return new Promise(resolve => window.setTimeout(resolve, ms));
}
