import { trans } from '../language';
import type { ISchedule } from '../model';
import { button, h, setText } from './dom';
import { formatDuration, formatElapsed, formatTime } from './format';
import { modal } from './modal';

/** The seconds left that are read out. */
const READ_OUT = [60, 30, 10];

/**
 * What a user can do about a countdown.
 */
export interface IChoices {
  cancel: () => Promise<unknown>;
  now: () => void;
  later: () => Promise<unknown>;
}

/**
 * Shows how long a scheduled stop still can be cancelled, above everything else in the page.
 *
 * @param now - The time by the server's clock.
 * @returns A function that shows the countdown of a schedule; null closes it.
 */
export function countdown(
  now: () => number,
  choices: IChoices
): (schedule: ISchedule | null) => void {
  const reason = h('p');
  const seconds = h('p.jp-NotebookStop-seconds', { role: 'timer' });
  // Not each second: only this one is read out.
  const spoken = h('p.jp-NotebookStop-spoken', { 'aria-live': 'assertive' });
  const problem = h('p.jp-NotebookStop-risk', { role: 'alert' });
  const choice = (name: keyof IChoices, text: string, kind: string) =>
    button(text, kind, () => void choose(name));
  const buttons = [
    choice('now', trans.__('Stop now'), 'jp-mod-warn'),
    choice('later', trans.__('Postpone by 1 hour'), 'jp-mod-reject'),
    choice('cancel', trans.__('Cancel'), 'jp-mod-accept')
  ];
  const content = h(
    'div.jp-NotebookStop-body',
    { 'data-view': 'countdown' },
    reason,
    seconds,
    spoken,
    h(
      'p',
      trans.__(
        'All open tabs save their documents first. If a document cannot be saved, the instance is not stopped.'
      )
    ),
    problem,
    h('div.jp-NotebookStop-choices', ...buttons)
  );
  const { title, open, close } = modal(
    'jp-NotebookStop-countdown',
    'alertdialog',
    content
  );
  setText(title, trans.__('This instance is about to stop'));

  let end = 0;
  let timer = 0;
  let said = Infinity;

  const enable = (enabled: boolean) =>
    buttons.forEach(node => {
      node.disabled = !enabled;
    });
  const choose = async (name: keyof IChoices) => {
    enable(false);
    setText(problem, '');
    try {
      await choices[name]();
    } catch (error) {
      const { message } = error as Error;
      setText(problem, trans.__('The action failed: %1', message));
    }
    enable(true);
  };
  const tick = () => {
    const left = Math.max(0, end - now());
    setText(
      seconds,
      left ? formatElapsed(Math.ceil(left / 1_000) * 1_000) : '0:00'
    );
    const step = READ_OUT.filter(
      mark => left <= mark * 1_000 && mark < said
    ).pop();
    if (step) {
      said = step;
      setText(
        spoken,
        trans._n('%1 second left', '%1 seconds left', Math.ceil(left / 1_000))
      );
    }
  };

  return schedule => {
    window.clearInterval(timer);
    if (!schedule) {
      close();
      return;
    }
    end = Date.parse(schedule.stops_at ?? '');
    const fresh = !content.isConnected;
    if (fresh) {
      said = Infinity;
      setText(problem, '');
      setText(spoken, '');
      enable(true);
    }
    setText(reason, reasonText(schedule));
    open();
    tick();
    timer = window.setInterval(tick, 250);
    if (fresh) {
      buttons[2].focus();
    }
  };
}

function reasonText({ when, at, grace }: ISchedule): string {
  return when === 'at' && at
    ? trans.__('It was scheduled for %1.', formatTime(at))
    : grace
      ? trans.__(
          'The instance has been idle for %1.',
          formatDuration(grace * 1_000)
        )
      : trans.__('The instance has been idle for a while.');
}
