import { trans } from '../language';
import type { ISchedule } from '../model';
import { formatDuration, formatTime, list } from '../ui/format';
import { openPanel } from '../ui/panel';
import type { IFacts } from '../ui/panel';
import { leaseEnd } from './rules';
import { leaseWhen, scheduleText, sentenceCase, waitingText } from './texts';
import type { IScheduleWatch } from './watch';

/** The panel's entry in the top bar. */
const TOP_BAR = '[data-jp-item-name="instance-state"]';

/** What the buttons of the panel do. */
export interface IActions {
  stop: () => void;
  idle: () => void;
  extend: () => void;
}

/**
 * Show what is known of the instance, and read it anew.
 *
 * It opens beside the status bar's item or the top bar's, whichever was clicked.
 */
export async function showPanel(
  watch: IScheduleWatch,
  { stop, idle, extend }: IActions
): Promise<void> {
  const anchor =
    document.querySelector('.jp-NotebookStop-status:focus') ??
    document.querySelector(TOP_BAR) ??
    document.querySelector('.jp-NotebookStop-status') ??
    document.body;
  const update = openPanel(anchor, {
    label: trans.__('This instance'),
    facts: facts(watch),
    buttons: [
      [trans.__('Stop…'), stop],
      ...(watch.isAllowed
        ? [[trans.__('When idle…'), idle] as [string, () => void]]
        : []),
      [trans.__('Extend auto-stop…'), extend]
    ]
  });
  await Promise.all([watch.read(), watch.readInstance()]);
  update(facts(watch));
}

function facts({ state, instanceId, api }: IScheduleWatch): IFacts {
  const { instance, schedule } = state;
  const now = api.now();
  const end = leaseEnd(state);
  return [
    [trans.__('Name'), instance?.name],
    [trans.__('ID'), instanceId],
    [trans.__('State'), instance?.status && sentenceCase(instance.status)],
    [trans.__('Flavor'), instance?.flavor],
    [trans.__('Image'), instance?.image],
    [
      trans.__('Storage'),
      instance?.storage && instance.mount_path
        ? trans.__('%1 (%2)', instance.mount_path, instance.storage)
        : (instance?.mount_path ?? instance?.storage)
    ],
    [
      trans.__('Auto-stop'),
      end
        ? trans.__('%1, at %2', leaseWhen(state, now), formatTime(end))
        : leaseWhen(state, now) || (instance && trans.__('none'))
    ],
    [
      trans.__('Schedule'),
      schedule ? scheduleFact(schedule, now) : trans.__('none')
    ],
    [
      trans.__('Busy'),
      list(
        (instance?.at_risk.kernels ?? []).map(({ path, name, busy_since }) =>
          busy_since
            ? trans.__(
                '%1 for %2',
                path ?? name,
                formatDuration(now - Date.parse(busy_since))
              )
            : (path ?? name)
        )
      )
    ]
  ];
}

function scheduleFact(schedule: ISchedule, now: number): string {
  const text = scheduleText(schedule);
  const waiting = waitingText(schedule, now);
  return waiting ? trans.__('%1: %2', text, waiting) : text;
}
