/**
 * Answers that do not come: before the stop is accepted, and after.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LIMITS } from '../src/stop/transition.ts';
import {
  attempt,
  calling,
  LOST,
  Page,
  problem,
  running,
  saving,
  stopped,
  stopping,
  view
} from './world.ts';

describe('after acceptance a lost answer is not the end', () => {
  test('one lost poll: farewell at once, then back by itself', () => {
    const page = new Page().accept().failPoll();
    assert.equal(page.shown, 'lost');
    assert.equal(page.connection, 'held');
    assert.ok(page.pause <= 2_000, 'a short interruption is found over soon');
    page.poll(stopping);
    assert.equal(page.shown, 'accepted');
    assert.equal(page.connection, 'suspended');
  });

  test('a page that said farewell resumes when the instance runs again', () => {
    const error = { code: 'stop_failed', message: 'It is RUNNING now.' };
    const page = new Page().accept().failPoll().failPoll();
    page.poll(view('RUNNING', attempt('ours', 'resumed', error)));
    assert.equal(page.shown, 'nothing');
    assert.equal(page.connection, 'open');
    assert.equal(page.end?.phase, 'resumed');
    assert.equal(page.end.failure?.kind, 'problem');
  });

  test('few polls in the first half minute, some within minutes', () => {
    const page = new Page().accept().failPoll();
    const pauses = [];
    while (page.state.name === 'farewell') {
      pauses.push(page.pause);
      page.failPoll();
    }
    assert.ok(pauses.length >= 3);
    assert.ok(pauses[0] + pauses[1] > 30_000, 'one poll in 30 s');
    assert.deepEqual(
      pauses,
      [...pauses].sort((a, b) => a - b)
    );
    assert.equal(page.state.name, 'closed');
    assert.equal(page.shown, 'lost', 'nothing is claimed');
  });

  for (const status of [401, 403, 404, 500]) {
    test(`a ${status} of the live server keeps the progress`, () => {
      const page = new Page().accept().failPoll(problem(status));
      assert.equal(page.shown, 'accepted');
      page.failPoll(problem(status)).poll(stopping).failPoll(problem(status));
      assert.equal(page.shown, 'accepted');
    });

    test(`a ${status} that stays becomes a farewell with a way back`, () => {
      const page = new Page().accept();
      for (let times = 0; times < LIMITS.errors; times++) {
        page.failPoll(problem(status));
      }
      assert.equal(page.shown, 'lost');
      assert.equal(page.poll(stopping).shown, 'accepted');
    });
  }

  for (const failure of [LOST, problem(502), problem(504)]) {
    test(`a ${JSON.stringify(failure)} is a loss, with a way back`, () => {
      const page = new Page().accept().failPoll(failure);
      assert.equal(page.shown, 'lost');
      assert.equal(page.poll(stopping).shown, 'accepted');
    });
  }

  test('a server that is unavailable or another is a loss', () => {
    assert.equal(new Page().accept().pollNone().shown, 'lost');
    const other = view('RUNNING', null, 'other');
    assert.equal(new Page().accept().poll(other).shown, 'lost');
    assert.equal(new Page().accept().poll(other).poll(other).shown, 'lost');
  });

  test('a server that no longer knows the attempt: its status decides', () => {
    const resumed = new Page().accept().poll(running);
    assert.equal(resumed.end?.phase, 'resumed');
    assert.equal(resumed.connection, 'open');
    const page = new Page().accept().poll(view('STOPPING'));
    assert.equal(page.shown, 'accepted');
    assert.equal(page.poll(view('STOPPED')).shown, 'stopped');
    const unclear = new Page().accept().poll(view(null));
    assert.equal(unclear.end?.phase, 'unknown');
    assert.equal(unclear.connection, 'open');
  });

  test('online and visible poll again, also after the connections are disposed of', () => {
    for (const type of ['online', 'visible'] as const) {
      const page = new Page().accept().failPoll().failPoll();
      const before = page.count('poll');
      page.dispatch({ type });
      assert.equal(page.count('poll'), before + 1);
      page.dispatch({ type });
      assert.equal(page.count('poll'), before + 1, 'one at a time');
      assert.equal(page.poll(stopping).shown, 'accepted');

      const closed = new Page().accept();
      while (closed.state.name !== 'closed') {
        closed.failPoll();
      }
      closed.dispatch({ type }).poll(view('STOPPING'));
      assert.equal(closed.state.name, 'closed');
      closed.dispatch({ type }).failPoll();
      assert.equal(closed.state.name, 'closed');
      closed.dispatch({ type }).poll(running);
      assert.equal(closed.shown, 'restarted');
      assert.equal(closed.connection, 'disposed', 'nothing is resumed');
    }
  });

  test('online begins the short pauses again', () => {
    const page = new Page().accept().failPoll().failPoll().failPoll();
    assert.equal(page.pause, LIMITS.lostPauses[2]);
    page.dispatch({ type: 'online' }).failPoll();
    assert.equal(page.pause, LIMITS.lostPauses[1]);
  });

  test('a kernel that reconnects makes the page poll, no more', () => {
    const page = new Page().accept();
    const before = page.count('poll');
    page.dispatch({ type: 'labConnectionLost' });
    assert.equal(page.count('poll'), before + 1);
    assert.equal(page.shown, 'accepted');
    assert.equal(page.connection, 'held');
    page.dispatch({ type: 'labConnectionLost' });
    assert.equal(page.count('poll'), before + 1);
    page.poll(stopping);
    assert.equal(page.connection, 'suspended');
    page.dispatch({ type: 'labConnectionLost' }).failPoll();
    assert.equal(page.shown, 'lost');
  });

  test('an instance that was STOPPED and runs again', () => {
    const page = new Page().accept().poll(stopped);
    page.poll(view('RUNNING', attempt('ours', 'resumed')));
    assert.equal(page.end?.phase, 'resumed');
    assert.equal(page.connection, 'open');
  });

  test('a late 202 after the page gave up is followed', () => {
    const page = new Page().request();
    while (page.state.name !== 'idle') {
      page.poll(running);
    }
    assert.equal(page.end?.phase, 'unknown');
    page.dispatch({ type: 'accepted', requested: 'ours', instance: stopping });
    assert.equal(page.shown, 'accepted');
    assert.equal(page.end.joined, false);
  });
});

describe('before acceptance the page is always left', () => {
  test('a server that is unavailable', () => {
    const page = new Page().request().poll(saving);
    let times = 0;
    while (page.shown !== 'nothing') {
      page.pollNone();
      assert.ok(++times < 10);
    }
    assert.equal(page.end?.phase, 'unknown');
    assert.equal(page.end.failure?.kind, 'wrongInstance');
  });

  test('another instance', () => {
    const page = new Page().request().poll(saving);
    let times = 0;
    while (page.shown !== 'nothing') {
      page.poll(view('RUNNING', null, 'other'));
      assert.ok(++times < 10);
    }
    assert.equal(page.end?.failure?.kind, 'wrongInstance');
  });

  test('a server that does not answer: some patience, told', () => {
    const page = new Page().request().poll(saving);
    let waited = 0;
    while (page.shown !== 'nothing') {
      page.failPoll();
      waited += page.pause;
    }
    assert.ok(waited > 10_000 && waited < 60_000);
    assert.equal(page.end?.phase, 'unknown');
    assert.equal(page.connection, 'open');
  });

  test('one lost poll changes nothing', () => {
    const page = new Page().request().poll(saving).failPoll().poll(saving);
    assert.equal(page.shown, 'saving');
    assert.equal(page.count('answerRollCall'), 1);
  });

  test('failed polls and strangers together are counted', () => {
    const page = new Page().request().poll(saving);
    let times = 0;
    while (page.shown !== 'nothing') {
      if (times % 2) {
        page.failPoll();
      } else {
        page.pollNone();
      }
      assert.ok(++times < 10);
    }
  });

  test('a server that does not know the attempt', () => {
    const lost = new Page().request();
    lost.dispatch({ type: 'failed', requested: 'ours', failure: LOST });
    lost.poll(running).poll(running);
    assert.equal(lost.end?.phase, 'refused', 'it never arrived');

    const open = new Page().request();
    for (let times = 0; times < LIMITS.pollsWithoutAttemptWhileOpen; times++) {
      assert.equal(open.shown, 'saving');
      open.poll(running);
    }
    assert.equal(open.end?.phase, 'unknown');

    const joined = new Page()
      .dispatch({ type: 'hint', attempt: 'ours' })
      .poll(calling);
    joined.poll(running).poll(running);
    assert.equal(joined.end?.phase, 'unknown', 'not: cancelled');
  });

  test('a request that was lost and arrived', () => {
    const page = new Page().request();
    page.dispatch({ type: 'failed', requested: 'ours', failure: LOST });
    assert.equal(page.poll(calling).shown, 'stopping');
    assert.equal(page.poll(stopping).shown, 'accepted');
    assert.equal(page.count('request'), 1);
  });

  for (const status of [500, 502, 504]) {
    test(`a ${status} that is not our server's refusal is no answer`, () => {
      const page = new Page().request();
      const failure = problem(status);
      page.dispatch({ type: 'failed', requested: 'ours', failure });
      assert.equal(page.end, null);
      assert.equal(page.poll(stopping).shown, 'accepted');
    });
  }

  test('a refusal is told', () => {
    const page = new Page().request();
    const failure = problem(502, 'ModelArts.0112', { upstream_status: 403 });
    page.dispatch({ type: 'failed', requested: 'ours', failure });
    assert.equal(page.end?.phase, 'refused');
    assert.equal(page.end.failure, failure);
    assert.equal(page.shown, 'nothing');
  });

  test('an outcome that the server does not know', () => {
    const page = new Page().request();
    const failure = problem(502, 'outcome_unknown');
    page.dispatch({ type: 'failed', requested: 'ours', failure });
    assert.equal(page.end?.phase, 'unknown');
  });

  test('documents that could not be saved are told as the server tells them', () => {
    const documents = [{ path: 'a.txt', reason: 'the disk is full' }];
    const error = { code: 'save_failed', message: 'No.', documents };
    const page = new Page().request().poll(saving);
    page.poll(view('RUNNING', attempt('ours', 'cancelled', error)));
    assert.deepEqual(page.end?.failure, {
      kind: 'problem',
      problem: error,
      status: 0
    });
    assert.equal(page.end.cancelledHere, false);
    assert.equal(page.end.joined, false);
  });

  test('a slow cloud: the page waits as long as the server does', () => {
    const page = new Page().request().poll(calling);
    for (let seconds = 0; seconds < 90; seconds++) {
      page.poll(calling);
    }
    assert.equal(page.shown, 'stopping');
    page.dispatch({ type: 'accepted', requested: 'ours', instance: stopping });
    assert.equal(page.shown, 'accepted');
  });
});
