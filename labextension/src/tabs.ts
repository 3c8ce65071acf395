import { Notification } from '@jupyterlab/apputils';
import { showFailure } from './failure';
import { Following, isLive } from './following';
import type { IEnd } from './following';
import { endTitle } from './flow';
import type { IAttempt } from './model';
import type { IPage } from './page';
import { Timing } from './timing';

const SCHEMA = 'https://schema.jupyter.org/jupyter_notebook_stop/stop/v1';

/**
 * Take part in stops that are asked for elsewhere: in another tab, a cell, a terminal.
 */
export function listenForStops(page: IPage): void {
  page.app.serviceManager.events?.stream.connect((_, event) => {
    if (event.schema_id === SCHEMA && event.instance_id === page.instanceId) {
      void hear(page, event.attempt);
    }
  });
}

/** Anyone may post an event: it is a hint to ask the server. */
async function hear(page: IPage, id: unknown): Promise<void> {
  if (page.following) {
    page.following.poke();
    return;
  }
  const instance = await page.api.instance().catch(() => null);
  if (!instance?.available || instance.id !== page.instanceId) {
    return;
  }
  const { attempt } = instance;
  if (!attempt || attempt.id !== id || !isLive(attempt) || page.following) {
    return;
  }
  const following = new Following(
    page,
    attempt.id,
    attempt.save,
    origin(page, attempt)
  );
  following.join(instance);
  report(page, await following.ended);
}

function origin({ trans }: IPage, { source, user }: IAttempt): string {
  const who = user || trans.__('Someone');
  switch (source) {
    case 'terminal':
      return trans.__('%1 is stopping this instance from a terminal.', who);
    case 'cell':
      return trans.__('%1 is stopping this instance from a notebook.', who);
    default:
      return trans.__('%1 is stopping this instance from another tab.', who);
  }
}

function report(page: IPage, end: IEnd): void {
  const { trans } = page;
  const { problem, consoleUrl } = end;
  const title = endTitle(trans, end);
  if (end.here || !problem) {
    Notification.info(title, { autoClose: Timing.notice });
    return;
  }
  const failure = { trans, title, problem, consoleUrl };
  Notification.error(title, {
    autoClose: false,
    actions: [
      {
        label: trans.__('Details'),
        callback: () => void showFailure(failure)
      }
    ]
  });
}
