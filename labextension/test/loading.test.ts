/**
 * What loads a stop, and what hears of one, in a page that has loaded nothing of it yet.
 */
import './hooks.ts';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Signal } from './page.ts';
import type { Network } from './server.ts';
import { click, Whole } from './whole.ts';
import { INSTANCE_ID } from './world.ts';

const { stopLoader } = await import('../src/stop/loader.ts');
const { listen } = await import('../src/stop/remote.ts');

describe('a page that has loaded nothing of a stop yet', () => {
  const opened = async (network: Network): Promise<Whole> => {
    const whole = new Whole();
    whole.server.network = network;
    await whole.browser.time.pass(10);
    return whole;
  };

  test('loads it when it is idle, and shows nothing', async () => {
    const whole = await opened('up');
    assert.equal(whole.starts, 0);
    assert.ok(whole.loader.isIdle() && !whole.stopStatus);
    await whole.browser.time.pass(100);
    assert.equal(whole.starts, 1);
    assert.ok(whole.loader.isIdle() && !whole.stopStatus);
  });

  test('takes part in the roll call of a stop that is announced', async () => {
    const whole = await opened('up');
    whole.server.begin('theirs', 'all', true);
    await whole.browser.time.pass(1_000);
    assert.equal(whole.browser.overlay?.view, 'progress');
    assert.equal(whole.stopStatus, 'stopping');
    await whole.browser.time.pass(10_000);
    assert.equal(whole.server.current?.phase, 'stopped');
    assert.equal(whole.stopStatus, 'unknown');
  });

  test('also after a short loss of the network', async () => {
    const whole = await opened('down');
    whole.server.begin('theirs', 'all', true);
    await whole.browser.time.pass(300);
    assert.equal(whole.starts, 0);
    whole.server.network = 'up';
    await whole.browser.time.pass(1_000);
    assert.equal(whole.starts, 1);
    assert.equal(whole.browser.overlay?.view, 'progress');
    assert.equal(whole.browser.errors, 0);
  });

  test('tells when a stop was announced and it cannot be loaded', async () => {
    const whole = await opened('down');
    whole.emit({ attempt: 'theirs' });
    await whole.browser.time.pass(3_300);
    assert.equal(whole.browser.errors, 0);
    await whole.browser.time.pass(300);
    assert.equal(whole.browser.errors, 1);
  });

  test('tells at once when a click comes to nothing, and the next one works', async () => {
    const whole = await opened('down');
    click(whole);
    await whole.browser.time.pass(10);
    assert.equal(whole.browser.errors, 1);
    assert.equal(whole.browser.question, null);
    whole.server.network = 'up';
    click(whole);
    await whole.browser.time.pass(100);
    assert.ok(whole.browser.question);
  });

  test('tells nobody who has asked for nothing, and tries again', async () => {
    const whole = await opened('down');
    await whole.browser.time.pass(20_000);
    assert.equal(whole.browser.errors, 0);
    whole.server.network = 'up';
    await whole.browser.time.pass(60_000);
    assert.equal(whole.starts, 1);
  });

  test('hears of stops of its own instance alone', async () => {
    for (const event of [
      { attempt: 'a', instance_id: 'other' },
      { attempt: 'a', schema_id: 'other' },
      { attempt: null },
      {}
    ]) {
      const whole = await opened('up');
      whole.emit(event);
      await whole.browser.time.pass(20);
      assert.equal(whole.starts, 0);
    }
  });

  test('keeps its event socket while it is hidden', () => {
    assert.equal(new Whole().events._poll.standby, 'never');
    const none = stopLoader({} as never, () => assert.fail());
    listen({} as never, none, INSTANCE_ID);
    const events = { stream: new Signal() };
    listen({ events } as never, none, INSTANCE_ID);
    assert.deepEqual(Object.keys(events), ['stream']);
  });
});
