import { Notification } from '@jupyterlab/apputils';
import { trans } from '../language';
import { showFailure } from '../ui/failure';
import { formatTime } from '../ui/format';
import { isUrgent, leaseEnd } from './rules';
import { failureText } from './texts';
import type { IScheduleWatch } from './watch';

/**
 * Keep the page's user informed: of a scheduled stop that failed, and of the platform's own stop when it is near. What
 * no longer holds is taken back.
 *
 * @param onExtend - Called when the user wants the platform to stop the instance later.
 */
export function notifyOf(watch: IScheduleWatch, onExtend: () => void): void {
  const failure = notice();
  const lease = notice();
  let withdraw: () => void = () => undefined;
  watch.listen(() => {
    const { state, api } = watch;
    const { schedule } = state;
    const text = failureText(schedule);
    failure(text, text, 'error', [
      {
        label: trans.__('Details'),
        callback: () => {
          withdraw();
          const problem = schedule?.error;
          if (problem) {
            const title = trans.__('The scheduled stop failed');
            const shown = showFailure({ title, problem, anyway: false });
            withdraw = shown.withdraw;
          }
        }
      }
    ]);
    if (!text) {
      withdraw();
    }

    const end = leaseEnd(state);
    const near = isUrgent(state, api.now()) && end > api.now();
    lease(
      near ? String(end) : '',
      near
        ? trans.__('ModelArts stops this instance at %1.', formatTime(end))
        : '',
      'warning',
      [{ label: trans.__('Extend auto-stop…'), callback: onExtend }]
    );
  });
}

/** One notice, which stays until it is closed or no longer holds; the same is not shown again. */
function notice(): (
  key: string,
  text: string,
  type: 'error' | 'warning',
  actions: Notification.IAction[]
) => void {
  let shown = '';
  let id = '';
  return (key, text, type, actions) => {
    if (key === shown) {
      return;
    }
    if (id) {
      Notification.dismiss(id);
    }
    shown = key;
    id = key
      ? Notification.emit(text, type, { autoClose: false, actions })
      : '';
  };
}
