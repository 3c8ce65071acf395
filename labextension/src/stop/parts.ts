/**
 * All that the page needs beside its commands, from the status bar's item to the farewell. It is loaded by loader.ts.
 */
import type { JupyterFrontEnd, JupyterLab } from '@jupyterlab/application';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { IStatusBar } from '@jupyterlab/statusbar';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IApi } from '../api';
import { connectionGuard } from '../connection';
import { openDocuments } from '../documents';
import { COMMANDS } from '../ids';
import { setLanguage } from '../language';
import { reportActivity } from '../schedule/activity';
import { showCountdown } from '../schedule/countdown';
import { cancelScheduled, scheduleAt, scheduleIdle } from '../schedule/dialogs';
import { extendLease } from '../schedule/lease';
import { notifyOf } from '../schedule/notices';
import { showPanel } from '../schedule/panel';
import { isActive } from '../schedule/rules';
import { showStatus } from '../schedule/status';
import { leaseWhen, scheduleText, summary } from '../schedule/texts';
import { scheduleWatch } from '../schedule/watch';
import { stopSession } from './session';
import type { IStopSession } from './session';

/** What the parts work with. */
export interface IPage {
  app: JupyterFrontEnd;
  docManager: IDocumentManager | null;
  info: JupyterLab.IInfo | null;
  trans: TranslationBundle;
  /** Of the page, as a tag. */
  language: string;
  api: IApi;
  /** Id of the instance that the page belongs to. */
  instanceId: string;
  /** Whether the settings of the server allow to schedule stops. */
  isAllowed: boolean;
  /** Id of this tab. */
  tab: string;
  /** Called when what the commands say or offer has changed. */
  onChange: () => void;
  /** Called when a stop begins or is over. */
  onIdle: () => void;
}

/** What the page's plugins ask of the parts. */
export interface ISession extends Omit<IStopSession, 'stopNow'> {
  /** Read what an event says has changed, by default the schedule. */
  readonly refresh: (change?: unknown) => void;
  /** What commands say of the instance, of a schedule that stands, of the platform's own stop; empty if unknown. */
  readonly labels: () => { summary: string; schedule: string; lease: string };
  readonly scheduleIdle: (source: string) => Promise<void>;
  readonly scheduleAt: (source: string) => Promise<void>;
  readonly cancelScheduled: () => Promise<void>;
  readonly extendLease: () => Promise<void>;
  readonly showPanel: () => Promise<void>;
  readonly showStatus: (
    statusBar: IStatusBar | null,
    registry: ISettingRegistry | null
  ) => Promise<void>;
}

/** Make the session of a page, and what accompanies a scheduled stop. */
export function start(page: IPage): ISession {
  const { app, docManager, info, api, instanceId, tab, onChange } = page;
  setLanguage(page.trans, page.language);
  const watch = scheduleWatch(api, instanceId, page.isAllowed);
  const documents = openDocuments(app, docManager);
  const { stopNow, ...session } = stopSession({
    api,
    documents,
    user: () => app.serviceManager.user?.identity?.username,
    instanceId,
    tab,
    guard: onConnectionLost =>
      connectionGuard(app, info, documents.sessions, onConnectionLost),
    onChange: () => {
      onChange();
      page.onIdle();
    },
    onStopStatus: watch.follow
  });
  const run = (command: string) => () =>
    void app.commands.execute(command, { source: 'menu' });
  const extend = run(COMMANDS.extend);
  showCountdown(watch, stopNow);
  notifyOf(watch, extend);
  reportActivity(watch);
  watch.listen(onChange);
  return {
    ...session,
    refresh: change => {
      if (change !== 'lease') {
        void watch.read();
      } else if (watch.state.instance) {
        void watch.readInstance();
      }
    },
    labels: () => {
      const { state } = watch;
      const { schedule } = state;
      const now = api.now();
      return {
        summary: summary(state, now).text,
        schedule: isActive(schedule) ? scheduleText(schedule) : '',
        lease: leaseWhen(state, now)
      };
    },
    scheduleIdle: source => scheduleIdle(watch, source),
    scheduleAt: source => scheduleAt(watch, source),
    cancelScheduled: () => cancelScheduled(watch),
    extendLease: () => extendLease(watch),
    showPanel: () =>
      showPanel(watch, {
        stop: run(COMMANDS.stop),
        idle: run(COMMANDS.idle),
        extend
      }),
    showStatus: (statusBar, registry) =>
      showStatus(watch, statusBar, registry, run(COMMANDS.show))
  };
}
