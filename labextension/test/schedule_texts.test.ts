/**
 * What a page says of its instance, of a schedule and of the platform's own stop.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { IInstance, ISchedule } from '../src/model';
import { isActive } from '../src/schedule/rules.ts';
import {
  failureText,
  nearestEnd,
  scheduleText,
  summary,
  waitingText
} from '../src/schedule/texts.ts';
import { formatDuration } from '../src/ui/format.ts';
import {
  at,
  HOUR,
  iso,
  leased,
  MINUTE,
  NOW,
  schedule,
  shown
} from './schedule.ts';
import { view } from './world.ts';

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
    const state = { schedule: null, instance: leased(HOUR) };
    assert.equal(
      summary(state, NOW).text,
      'training · Running · auto-stop in 1 h'
    );
    assert.equal(
      summary({ schedule: schedule(), instance: null }, NOW).text,
      'stops when idle'
    );
  });

  test('is out of date while a stop is followed', () => {
    const instance = leased(MINUTE);
    for (const stopStatus of ['stopping', 'stopped', 'unknown'] as const) {
      const state = { schedule: schedule(), instance, stopStatus };
      assert.deepEqual(summary(state, NOW), {
        text: `training · ${stopStatus}`,
        urgent: false
      });
    }
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
