import { activityPause } from './rules';
import type { IScheduleWatch } from './watch';

/**
 * Report that somebody types or clicks in this page, while a schedule waits until nobody does.
 */
export function reportActivity(watch: IScheduleWatch): void {
  let pause = NaN;
  let timer = 0;
  let again = false;
  const report = () => {
    again = !!timer;
    if (!timer && pause) {
      watch.api.reportActivity().catch(() => undefined);
      timer = window.setTimeout(() => {
        timer = 0;
        // Rather too late than too early: what was typed during the pause counts from its end.
        if (again) {
          report();
        }
      }, pause);
    }
  };
  const options = { capture: true, passive: true };
  watch.listen(() => {
    const before = pause;
    pause = activityPause(watch.state);
    if (!before !== !pause) {
      for (const type of ['keydown', 'pointerdown']) {
        if (pause) {
          document.addEventListener(type, report, options);
        } else {
          document.removeEventListener(type, report, options);
        }
      }
    }
  });
}
