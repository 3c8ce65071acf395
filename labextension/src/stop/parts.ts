/**
 * What a stop needs, from its countdown or question to its farewell. It is loaded by loader.ts.
 */
import type { JupyterFrontEnd, JupyterLab } from '@jupyterlab/application';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { TranslationBundle } from '@jupyterlab/translation';
import { connectionGuard } from '../connection';
import { openDocuments } from '../documents';
import { reportActivity } from '../schedule/activity';
import { showCountdown } from '../schedule/countdown';
import { notifyOf } from '../schedule/notices';
import type { IScheduleWatch } from '../schedule/watch';
import { stopSession } from './session';
import type { IStopSession } from './session';

/** What the parts work with. */
export interface IPage {
  app: JupyterFrontEnd;
  docManager: IDocumentManager | null;
  info: JupyterLab.IInfo | null;
  trans: TranslationBundle;
  watch: IScheduleWatch;
  /** Id of this tab. */
  tab: string;
  /** Called when the session's `isIdle` has changed. */
  onChange: () => void;
  /** Called when the user wants the platform to stop the instance later. */
  onExtend: () => void;
}

/** Make the session of a page, and what accompanies a scheduled stop. */
export function start(page: IPage): IStopSession {
  const { app, docManager, info, trans, watch, tab } = page;
  const documents = openDocuments(app, docManager, trans);
  const session = stopSession({
    api: watch.api,
    documents,
    canSave: docManager !== null,
    user: () => app.serviceManager.user?.identity?.display_name,
    trans,
    instanceId: watch.instanceId,
    tab,
    guard: onDoubt => connectionGuard(app, info, documents.sessions, onDoubt),
    onChange: page.onChange,
    onCourse: course => watch.follow(course)
  });
  showCountdown(watch, session, trans);
  notifyOf(watch, trans, page.onExtend);
  reportActivity(watch);
  return session;
}

/** Load what a click on the schedule opens. It shares parts with a stop. */
export const loadDialogs = (): Promise<typeof import('../schedule/lazy')> =>
  import(/* webpackChunkName: "schedule" */ '../schedule/lazy');
