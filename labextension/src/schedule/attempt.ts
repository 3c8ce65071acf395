import { Notification } from '@jupyterlab/apputils';
import { trans } from '../language';
import { ApiError } from '../api';
import type { IProblem } from '../api';
import { showFailure } from '../ui/failure';

/** How long a notice of what was done is shown, in milliseconds. */
const NOTICE = 6_000;

/** Tell what was done. */
export function tell(text: string): void {
  Notification.info(text, { autoClose: NOTICE });
}

/** Do something; a failure gets a dialog. */
export async function attempt(
  action: () => Promise<void>,
  title = trans.__('The scheduled stop was not changed')
): Promise<void> {
  try {
    await action();
  } catch (error) {
    const problem: IProblem =
      error instanceof ApiError
        ? error.problem
        : {
            code: 'connection_lost',
            message: trans.__('The Jupyter server does not answer.'),
            remedy: trans.__('Check the network connection, then try again.')
          };
    await showFailure({ title, problem, anyway: false }).answer;
  }
}
