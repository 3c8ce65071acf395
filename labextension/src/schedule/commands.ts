import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { sourceArgs, sourceOf } from '../source';
import type { IStopLoader } from '../stop/loader';
import { leaseWhen, scheduleText, stands, summary } from './outlook';
import type { IScheduleWatch } from './watch';

const ROOT = 'jupyter-notebook-stop';
const STOP = `${ROOT}:stop`;
const IDLE = `${ROOT}:stop-when-idle`;
const AT = `${ROOT}:stop-at`;
const CANCEL = `${ROOT}:cancel-schedule`;
const EXTEND = `${ROOT}:extend-auto-stop`;
const SHOW = `${ROOT}:show`;

/** The panel's entry in the top bar. */
const TOP_BAR = '[data-jp-item-name="instance-state"]';

/**
 * Add the commands that schedule a stop, take it back, and show the instance.
 *
 * @param watch - Null where the page does not know its instance.
 * @param loader - Loads what the commands open; null there, too.
 * @param reason - Why nothing can be scheduled; empty if something can.
 */
export function addScheduleCommands(
  commands: JupyterFrontEnd['commands'],
  palette: ICommandPalette | null,
  trans: TranslationBundle,
  watch: IScheduleWatch | null,
  loader: IStopLoader | null,
  reason: string,
  isVisible: () => boolean
): void {
  const schedule = () => watch?.outlook.schedule ?? null;
  const add = (
    id: string,
    label: string | (() => string),
    caption: string,
    execute: (
      watch: IScheduleWatch,
      // What a click opens is loaded at the first one.
      dialogs: typeof import('./lazy'),
      source: string
    ) => Promise<void>,
    visible = isVisible,
    enabled = !reason
  ) => {
    commands.addCommand(id, {
      label,
      caption: enabled ? caption : reason,
      isVisible: visible,
      isEnabled: () => !!watch && enabled,
      describedBy: sourceArgs(trans),
      execute: async args => {
        const dialogs = await loader?.loadDialogs();
        if (watch && dialogs) {
          await execute(watch, dialogs, sourceOf(args));
        }
      }
    });
    palette?.addItem({
      command: id,
      category: trans.__('Instance'),
      args: { source: 'palette' }
    });
  };
  add(
    IDLE,
    trans.__('Stop this instance when idle…'),
    trans.__('Stop it once nobody has worked for a while'),
    (watch, { scheduleIdle }, source) => scheduleIdle(watch, trans, source)
  );
  add(
    AT,
    trans.__('Stop this instance at a time…'),
    trans.__('Stop it at a time, or in a few hours'),
    (watch, { scheduleAt }, source) => scheduleAt(watch, trans, source)
  );
  add(
    CANCEL,
    () => {
      const current = schedule();
      return current
        ? trans.__(
            'Cancel the scheduled stop (%1)',
            scheduleText(trans, current)
          )
        : trans.__('Cancel the scheduled stop');
    },
    trans.__('Leave this instance running'),
    (watch, { cancelScheduled }) => cancelScheduled(watch, trans),
    () => stands(schedule())
  );
  add(
    EXTEND,
    () =>
      trans.__(
        'Extend the auto-stop of ModelArts… (%1)',
        watch ? leaseWhen(trans, watch.outlook, watch.api.now()) : ''
      ),
    trans.__('Have ModelArts stop this instance later'),
    (watch, { extendLease }) => extendLease(watch, trans),
    () => !!watch && !!leaseWhen(trans, watch.outlook, watch.api.now()),
    true
  );
  commands.addCommand(SHOW, {
    label: () =>
      (watch && summary(trans, watch.outlook, watch.api.now()).text) ||
      trans.__('Instance'),
    caption: trans.__('Show this instance and when it stops'),
    isVisible,
    isEnabled: () => !!watch,
    describedBy: { args: { type: 'object', properties: {} } },
    execute: async () => {
      const anchor =
        document.querySelector('.jp-NotebookStop-status:focus') ??
        document.querySelector(TOP_BAR) ??
        document.querySelector('.jp-NotebookStop-status') ??
        document.body;
      const dialogs = await loader?.loadDialogs();
      if (watch && dialogs) {
        const run = (id: string) => () =>
          void commands.execute(id, { source: 'menu' });
        await dialogs.showPanel(watch, trans, anchor, {
          stop: run(STOP),
          idle: run(IDLE),
          extend: run(EXTEND)
        });
      }
    }
  });
  watch?.listen(() => {
    commands.notifyCommandChanged(CANCEL);
    commands.notifyCommandChanged(EXTEND);
    commands.notifyCommandChanged(SHOW);
  });
}

/** Show the panel of the instance. */
export function showInstance(commands: JupyterFrontEnd['commands']): void {
  void commands.execute(SHOW);
}

/** Ask for how much longer the platform lets the instance run. */
export function extendAutoStop(commands: JupyterFrontEnd['commands']): void {
  void commands.execute(EXTEND);
}
