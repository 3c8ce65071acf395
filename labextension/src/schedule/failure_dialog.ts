import { ApiError } from '../api';
import type { IProblem } from '../api';
import { trans } from '../language';
import { showFailure } from '../ui/failure';

/** Do something; a failure gets a dialog. */
export async function withFailureDialog(
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
            message: trans.__('The Jupyter server does not respond.'),
            remedy: trans.__('Check the network connection, then try again.')
          };
    await showFailure({ title, problem, anyway: false }).answer;
  }
}
