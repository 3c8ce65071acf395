import { trans } from '../language';
import { countdown } from '../ui/countdown';
import { later } from './consequences';
import { countdownEnd } from './outlook';
import type { IScheduleWatch } from './watch';

/**
 * Show the countdown of a scheduled stop, until the stop begins or someone decides otherwise, here or elsewhere.
 */
export function showCountdown(
  watch: IScheduleWatch,
  stopNow: () => void
): void {
  const done = async (request: Promise<unknown>) => {
    try {
      await request;
      return '';
    } catch (error) {
      return trans.__('That was not possible: %1', (error as Error).message);
    }
  };
  const show = countdown(() => watch.api.now(), {
    cancel: () => done(watch.cancel()),
    now: () => {
      stopNow();
      return Promise.resolve('');
    },
    later: () => {
      const { schedule } = watch.outlook;
      return schedule
        ? done(watch.schedule(later(schedule, watch.api.now())))
        : Promise.resolve('');
    }
  });
  watch.listen(() => {
    const { outlook } = watch;
    show(countdownEnd(outlook) && !outlook.course ? outlook.schedule : null);
  });
}
