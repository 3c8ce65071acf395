import { Notification } from '@jupyterlab/apputils';
import { trans } from '../language';
import { showFailure } from '../ui/failure';
import { notify } from '../ui/notice';
import { endNotice, endProblem, endTitle } from './messages';
import type { IEnd } from './state';
import { codeOf } from './transition';

/**
 * What tells how a stop ended that did not stop the instance.
 */
export interface IEndReporter {
  /** Tell it: who asked gets a dialog; who did not is notified. */
  readonly report: (end: IEnd) => void;
  /** Tell that tabs did not respond; return whether to stop anyway. */
  readonly warn: (end: IEnd) => Promise<boolean>;
  /** Take back what was told, since it no longer holds. */
  readonly dismiss: () => void;
}

/**
 * Make the reporter of a page.
 *
 * @param instanceId - Id of the instance that the page belongs to.
 */
export function endReporter(instanceId: string): IEndReporter {
  const notices: string[] = [];
  let withdraw: () => void = () => undefined;

  const show = (end: IEnd, anyway: boolean): Promise<boolean> => {
    const title = endTitle(end);
    const problem = endProblem(end, instanceId) ?? {
      code: end.phase,
      message: title
    };
    const { consoleUrl } = end;
    withdraw();
    const shown = showFailure({ title, problem, consoleUrl, anyway });
    withdraw = shown.withdraw;
    return shown.answer;
  };

  return {
    report: end => {
      if (isRetried(end)) {
        return;
      }
      const problem = endProblem(end, instanceId);
      const notice = endNotice(end, problem);
      const details = () => void show(end, false);
      if (end.cancelledHere || (end.joined && !problem)) {
        notices.push(notify(notice));
      } else if (!end.joined) {
        details();
      } else {
        const actions = [{ label: trans.__('Details'), callback: details }];
        const options = { autoClose: false as const, actions };
        notices.push(Notification.error(notice, options));
      }
    },
    warn: end => show(end, true),
    dismiss: () => {
      notices.splice(0).forEach(id => Notification.dismiss(id));
      withdraw();
    }
  };
}

/** What the notice of the schedule tells, with what happens next. */
function isRetried({ scheduled, failure }: IEnd): boolean {
  return scheduled && !['', 'cancelled'].includes(codeOf(failure));
}
