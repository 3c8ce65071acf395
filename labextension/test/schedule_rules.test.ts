/**
 * What follows for a page from a schedule and from the platform's own stop.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ISchedule } from '../src/model';
import {
  activityPause,
  countdownEnd,
  freshFor,
  isUrgent,
  postponed
} from '../src/schedule/rules.ts';
import { leaseWhen } from '../src/schedule/texts.ts';
import { at, HOUR, iso, leased, MINUTE, NOW, schedule } from './schedule.ts';

describe('the platform’s own stop', () => {
  const state = (after: number) => ({
    schedule: null,
    instance: leased(after)
  });

  test('is urgent for its last ten minutes', () => {
    assert.equal(isUrgent(state(10 * MINUTE + 1), NOW), false);
    assert.equal(isUrgent(state(10 * MINUTE), NOW), true);
    assert.equal(isUrgent({ schedule: null, instance: null }, NOW), false);
  });

  test('is told anew with each minute, and never after its end', () => {
    const fresh = freshFor(state(90_000), NOW);
    assert.equal(leaseWhen(state(90_000), NOW), 'in 1 min');
    assert.equal(leaseWhen(state(90_000), NOW + fresh), 'in less than 1 min');
    assert.ok(Number.isNaN(freshFor(state(0), NOW)));
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
