import { JupyterLab } from '@jupyterlab/application';
import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Api } from './api';
import { stopInstance } from './flow';
import { powerIcon } from './icon';
import { newId, readIdentity } from './page';
import type { IPage } from './page';
import { Quiet } from './quiet';
import { listenForStops } from './tabs';

const STOP = 'jupyter-notebook-stop:stop';

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
    const page: IPage | null = identity?.available
      ? {
          app,
          api: new Api(app.serviceManager.serverSettings),
          docManager,
          instanceId: identity.instance_id,
          quiet: new Quiet(app, info),
          tab: newId(),
          trans,
          following: null,
          withdraw: null
        }
      : null;
    const elsewhere = identity && !identity.available ? identity.reason : '';
    const nowhere =
      identity && !identity.available && identity.code === 'not_in_instance';
    app.commands.addCommand(STOP, {
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
      isEnabled: () => page !== null && !page.following,
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
      execute: async ({ source }) => {
        if (page) {
          await stopInstance(
            page,
            source === 'palette' || source === 'menu' ? source : 'api'
          );
        }
      }
    });
    palette?.addItem({
      command: STOP,
      category: trans.__('Instance'),
      args: { source: 'palette' }
    });
    if (page) {
      listenForStops(page);
    }
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

export default [plugin, menu];
