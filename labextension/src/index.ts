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
import { readIdentity, serverApi, tabId } from './api';
import { powerIcon } from './icon';
import { COMMANDS, PREFIX } from './ids';
import { addScheduleCommands } from './schedule/commands';
import { translateSettings } from './settings';
import { sourceArgs, sourceOf } from './source';
import { stopLoader } from './stop/loader';
import type { IStopLoader } from './stop/loader';
import { listen } from './stop/remote';
import '../style/base.css';

const ENGLISH = 'en';

/** What the page's plugins share; null until the first one is active, and where the page does not know its instance. */
let loader: IStopLoader | null = null;

/**
 * The commands, the palette's entries, and this tab's part in stops from elsewhere.
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
    const language = translator?.languageCode || ENGLISH;
    const trans = (translator ?? nullTranslator).load('jupyter_notebook_stop');
    const identity = readIdentity();
    const { commands, serviceManager } = app;
    const api = serverApi(serviceManager.serverSettings, language);
    // The palette, where a command may have been called, does not give the focus back.
    const refocus = () => {
      if (document.activeElement === document.body) {
        app.shell.currentWidget?.activate();
      }
    };
    const update = () =>
      Object.values(COMMANDS).forEach(id => commands.notifyCommandChanged(id));
    commands.commandExecuted.connect((_, { id, result }) => {
      if (id.startsWith(PREFIX)) {
        result.then(refocus, refocus);
      }
    });
    if (identity?.available) {
      const { attempt, instance_id, schedule } = identity;
      const tab = tabId();
      const page = {
        app,
        docManager,
        info,
        trans,
        language,
        api,
        instanceId: instance_id,
        isAllowed: !!identity.scheduling,
        tab,
        onChange: update,
        onIdle: refocus
      };
      const stops = stopLoader(trans, ({ start }) => start(page));
      loader = stops;
      listen(serviceManager, stops, instance_id);
      void app.restored.then(() => {
        if (attempt) {
          // The page was loaded during a stop, so it has missed the event.
          void stops.dispatch({ type: 'hint', attempt });
        }
        if (schedule) {
          void stops.ready.then(session => session.refresh());
        }
        stops.preload();
      });
    }
    let unavailableReason =
      identity && !identity.available ? identity.reason : '';
    if (unavailableReason && language !== ENGLISH) {
      // The page was made for readers of any language.
      void app.restored.then(async () => {
        const answer = await api.instance();
        unavailableReason = answer.available
          ? unavailableReason
          : answer.reason;
        commands.notifyCommandChanged(COMMANDS.stop);
      });
    }
    const isOutsideInstance =
      identity && !identity.available && identity.code === 'not_in_instance';
    commands.addCommand(COMMANDS.stop, {
      label: isOutsideInstance
        ? trans.__('Stop this instance (not in a ModelArts notebook instance)')
        : unavailableReason
          ? trans.__(
              'Stop this instance (the instance could not be identified)'
            )
          : trans.__('Stop this instance'),
      caption: () =>
        unavailableReason ||
        trans.__(
          'Stop the ModelArts notebook instance that this server runs in'
        ),
      icon: powerIcon,
      isVisible: () => identity !== null,
      isEnabled: () => !!loader?.isIdle(),
      describedBy: sourceArgs(trans),
      execute: args =>
        loader?.dispatch({ type: 'command', source: sourceOf(args) })
    });
    addScheduleCommands(
      commands,
      palette,
      trans,
      loader,
      unavailableReason ||
        (identity?.available && identity.scheduling
          ? ''
          : trans.__('Scheduled stops are disabled on this server.'))
    );
  }
};

/** A plugin whose settings schema does all. */
const ofSchema = (
  id: string,
  description: string
): JupyterFrontEndPlugin<void> => ({
  id,
  description,
  autoStart: true,
  activate: () => undefined
});

/**
 * The File menu's item.
 */
const menu = ofSchema(
  'jupyter-notebook-stop:menu',
  'Adds "Stop this instance" to the File menu.'
);

/**
 * The top bar's entry, which is off until a user switches it on.
 */
const topBar = ofSchema(
  'jupyter-notebook-stop:top-bar',
  'Offers "Stop this instance" for the top bar.'
);

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
    if (registry) {
      translateSettings(registry, trans, status.id);
    }
    // By then all plugins are active.
    void app.restored
      .then(() => loader?.ready)
      .then(session => session?.showStatus(statusBar, registry));
  }
};

export default [plugin, menu, topBar, status];
