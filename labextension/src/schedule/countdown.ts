import { countdown } from '../ui/countdown';
import { countdownEnd, postponed } from './rules';
import type { IScheduleWatch } from './watch';

/**
 * Show the countdown of a scheduled stop, until the stop begins or someone decides otherwise, here or elsewhere.
 */
export function showCountdown(
  watch: IScheduleWatch,
  stopNow: () => void
): void {
  const show = countdown(watch.api.now, {
    cancel: watch.cancel,
    now: stopNow,
    later: async () => {
      const { schedule } = watch.state;
      if (schedule) {
        await watch.schedule(postponed(schedule, watch.api.now()));
      }
    }
  });
  watch.listen(() => {
    const { state } = watch;
    show(countdownEnd(state) && !state.stopStatus ? state.schedule : null);
  });
}
