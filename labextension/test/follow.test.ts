/**
 * How a stop is followed: how often a page polls, what it tells at the end, and what it makes of another stop.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  attempt,
  calling,
  clicked,
  LOST,
  Page,
  problem,
  running,
  saving,
  stopped,
  stopping,
  view
} from './world.ts';

describe('the course of a stop', () => {
  const pauses = (page: Page) => page.pause;

  test('is polled at the pace of its phase', () => {
    const page = new Page().request();
    assert.equal(pauses(page), 200);
    assert.equal(pauses(page.poll(saving)), 1_000);
    assert.equal(pauses(page.poll(saving)), 1_000);
    assert.equal(pauses(page.poll(calling)), 1_000);
    assert.equal(pauses(page.poll(stopping)), 2_000);
    assert.equal(pauses(page.poll(stopped)), 15_000);
    const lost = new Page().accept().failPoll(problem(500));
    assert.equal(pauses(lost), 2_000);
    const asked = new Page().request().poll(running);
    assert.equal(pauses(asked), 1_000);
    asked.dispatch({ type: 'failed', requested: 'ours', failure: LOST });
    assert.equal(pauses(asked), 200);
  });

  test('after a failed poll is polled soon, and less and less often', () => {
    const page = new Page().request().poll(saving);
    const all = [];
    while (page.state.name === 'saving') {
      all.push(pauses(page.failPoll()));
    }
    assert.deepEqual(all, [1_000, 1_000, 2_000, 4_000, 8_000, 0]);
  });

  test('after a loss is polled once more at once, then rarely', () => {
    const page = new Page().accept().failPoll();
    const all = [];
    while (page.state.name === 'farewell') {
      all.push(pauses(page));
      page.failPoll();
    }
    assert.deepEqual(all, [1_500, 32_000, 60_000, 120_000]);
  });

  test('that was announced is polled for within the roll call, and a while longer', () => {
    const page = new Page().dispatch({ type: 'hint', attempt: 'ours' });
    const all = [];
    while (page.failPoll().state.name === 'joining') {
      all.push(pauses(page));
    }
    assert.deepEqual(all, [200, 400, 800, 2_000]);
  });

  test('is lost at the third error in a row, and given up after fifteen views that do not know it', () => {
    const page = new Page()
      .accept()
      .failPoll(problem(500))
      .failPoll(problem(500));
    assert.equal(page.shown, 'accepted');
    assert.equal(page.failPoll(problem(500)).shown, 'lost');
    const unknown = new Page().request();
    for (let views = 1; views < 15; views++) {
      assert.equal(unknown.poll(running).state.name, 'requesting');
    }
    assert.equal(unknown.poll(running).state.name, 'idle');
  });

  test('is lost until a view says otherwise, and an error of a live server is no loss', () => {
    const page = new Page().accept().failPoll();
    assert.equal(page.failPoll(problem(500)).shown, 'lost');
    const live = new Page().accept().failPoll(problem(500));
    assert.equal(live.state.name, 'accepted');
    assert.equal(live.connection, 'suspended');
  });

  test('survives five failed polls in a row, however it began', () => {
    const failedPolls = (page: Page) => {
      let count = 0;
      while (page.state.name !== 'idle') {
        page.failPoll();
        count++;
      }
      return count;
    };
    assert.equal(failedPolls(new Page().request()), 6);
    assert.equal(failedPolls(new Page().request().failPoll().poll(running)), 6);
    assert.equal(failedPolls(new Page().request().failPoll().poll(saving)), 6);
    const joined = new Page().dispatch({ type: 'hint', attempt: 'ours' });
    assert.equal(failedPolls(joined.poll(saving)), 6);
  });

  test('begins to count failed polls anew with each view', () => {
    const page = new Page().request().poll(saving);
    page.failPoll().failPoll().failPoll().failPoll().failPoll().poll(saving);
    assert.equal(pauses(page.failPoll()), 1_000);
    const open = new Page().request();
    open.failPoll().failPoll().failPoll().failPoll().failPoll().poll(running);
    assert.equal(pauses(open.failPoll()), 1_000);
    const known = new Page().accept();
    known.failPoll(problem(500)).failPoll(problem(500)).poll(stopping);
    known.failPoll(problem(500)).failPoll(problem(500));
    assert.equal(known.shown, 'accepted');
  });

  test('begins to count unknown attempts anew once it is known', () => {
    const page = new Page().dispatch({ type: 'hint', attempt: 'ours' });
    page.poll(calling).poll(running).poll(calling).poll(running);
    assert.equal(page.shown, 'stopping');
    page.poll(running);
    assert.equal(page.end?.phase, 'unknown');
  });

  test('after STOPPED is polled for five minutes, as long as the server answers', () => {
    const page = new Page().accept();
    let polls = 0;
    page.poll(stopped);
    while (page.state.name === 'farewell') {
      assert.equal(pauses(page), 15_000);
      page.poll(stopped);
      polls++;
    }
    assert.equal(polls, 20);
    assert.equal(page.state.name, 'closed');
    const failing = new Page().accept().poll(stopped);
    assert.equal(failing.failPoll(problem(500)).shown, 'stopped');
    assert.equal(failing.state.name, 'farewell');
    assert.equal(failing.failPoll(problem(503)).state.name, 'closed');
  });

  test('STOPPED is not forgotten because the server knows the attempt no more, or says less', () => {
    const page = new Page().accept().poll(view('STOPPED'));
    assert.equal(page.shown, 'stopped');
    assert.equal(page.poll(view('STOPPING')).shown, 'stopped');
    assert.equal(page.poll(stopping).shown, 'stopped');
    const status = new Page().accept();
    status.poll(view('STOPPED', attempt('ours', 'accepted')));
    assert.equal(status.shown, 'stopped');
  });

  test('a farewell after a loss begins its polls anew when STOPPED is read', () => {
    const page = new Page().accept().failPoll().failPoll().poll(stopped);
    assert.ok(page.state.name === 'farewell');
    assert.deepEqual([page.state.reason, page.state.polls], ['stopped', 0]);
  });
});

describe('what is told at the end', () => {
  test('that it was cancelled here only if this page has asked for it', () => {
    const error = { code: 'cancelled', message: 'Cancelled.' };
    const over = view('RUNNING', attempt('ours', 'cancelled', error));
    assert.equal(
      new Page().request().poll(saving).poll(over).end?.cancelledHere,
      false
    );
    const asked = () =>
      new Page().request().poll(saving).dispatch({ type: 'cancel' });
    assert.equal(asked().poll(over).end?.cancelledHere, true);
    const silent = view('RUNNING', attempt('ours', 'cancelled'));
    assert.equal(asked().poll(silent).end?.cancelledHere, true);
    const unsaved = { code: 'save_failed', message: 'No.' };
    const failed = view('RUNNING', attempt('ours', 'cancelled', unsaved));
    assert.equal(asked().poll(failed).end?.cancelledHere, false);
    assert.equal(asked().poll(calling).poll(over).end?.cancelledHere, false);
  });

  test('as what it ended, and where to check', () => {
    for (const phase of ['cancelled', 'resumed', 'refused'] as const) {
      const over = view('RUNNING', attempt('ours', phase));
      const page = new Page()
        .request()
        .poll(saving)
        .poll({ ...over, console_url: 'https://console.example/' });
      assert.equal(page.end?.phase, phase);
      assert.equal(page.end.failure, null);
      assert.equal(page.end.consoleUrl, 'https://console.example/');
      assert.equal(page.end.joined, false);
      assert.equal(page.end.scheduled, false);
    }
    assert.equal(clicked().failPoll().end?.consoleUrl, null);
  });

  test('that a request came to nothing only if the instance runs', () => {
    const lost = () =>
      new Page()
        .request()
        .dispatch({ type: 'failed', requested: 'ours', failure: LOST });
    const none = lost().poll(running).poll(running);
    assert.deepEqual(none.end?.failure, { kind: 'connectionLost' });
    assert.equal(none.end.phase, 'refused');
    for (const after of [
      lost().poll(view('STOPPING')).poll(view('STOPPING')),
      lost().poll(view(null)).poll(view(null)),
      lost().poll(calling).poll(running).poll(running)
    ]) {
      assert.equal(after.end?.phase, 'unknown');
      assert.deepEqual(after.end.failure, { kind: 'unknownAttempt' });
    }
  });

  test('where the server does not know what has become of it, nothing else', () => {
    for (const code of ['outcome_unknown', 'foreign_answer']) {
      const page = new Page().request().poll(calling);
      const failure = problem(502, code);
      page.dispatch({ type: 'failed', requested: 'ours', failure });
      assert.equal(page.end?.phase, 'unknown');
      assert.equal(page.end.cancelledHere, false);
    }
  });

  test('after STOPPED was read and the server forgot: that the instance runs, or that nothing is known', () => {
    const page = new Page().accept().poll(view('STARTING'));
    assert.equal(page.end?.phase, 'unknown');
    assert.deepEqual(page.end.failure, { kind: 'unknownAttempt' });
    const runs = new Page().accept().poll(running);
    assert.equal(runs.end?.phase, 'resumed');
    assert.equal(runs.end.failure, null);
  });
});

describe('which polls wait for the cloud', () => {
  const waits = (page: Page) => {
    const polls = page.effects.filter(({ type }) => type === 'poll');
    const last = polls.at(-1);
    return last?.type === 'poll' && last.waitForCloud;
  };

  test('before the question, and where nothing else is to be done', () => {
    assert.equal(waits(clicked()), true);
    const farewell = new Page().accept().failPoll();
    assert.equal(waits(farewell.dispatch({ type: 'visible' })), true);
    const closed = new Page().accept().poll(stopped).failPoll();
    assert.equal(waits(closed.dispatch({ type: 'visible' })), true);
  });

  test('none in the midst of a stop', () => {
    for (const page of [
      new Page().dispatch({ type: 'hint', attempt: 'ours' }),
      new Page().request().dispatch({ type: 'visible' }),
      new Page().request().poll(saving).dispatch({ type: 'visible' }),
      new Page().request().poll(calling).dispatch({ type: 'visible' }),
      new Page().accept().dispatch({ type: 'visible' }),
      new Page().accept().dispatch({ type: 'labConnectionLost' })
    ]) {
      assert.equal(waits(page), false);
    }
  });
});
