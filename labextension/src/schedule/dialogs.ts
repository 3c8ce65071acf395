import type { IRules, ISchedule, IScheduleRequest } from '../api';
import { trans } from '../language';
import { h, setText } from '../ui/dom';
import { field, notes, numberInput, showForm } from '../ui/form';
import { formatDuration, formatTime } from '../ui/format';
import { notify } from '../ui/notice';
import { withFailureDialog } from './failure_dialog';
import { isActive } from './rules';
import { scheduleText } from './texts';
import type { IScheduleWatch } from './watch';

/** The times from now that are offered, in minutes. */
const PRESETS = [30, 60, 120, 240, 480, 720];

const HOUR = 3_600_000;

/** Ask for a grace period, and have the instance stop when idle. */
export async function scheduleIdle(
  watch: IScheduleWatch,
  source: string
): Promise<void> {
  await withFailureDialog(async () => {
    const { rules, schedule } = await watch.api.schedule();
    const input = numberInput(
      watch.grace || Math.round(rules.grace / 0.6) / 100,
      1 / 60,
      rules.longest / 60
    );
    const accepted = await showForm({
      title: trans.__('Stop this instance when idle'),
      name: 'when-idle',
      accept: trans.__('Schedule the stop'),
      rows: [
        field(trans.__('When idle for'), input, trans.__('minutes')),
        notes([
          trans.__('The instance is not idle while a kernel is busy.'),
          terminalsText(rules),
          ...rulesTexts(rules, schedule)
        ])
      ],
      isValid: () => input.checkValidity()
    });
    if (accepted) {
      await submitSchedule(watch, {
        when: 'idle',
        grace: input.valueAsNumber * 60,
        source
      });
    }
  });
}

/** Ask for a time, and have the instance stop then. */
export async function scheduleAt(
  watch: IScheduleWatch,
  source: string
): Promise<void> {
  await withFailureDialog(async () => {
    const { rules, schedule } = await watch.api.schedule();
    const presets = PRESETS.filter(minutes => minutes * 60 <= rules.longest);
    const select = h(
      'select.jp-mod-styled',
      ...presets.map(minutes =>
        h(
          'option',
          { value: String(minutes) },
          trans.__('in %1', formatDuration(minutes * 60_000))
        )
      ),
      h('option', { value: '' }, trans.__('at a set time'))
    );
    select.value = presets.includes(60) ? '60' : '';
    const input = h('input.jp-mod-styled', {
      type: 'datetime-local',
      required: '',
      value: localText(Date.now() + HOUR),
      max: localText(Date.now() + rules.longest * 1_000)
    });
    const time = field(trans.__('Time'), input);
    const meaning = h('p.jp-NotebookStop-aside', { 'aria-live': 'polite' });
    const chosen = () =>
      select.value
        ? watch.api.now() + Number(select.value) * 60_000
        : Date.parse(input.value);
    const show = () => {
      time.hidden = !!select.value;
      const at = chosen();
      setText(
        meaning,
        at ? trans.__('The instance will stop at %1.', formatTime(at)) : ''
      );
    };
    select.addEventListener('input', show);
    input.addEventListener('input', show);
    show();
    const accepted = await showForm({
      title: trans.__('Stop this instance at a set time'),
      name: 'at',
      accept: trans.__('Schedule the stop'),
      rows: [
        field(trans._p('schedule', 'Stop'), select),
        time,
        meaning,
        notes([
          trans.__(
            'The instance stops at this time even if kernels are busy. Open tabs save first.'
          ),
          ...rulesTexts(rules, schedule)
        ])
      ],
      isValid: () =>
        !!select.value || (input.checkValidity() && chosen() > watch.api.now())
    });
    if (accepted) {
      const at = new Date(chosen()).toISOString();
      await submitSchedule(watch, { when: 'at', at, source });
    }
  });
}

/** Cancel the scheduled stop. */
export async function cancelScheduled(watch: IScheduleWatch): Promise<void> {
  await withFailureDialog(async () => {
    const { replaced } = await watch.cancel();
    const text = replaced
      ? trans.__('Cancelled: %1.', scheduleText(replaced))
      : trans.__('No stop was scheduled.');
    notify(text);
  });
}

async function submitSchedule(
  watch: IScheduleWatch,
  request: IScheduleRequest
): Promise<void> {
  const { schedule, replaced } = await watch.schedule(request);
  const text = schedule ? scheduleText(schedule) : '';
  notify(
    replaced
      ? trans.__(
          'Scheduled: %1. This replaces: %2.',
          text,
          scheduleText(replaced)
        )
      : trans.__('Scheduled: %1.', text)
  );
}

function terminalsText({ terminals }: IRules): string {
  switch (terminals) {
    case 'children':
      return trans.__(
        'The instance is not idle while a terminal runs a program.'
      );
    case 'open':
      return trans.__('The instance is not idle while a terminal is open.');
    case 'ignore':
      return trans.__('Terminals are ignored.');
  }
}

function rulesTexts(
  rules: IRules,
  schedule: ISchedule | null
): (string | null)[] {
  return [
    trans.__('It stops even if all tabs are closed.'),
    trans._n(
      'Open tabs show a countdown of %1 second first.',
      'Open tabs show a countdown of %1 seconds first.',
      rules.countdown
    ),
    trans.__(
      'The longest time allowed is %1.',
      formatDuration(rules.longest * 1_000)
    ),
    isActive(schedule)
      ? trans.__('This replaces: %1.', scheduleText(schedule))
      : null
  ];
}

/** A time as an input of the browser takes it. */
function localText(time: number): string {
  const offset = new Date(time).getTimezoneOffset() * 60_000;
  return new Date(time - offset).toISOString().slice(0, 16);
}
