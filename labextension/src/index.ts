import { JupyterLab } from '@jupyterlab/application';
import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Api, readIdentity, tabId } from './api';
import { ConnectionGuard } from './connection';
import { Documents } from './documents';
import { powerIcon } from './icon';
import { reportActivity } from './schedule/activity';
import { addScheduleCommands, extendAutoStop } from './schedule/commands';
import { showCountdown } from './schedule/countdown';
import { notifyOf } from './schedule/notices';
import { showStatus } from './schedule/status';
import { ScheduleWatch } from './schedule/watch';
import { listenForStops } from './stop/remote';
import { StopSession } from './stop/session';

const STOP = 'jupyter-notebook-stop:stop';

/** What the page's plugins share; null until the first one is active, and where the page does not know its instance. */
let watch: ScheduleWatch | null = null;

/**
 * The command, the palette's entry, and this tab's part in stops from elsewhere.
 */
const plugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-notebook-stop:plugin',
  description: 'Stops the ModelArts notebook instance that the server runs in.',
  autoStart: true,
  optional: [ITranslator, ICommandPalette, IDocumentManager, JupyterLab.IInfo],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    docManager: IDocumentManager | null,
    info: JupyterLab.IInfo | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyter_notebook_stop');
    const identity = readIdentity();
    const { commands, serviceManager } = app;
    const documents = new Documents(app, docManager, trans);
    const api = new Api(serviceManager.serverSettings);
    const session = identity?.available
      ? new StopSession({
          api,
          documents,
          canSave: docManager !== null,
          user: () => serviceManager.user?.identity?.display_name,
          trans,
          instanceId: identity.instance_id,
          tab: tabId(),
          guard: onDoubt =>
            new ConnectionGuard(app, info, () => documents.sessions(), onDoubt),
          onChange: () => commands.notifyCommandChanged(STOP),
          onShow: () => watch?.update()
        })
      : null;
    if (session && identity?.available) {
      const { attempt, instance_id } = identity;
      listenForStops(serviceManager, session, instance_id);
      if (attempt) {
        // The page was loaded during a stop, so it has missed the event.
        void app.restored.then(() =>
          session.dispatch({ type: 'hint', attempt })
        );
      }
      watch = new ScheduleWatch(
        api,
        serviceManager,
        instance_id,
        !!identity.scheduling,
        () => session.isShown
      );
      showCountdown(watch, session, trans);
      notifyOf(watch, trans, () => extendAutoStop(commands));
      reportActivity(watch);
      if (identity.schedule) {
        void app.restored.then(() => watch?.read());
      }
    }
    const elsewhere = identity && !identity.available ? identity.reason : '';
    const nowhere =
      identity && !identity.available && identity.code === 'not_in_instance';
    commands.addCommand(STOP, {
      label: nowhere
        ? trans.__('Stop this instance (not in a ModelArts notebook instance)')
        : elsewhere
          ? trans.__('Stop this instance (it is not clear which one this is)')
          : trans.__('Stop this instance'),
      caption:
        elsewhere ||
        trans.__(
          'Stop the ModelArts notebook instance that this server runs in'
        ),
      icon: powerIcon,
      isVisible: () => identity !== null,
      isEnabled: () => session?.isIdle ?? false,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            source: {
              type: 'string',
              description: trans.__('Where the command was called from'),
              oneOf: [
                { const: 'palette', title: trans.__('Command palette') },
                { const: 'menu', title: trans.__('Menu') },
                { const: 'api', title: trans.__('Another extension') }
              ]
            }
          }
        }
      },
      execute: ({ source }) =>
        session?.dispatch({
          type: 'command',
          source: source === 'palette' || source === 'menu' ? source : 'api'
        })
    });
    palette?.addItem({
      command: STOP,
      category: trans.__('Instance'),
      args: { source: 'palette' }
    });
    addScheduleCommands(
      commands,
      palette,
      trans,
      watch,
      elsewhere ||
        (watch?.isAllowed
          ? ''
          : trans.__('The administrator has switched scheduled stops off.')),
      () => !!identity?.available
    );
  }
};

/**
 * The File menu's item, which comes from this plugin's settings schema.
 */
const menu: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-notebook-stop:menu',
  description: 'Adds "Stop this instance" to the File menu.',
  autoStart: true,
  activate: () => undefined
};

/**
 * The top bar's entry, which comes from this plugin's settings schema and is off until a user switches it on.
 */
const topBar: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-notebook-stop:top-bar',
  description: 'Offers "Stop this instance" for the top bar.',
  autoStart: true,
  activate: () => undefined
};

/**
 * The status bar's item, and the settings of scheduled stops.
 */
const status: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-notebook-stop:status',
  description: 'Shows the notebook instance and when it stops.',
  autoStart: true,
  optional: [ITranslator, IStatusBar, ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    statusBar: IStatusBar | null,
    registry: ISettingRegistry | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyter_notebook_stop');
    // By then all plugins are active.
    void app.restored.then(
      () => watch && showStatus(app.commands, watch, trans, statusBar, registry)
    );
  }
};

export default [plugin, menu, topBar, status];
