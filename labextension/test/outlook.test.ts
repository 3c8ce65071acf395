import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TranslationBundle } from '@jupyterlab/translation';
import { setLanguage } from '../src/language.ts';
import type { IInstance, ISchedule } from '../src/model';
import {
  activityPause,
  failureText,
  postponed,
  waitingText
} from '../src/schedule/consequences.ts';
import {
  countdownEnd,
  freshFor,
  isActive,
  isUrgent,
  leaseWhen,
  nearestEnd,
  scheduleText,
  summary
} from '../src/schedule/outlook.ts';
import { formatDuration, formatTime } from '../src/ui/format.ts';
import { view } from './world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = Date.parse('2026-11-28T12:00:00Z');

const fill = (text: string, values: unknown[]) =>
  text.replace(/%(\d)/g, (_, place: string) =>
    String(values[Number(place) - 1])
  );

// English, as it is without a translation.
setLanguage(
  {
    __: (text: string, ...values: unknown[]) => fill(text, values),
    _n: (one: string, many: string, count: number, ...values: unknown[]) =>
      fill(count === 1 ? one : many, [count, ...values])
  } as unknown as TranslationBundle,
  'en'
);

const iso = (after: number) => new Date(NOW + after).toISOString();

const shown = (after: number) => formatTime(NOW + after);

function schedule(more: Partial<ISchedule> = {}): ISchedule {
  return {
    id: 'one',
    when: 'idle',
    grace: 600,
    state: 'waiting',
    waiting_for: { kernels: [], terminals: [] },
    ...more
  };
}

function leased(after: number | null, idle_duration?: number): IInstance {
  return {
    ...view('RUNNING'),
    name: 'training',
    lease: {
      type: 'TIMING',
      expires_at: after === null ? null : NOW + after,
      idle_duration
    }
  };
}

const at = (after: number, more: Partial<ISchedule> = {}) =>
  schedule({ when: 'at', grace: null, at: iso(after), ...more });

describe('the nearest end', () => {
  const nearest = (given: ISchedule | null, instance: IInstance | null) =>
    nearestEnd({ schedule: given, instance }, NOW);

  test('is nothing where nothing is known', () => {
    assert.deepEqual(nearest(null, null), { text: '', urgent: false });
    assert.equal(nearest(null, view('RUNNING')).text, '');
  });

  test('is the earlier one of two times', () => {
    const lease = leased(72 * MINUTE);
    assert.equal(nearest(null, lease).text, 'auto-stop in 1 h 12 min');
    assert.equal(nearest(at(HOUR), lease).text, `stops at ${shown(HOUR)}`);
    assert.equal(nearest(at(2 * HOUR), lease).text, 'auto-stop in 1 h 12 min');
    assert.equal(nearest(at(HOUR), null).text, `stops at ${shown(HOUR)}`);
  });

  test('is a stop when idle, until the platform is about to stop', () => {
    assert.equal(
      nearest(schedule(), leased(11 * MINUTE)).text,
      'stops when idle'
    );
    assert.deepEqual(nearest(schedule(), leased(9 * MINUTE)), {
      text: 'auto-stop in 9 min',
      urgent: true
    });
  });

  test('is what happens now', () => {
    for (const [state, text] of [
      ['countdown', 'about to stop'],
      ['stopping', 'stopping'],
      ['retrying', 'stop failed']
    ] as const) {
      const end = nearest(schedule({ state }), leased(MINUTE));
      assert.deepEqual(end, { text, urgent: true });
    }
  });

  test('is the platform’s once a schedule has ended', () => {
    const ended = schedule({ state: 'ended' });
    assert.equal(isActive(ended), false);
    assert.equal(nearest(ended, leased(HOUR)).text, 'auto-stop in 1 h');
  });

  test('comes after name and state', () => {
    const outlook = { schedule: null, instance: leased(HOUR) };
    assert.equal(
      summary(outlook, NOW).text,
      'training · Running · auto-stop in 1 h'
    );
    assert.equal(
      summary({ schedule: schedule(), instance: null }, NOW).text,
      'stops when idle'
    );
  });

  test('is out of date while a stop is followed', () => {
    const instance = leased(MINUTE);
    for (const course of ['stopping', 'stopped', 'unknown'] as const) {
      const outlook = { schedule: schedule(), instance, course };
      assert.deepEqual(summary(outlook, NOW), {
        text: `training · ${course}`,
        urgent: false
      });
    }
  });
});

describe('the platform’s own stop', () => {
  const outlook = (after: number) => ({
    schedule: null,
    instance: leased(after)
  });

  test('is urgent for its last ten minutes', () => {
    assert.equal(isUrgent(outlook(10 * MINUTE + 1), NOW), false);
    assert.equal(isUrgent(outlook(10 * MINUTE), NOW), true);
    assert.equal(isUrgent({ schedule: null, instance: null }, NOW), false);
  });

  test('is told anew with each minute, and never after its end', () => {
    const fresh = freshFor(outlook(90_000), NOW);
    assert.equal(leaseWhen(outlook(90_000), NOW), 'in 1 min');
    assert.equal(leaseWhen(outlook(90_000), NOW + fresh), 'in less than 1 min');
    assert.ok(Number.isNaN(freshFor(outlook(0), NOW)));
    assert.ok(Number.isNaN(freshFor({ schedule: null, instance: null }, NOW)));
  });

  test('may depend on idleness', () => {
    const instance = leased(null, 2 * HOUR);
    assert.equal(
      leaseWhen({ schedule: null, instance }, NOW),
      'after 2 h idle'
    );
  });
});

describe('what a schedule waits for', () => {
  const waiting = (more: Partial<ISchedule>) =>
    waitingText(schedule(more), NOW);
  const kernel = {
    id: 'k',
    name: 'python3',
    path: 'train.ipynb',
    busy_since: iso(-192 * MINUTE)
  };

  test('is named, and for how long', () => {
    assert.equal(
      waiting({ waiting_for: { kernels: [kernel], terminals: [] } }),
      'waiting for train.ipynb, busy for 3 h 12 min'
    );
    assert.equal(
      waiting({ waiting_for: { kernels: [], terminals: ['2'] } }),
      'waiting for terminal 2'
    );
    assert.equal(
      waiting({ waiting_for: { kernels: [kernel], terminals: ['1', '2'] } }),
      'waiting for train.ipynb, busy for 3 h 12 min, and 2 more'
    );
    assert.equal(
      waiting({
        waiting_for: { kernels: [{ id: 'k', name: 'R' }], terminals: [] }
      }),
      'waiting for R'
    );
  });

  test('is the time where nobody works', () => {
    assert.equal(
      waiting({ due_at: iso(HOUR) }),
      `at ${shown(HOUR)} if the instance stays idle`
    );
    assert.equal(waiting({}), 'when idle for 10 min');
    assert.equal(
      waiting({ not_before: iso(HOUR), due_at: iso(HOUR) }),
      `postponed until ${shown(HOUR)}`
    );
    assert.equal(waiting({ not_before: iso(-HOUR), grace: null }), '');
  });

  test('is nothing for any other schedule', () => {
    assert.equal(waitingText(at(HOUR), NOW), '');
    assert.equal(waiting({ state: 'countdown' }), '');
  });
});

describe('a countdown', () => {
  const end = (given: ISchedule | null) =>
    countdownEnd({ schedule: given, instance: null });

  test('is shown in that state alone', () => {
    const stops_at = iso(MINUTE);
    assert.equal(end(schedule({ state: 'countdown', stops_at })), NOW + MINUTE);
    assert.ok(Number.isNaN(end(schedule({ state: 'waiting', stops_at }))));
    assert.ok(Number.isNaN(end(schedule({ state: 'countdown' }))));
    assert.ok(Number.isNaN(end(null)));
  });

  test('is put off by one hour, whatever the schedule', () => {
    assert.deepEqual(postponed(at(0), NOW), { when: 'at', at: iso(HOUR) });
    assert.deepEqual(postponed(schedule(), NOW), {
      when: 'idle',
      not_before: iso(HOUR),
      grace: 600
    });
    assert.deepEqual(postponed(schedule({ grace: null }), NOW), {
      when: 'idle',
      not_before: iso(HOUR)
    });
  });
});

describe('activity', () => {
  const pause = (given: ISchedule | null) =>
    activityPause({ schedule: given, instance: null });

  test('is reported often enough for the grace period', () => {
    assert.equal(pause(schedule({ grace: 600 })), MINUTE);
    assert.equal(pause(schedule({ grace: 20 })), 5_000);
    assert.equal(pause(schedule({ grace: null })), MINUTE);
    assert.equal(pause(schedule({ state: 'retrying' })), MINUTE);
  });

  test('is reported to nobody where nothing waits for it', () => {
    for (const given of [
      null,
      at(HOUR),
      schedule({ state: 'countdown' }),
      schedule({ state: 'stopping' }),
      schedule({ state: 'ended' })
    ]) {
      assert.ok(Number.isNaN(pause(given)));
    }
  });
});

describe('a failure', () => {
  const error = { code: 'denied', message: 'No.', remedy: 'Ask for it.' };

  test('is told with the next try', () => {
    const retrying = schedule({
      state: 'retrying',
      error,
      next_try_at: iso(MINUTE)
    });
    assert.equal(
      failureText(retrying),
      `The scheduled stop failed. Next try at ${shown(MINUTE)}: No.`
    );
    assert.equal(
      scheduleText(retrying),
      `stop failed; next try at ${shown(MINUTE)}`
    );
  });

  test('is told with the remedy where a permission is missing', () => {
    assert.equal(
      failureText(
        schedule({ state: 'ended', error: { ...error, upstream_status: 403 } })
      ),
      'The scheduled stop failed and will not be tried again: Ask for it.'
    );
  });

  test('is told no longer once it is tried again', () => {
    assert.equal(failureText(schedule({ error })), '');
    assert.equal(failureText(schedule({ state: 'countdown', error })), '');
    assert.equal(failureText(schedule({ state: 'ended' })), '');
    assert.equal(failureText(null), '');
  });
});

test('durations are short', () => {
  for (const [time, text] of [
    [-5, 'less than 1 min'],
    [59_999, 'less than 1 min'],
    [MINUTE, '1 min'],
    [HOUR, '1 h'],
    [47 * HOUR + 5 * MINUTE, '47 h 5 min'],
    [168 * HOUR, '7 days']
  ] as const) {
    assert.equal(formatDuration(time), text);
  }
});
