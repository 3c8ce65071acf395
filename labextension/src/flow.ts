import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { askToStop } from './confirmation';
import type { Choice } from './confirmation';
import { saveAll, unsavedPaths } from './documents';
import { asProblem, showFailure } from './failure';
import { Following } from './following';
import type { IEnd } from './following';
import type { IInstance, IProblem } from './model';
import { newId } from './page';
import type { IPage } from './page';
import { Timing } from './timing';

/**
 * Stop this instance: confirm, save all, request, follow.
 */
export async function stopInstance(page: IPage, source: string): Promise<void> {
  const instance = await lookUp(page);
  if (!instance || page.following || page.withdraw) {
    return;
  }
  const choice = await confirm(page, instance);
  if (choice === 'cancel') {
    return;
  }
  const save = choice === 'save' ? 'all' : 'none';
  const attempt = newId();
  const following = new Following(page, attempt, save);
  if (save === 'all' && !(await saveHere(page, following))) {
    return;
  }
  const { instanceId: instance_id, tab } = page;
  following.request({ instance_id, source, save, tab, attempt });
  await report(page, await following.ended);
}

/** The instance as it is now; null, and said why, where there is none to stop. */
async function lookUp(page: IPage): Promise<IInstance | null> {
  const { trans } = page;
  let notice = '';
  const timer = window.setTimeout(() => {
    notice = Notification.emit(
      trans.__('Reading the state of the instance…'),
      'in-progress',
      { autoClose: false }
    );
  }, Timing.lookUpNotice);
  let problem: IProblem;
  try {
    const answer = await page.api.instance();
    if (answer.available && answer.id === page.instanceId) {
      return answer;
    }
    problem = {
      code: 'wrong_instance',
      message: answer.available
        ? trans.__(
            'This page belongs to instance %1, and the server now answers for %2.',
            page.instanceId,
            answer.id
          )
        : answer.reason,
      remedy: trans.__('Reload the page.')
    };
  } catch (error) {
    problem = asProblem(trans, error);
  } finally {
    window.clearTimeout(timer);
    if (notice) {
      Notification.dismiss(notice);
    }
  }
  await showFailure({ trans, title: notStopped(trans), problem });
  return null;
}

async function confirm(page: IPage, instance: IInstance): Promise<Choice> {
  const { trans } = page;
  const unsaved = unsavedPaths(page);
  const { answer, withdraw } = askToStop({ trans, instance, unsaved });
  page.withdraw = withdraw;
  try {
    return await answer;
  } finally {
    page.withdraw = null;
  }
}

/** Save this tab's documents before anyone is asked for anything; whether the stop may go on. */
async function saveHere(page: IPage, following: Following): Promise<boolean> {
  const { trans } = page;
  following.preparing();
  const documents = await saveAll(page);
  if (following.over) {
    await report(page, await following.ended);
    return false;
  }
  if (documents.length) {
    following.abandon();
    const problem = {
      code: 'save_failed',
      message: trans.__('Not every document could be saved.'),
      remedy: trans.__('Save them another way, or stop without saving.'),
      documents
    };
    await showFailure({ trans, title: notStopped(trans), problem });
    return false;
  }
  return true;
}

async function report(page: IPage, end: IEnd): Promise<void> {
  const { trans } = page;
  const title = endTitle(trans, end);
  if (end.here) {
    Notification.info(title, { autoClose: Timing.notice });
    return;
  }
  const { consoleUrl } = end;
  const problem = end.problem ?? { code: end.phase, message: title };
  await showFailure({ trans, title, problem, consoleUrl });
}

/**
 * An end in a few words.
 */
export function endTitle(
  trans: TranslationBundle,
  { phase, problem }: IEnd
): string {
  switch (phase) {
    case 'cancelled':
      return trans.__('The stop was cancelled, nothing was stopped');
    case 'resumed':
      return problem
        ? trans.__('The instance did not stop')
        : trans.__('The instance is running again');
    case 'unknown':
      return trans.__('It is not known whether the instance stops');
    default:
      return notStopped(trans);
  }
}

function notStopped(trans: TranslationBundle): string {
  return trans.__('The instance was not stopped');
}
