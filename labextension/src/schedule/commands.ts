import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { COMMANDS } from '../ids';
import { sourceArgs, sourceOf } from '../source';
import type { IStopLoader } from '../stop/loader';
import type { ISession } from '../stop/parts';

/**
 * Add the commands that schedule a stop, take it back, and show the instance.
 *
 * @param loader - Null where the page does not know its instance.
 * @param reason - Why nothing can be scheduled; empty if something can.
 */
export function addScheduleCommands(
  commands: JupyterFrontEnd['commands'],
  palette: ICommandPalette | null,
  trans: TranslationBundle,
  loader: IStopLoader | null,
  reason: string
): void {
  const isVisible = () => loader !== null;
  const labels = () => loader?.session()?.labels();
  const add = (
    id: string,
    label: string | (() => string),
    caption: string,
    execute: (session: ISession, source: string) => Promise<void>,
    visible = isVisible,
    enabled = !reason
  ) => {
    commands.addCommand(id, {
      label,
      caption: enabled ? caption : reason,
      isVisible: visible,
      isEnabled: () => !!loader && enabled,
      describedBy: sourceArgs(trans),
      execute: async args => {
        const session = await loader?.load();
        if (session) {
          await execute(session, sourceOf(args));
        }
      }
    });
  };
  add(
    COMMANDS.idle,
    trans.__('Stop this instance when idle…'),
    trans.__('Stop it when it has been idle for a while'),
    (session, source) => session.scheduleIdle(source)
  );
  add(
    COMMANDS.at,
    trans.__('Stop this instance at a set time…'),
    trans.__('Stop it at a set time, or in a few hours'),
    (session, source) => session.scheduleAt(source)
  );
  add(
    COMMANDS.cancel,
    () => {
      const schedule = labels()?.schedule;
      return schedule
        ? trans.__('Cancel the scheduled stop (%1)', schedule)
        : trans.__('Cancel the scheduled stop');
    },
    trans.__('Leave this instance running'),
    session => session.cancelScheduled(),
    () => !!labels()?.schedule
  );
  add(
    COMMANDS.extend,
    () => trans.__('Extend ModelArts auto-stop… (%1)', labels()?.lease ?? ''),
    trans.__('Postpone the automatic stop by ModelArts'),
    session => session.extendLease(),
    () => !!labels()?.lease,
    true
  );
  for (const command of Object.values(COMMANDS)) {
    if (command !== COMMANDS.show) {
      palette?.addItem({
        command,
        category: trans.__('Instance'),
        args: { source: 'palette' }
      });
    }
  }
  add(
    COMMANDS.show,
    () => labels()?.summary || trans.__('Instance'),
    trans.__('Show this instance and when it stops'),
    session => session.showPanel(),
    isVisible,
    true
  );
}
