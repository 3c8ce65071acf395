/**
 * Events that come too late, twice, or for another attempt.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  attempt,
  calling,
  clicked,
  ignores,
  INSTANCE_ID,
  LOST,
  Page,
  problem,
  running,
  saving,
  stopped,
  stopping,
  view
} from './world.ts';

describe('a page that has just opened', () => {
  test('waits for no poll', () => {
    const page = new Page();
    assert.deepEqual(page.state, {
      instanceId: INSTANCE_ID,
      poll: { id: 0, sent: false },
      name: 'idle'
    });
    ignores(page, { type: 'pollSucceeded', poll: 0, view: saving });
    ignores(page, { type: 'pollFailed', poll: 0, failure: LOST });
  });
});

describe('a poll that is due', () => {
  test('is sent once', () => {
    const page = new Page().request();
    const { id } = page.state.poll;
    const before = page.count('poll');
    page.dispatch({ type: 'pollDue', poll: id });
    assert.equal(page.count('poll'), before + 1);
    ignores(page, { type: 'pollDue', poll: id });
  });

  test('is not sent for an earlier one', () => {
    const page = new Page().request().poll(saving);
    ignores(page, { type: 'pollDue', poll: page.state.poll.id - 1 });
  });

  test('is answered after it was sent, not before', () => {
    const page = new Page().request();
    const poll = page.state.poll.id;
    assert.equal(page.state.poll.sent, false);
    ignores(page, { type: 'pollSucceeded', poll, view: saving });
    ignores(page, { type: 'pollFailed', poll, failure: LOST });
  });

  test('is answered once', () => {
    const page = new Page().request();
    page.poll(saving);
    const poll = page.state.poll.id - 1;
    ignores(page, { type: 'pollSucceeded', poll, view: calling });
  });

  test('has an id that no earlier one had', () => {
    const page = new Page().request();
    for (const next of [saving, saving, calling, stopping, stopping, stopped]) {
      page.poll(next).dispatch({ type: 'visible' });
    }
    page.failPoll();
    const ids = page.effects.flatMap(effect =>
      effect.type === 'poll' ? [effect.poll] : []
    );
    assert.equal(new Set(ids).size, ids.length);
    assert.deepEqual(
      ids,
      [...ids].sort((a, b) => a - b)
    );
  });
});

describe('polls that overtake each other', () => {
  test('have ids that grow, so that no answer is taken for a later one', () => {
    const page = clicked();
    for (const id of ['a', 'b', 'c']) {
      page.dispatch({ type: 'hint', attempt: id });
    }
    page.poll(view('RUNNING', attempt('c', 'saving')));
    page.dispatch({ type: 'visible' });
    const ids = page.effects.flatMap(effect =>
      effect.type === 'poll' ? [effect.poll] : []
    );
    assert.equal(ids.length, 5);
    assert.ok(ids.every((id, index) => !index || id > ids[index - 1]));
  });
});

describe('an answer to another request', () => {
  test('that failed does not end this one', () => {
    const page = new Page().request().poll(saving);
    const failure = problem(409, 'denied');
    ignores(page, { type: 'failed', requested: 'other', failure });
    page.dispatch({ type: 'failed', requested: 'ours', failure });
    assert.equal(page.end?.phase, 'refused');
  });

  test('that was accepted is not taken for this one', () => {
    const page = new Page().request().poll(saving);
    const instance = view('STOPPING', attempt('other', 'accepted'));
    ignores(page, { type: 'accepted', requested: 'other', instance });
  });

  test('that was accepted and has ended is not followed', () => {
    const page = new Page();
    for (const instance of [
      running,
      view('RUNNING', attempt('ours', 'refused'))
    ]) {
      ignores(page, { type: 'accepted', requested: 'ours', instance });
    }
    ignores(clicked(), {
      type: 'accepted',
      requested: 'ours',
      instance: stopping
    });
  });

  test('that was cancelled, or could not be, is another one', () => {
    const page = new Page().request().poll(saving).dispatch({ type: 'cancel' });
    ignores(page, { type: 'cancelled', attempt: 'other' });
    ignores(page, { type: 'cancelFailed', attempt: 'other', failure: LOST });
  });
});

describe('a cancel', () => {
  test('is possible only while tabs save', () => {
    for (const page of [
      new Page(),
      new Page().request(),
      new Page().request().poll(calling),
      new Page().accept()
    ]) {
      ignores(page, { type: 'cancel' });
      ignores(page.accept(), { type: 'cancelled', attempt: 'ours' });
    }
  });

  test('that failed is polled after while tabs save, and forgotten afterwards', () => {
    const page = new Page().request().poll(saving).dispatch({ type: 'cancel' });
    const before = page.count('poll');
    const failure = LOST;
    page.dispatch({ type: 'cancelFailed', attempt: 'ours', failure });
    assert.equal(page.count('poll'), before + 1);
    const later = new Page()
      .request()
      .poll(saving)
      .dispatch({ type: 'cancel' });
    later.poll(calling);
    ignores(later, { type: 'cancelFailed', attempt: 'ours', failure });
  });

  test('of which a gateway says that it failed has no reason to show', () => {
    const page = new Page().request().poll(saving).dispatch({ type: 'cancel' });
    const failure = problem(502);
    page.dispatch({ type: 'cancelFailed', attempt: 'ours', failure });
    assert.ok(page.state.name === 'saving');
    assert.equal(page.state.refusal, null);
    assert.equal(page.state.cancel, 'failed');
  });

  test('that is sent again has no reason to show', () => {
    const page = new Page().request().poll(saving).dispatch({ type: 'cancel' });
    const failure = problem(403);
    page.dispatch({ type: 'cancelFailed', attempt: 'ours', failure });
    page.dispatch({ type: 'cancel' });
    assert.ok(page.state.name === 'saving');
    assert.equal(page.state.refusal, null);
  });
});

describe('a reason to poll', () => {
  test('a connection that JupyterLab lost, while the cloud is called and after STOPPED was read', () => {
    for (const page of [
      new Page().request().poll(calling),
      new Page().accept().poll(stopped)
    ]) {
      const { name } = page.state;
      const before = page.count('poll');
      page.dispatch({ type: 'labConnectionLost' });
      assert.equal(page.count('poll'), before + 1);
      assert.equal(page.state.name, name);
    }
  });

  test('such a connection is none while nothing was accepted, or the connection is lost anyway', () => {
    for (const page of [
      new Page(),
      clicked(),
      new Page().request(),
      new Page().request().poll(saving),
      new Page().accept().failPoll()
    ]) {
      ignores(page, { type: 'labConnectionLost' });
    }
  });

  test('a hint, the network and the user, in every state of a stop', () => {
    for (const type of ['hint', 'online', 'visible'] as const) {
      for (const page of [
        new Page().request(),
        new Page().request().poll(saving),
        new Page().request().poll(calling),
        new Page().accept(),
        new Page().accept().failPoll()
      ]) {
        const { name } = page.state;
        const before = page.count('poll');
        page.dispatch({ type, attempt: 'other' });
        assert.equal(page.count('poll'), before + 1, `${type} in ${name}`);
        assert.equal(page.state.name, name);
      }
    }
  });

  test('neither the network nor the user are one where nothing is under way', () => {
    for (const type of ['online', 'visible'] as const) {
      ignores(new Page(), { type });
      ignores(clicked().poll(running), { type });
    }
  });
});

describe('a hint', () => {
  test('is polled for anew with each attempt', () => {
    const page = new Page().dispatch({ type: 'hint', attempt: 'first' });
    page.failPoll().failPoll();
    page.dispatch({ type: 'hint', attempt: 'ours' });
    assert.ok(page.state.name === 'joining');
    assert.deepEqual([page.state.hint, page.state.failedPolls], ['ours', 0]);
    assert.equal(page.poll(saving).shown, 'saving');
  });

  test('keeps the state that it meets', () => {
    const page = clicked().dispatch({ type: 'hint', attempt: 'ours' });
    assert.equal(page.state.name, 'reading');
    const open = clicked()
      .poll(running)
      .dispatch({ type: 'hint', attempt: 'x' });
    assert.equal(open.state.name, 'confirming');
  });

  test('is none of a page that was closed', () => {
    const page = new Page().accept().poll(stopped).failPoll();
    assert.equal(page.state.name, 'closed');
    ignores(page, { type: 'hint', attempt: 'x' });
  });
});
