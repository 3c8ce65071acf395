import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { showFailure } from '../ui/failure';
import type { IFailure } from '../ui/failure';
import { endNotice, endProblem, endTitle } from './messages';
import type { IEnd } from './state';
import { codeOf } from './transition';

/** How long a notice that needs no answer is shown, in milliseconds. */
const NOTICE = 6_000;

/**
 * Tells how a stop ended that did not stop the instance.
 */
export class EndReporter {
  readonly #trans: TranslationBundle;
  readonly #own: string;

  /**
   * @param own - Id of the instance that the page belongs to.
   */
  constructor(trans: TranslationBundle, own: string) {
    this.#trans = trans;
    this.#own = own;
  }

  /** Who asked gets a dialog; who did not is notified. */
  report(end: IEnd): void {
    if (isRetried(end)) {
      return;
    }
    const problem = endProblem(this.#trans, end, this.#own);
    const notice = endNotice(this.#trans, end, problem);
    if (end.here || (end.joined && !problem)) {
      this.#notices.push(Notification.info(notice, { autoClose: NOTICE }));
    } else if (!end.joined) {
      void this.#show(end);
    } else {
      this.#notices.push(
        Notification.error(notice, {
          autoClose: false,
          actions: [
            {
              label: this.#trans.__('Details'),
              callback: () => void this.#show(end)
            }
          ]
        })
      );
    }
  }

  /** Tell that tabs did not respond; return whether to stop anyway. */
  warn(end: IEnd): Promise<boolean> {
    return this.#show(end, true);
  }

  /** Take back what was told, since it no longer holds. */
  takeBack(): void {
    this.#notices.splice(0).forEach(id => Notification.dismiss(id));
    this.#withdraw();
  }

  #show(end: IEnd, anyway = false): Promise<boolean> {
    const title = endTitle(this.#trans, end);
    const failure: IFailure = {
      trans: this.#trans,
      title,
      problem: endProblem(this.#trans, end, this.#own) ?? {
        code: end.phase,
        message: title
      },
      consoleUrl: end.consoleUrl,
      anyway
    };
    this.#withdraw();
    const { answer, withdraw } = showFailure(failure);
    this.#withdraw = withdraw;
    return answer;
  }

  readonly #notices: string[] = [];
  #withdraw: () => void = () => undefined;
}

/** What the notice of the schedule tells, with what happens next. */
function isRetried({ scheduled, trouble }: IEnd): boolean {
  return scheduled && !['', 'cancelled'].includes(codeOf(trouble));
}
