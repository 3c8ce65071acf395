import { Notification } from '@jupyterlab/apputils';

/** How long a notice that needs no answer is shown, in milliseconds. */
const SHOWN = 6_000;

/** Tell what needs no answer; return the id of the notice. */
export function notify(text: string): string {
  return Notification.info(text, { autoClose: SHOWN });
}
