/**
 * Stops that were asked for elsewhere.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LIMITS } from '../src/stop/transition.ts';
import {
  attempt,
  calling,
  clicked,
  ignores,
  Page,
  problem,
  running,
  saving,
  stopped,
  view
} from './world.ts';

describe('stops from elsewhere', () => {
  test('an event is only a hint', () => {
    const page = new Page().dispatch({ type: 'hint', attempt: 'forged' });
    assert.equal(page.count('poll'), 1);
    page.poll(saving);
    assert.equal(page.state.name, 'idle');
    assert.equal(page.count('answerRollCall'), 0);
  });

  test('a tab takes part, and is told', () => {
    const page = new Page()
      .dispatch({ type: 'hint', attempt: 'ours' })
      .poll(saving);
    assert.equal(page.count('answerRollCall'), 1);
    page.poll(view('RUNNING', attempt('ours', 'cancelled')));
    assert.equal(page.end?.joined, true);
  });

  test('a poll that fails is tried again, not for ever', () => {
    const page = new Page().dispatch({ type: 'hint', attempt: 'ours' });
    assert.equal(page.failPoll().poll(saving).shown, 'saving');
    const silent = new Page().dispatch({ type: 'hint', attempt: 'ours' });
    let waited = 0;
    for (const pause of LIMITS.joinRetries) {
      silent.failPoll();
      assert.equal(silent.state.name, 'joining');
      assert.equal(silent.pause, pause);
      waited += pause;
    }
    assert.equal(silent.failPoll().state.name, 'idle');
    assert.ok(waited > 2_000, 'a short outage is outlasted');
  });

  test('several polls fit into the two seconds that the server waits', () => {
    const [first, second, third] = LIMITS.joinRetries;
    assert.ok(first + second + third < 1_600);
  });

  for (const [where, asked] of [
    ['being read', () => clicked()],
    ['open', () => clicked().poll(running)]
  ] as const) {
    test(`while the question is ${where}, a poll that fails is tried again`, () => {
      const page = asked()
        .dispatch({ type: 'hint', attempt: 'ours' })
        .failPoll();
      assert.equal(page.pause, LIMITS.joinRetries[0]);
      assert.equal(page.end, null);
      page.failPoll(problem(502)).poll(saving);
      assert.equal(page.count('withdraw'), 1);
      assert.equal(page.count('answerRollCall'), 1);
      assert.equal(page.shown, 'saving');
    });
  }

  test('while the question is being read, a stop is polled for at once', () => {
    const page = clicked();
    const slow = page.state.poll.id;
    page.dispatch({ type: 'hint', attempt: 'ours' });
    assert.equal(page.count('poll'), 2);
    page.dispatch({ type: 'pollSucceeded', poll: slow, view: running });
    assert.equal(page.count('fill'), 0, 'what was read before may be old');
    assert.equal(page.poll(saving).shown, 'saving');
  });

  test('a question that was being read is answered after a forged event', () => {
    const forged = () =>
      clicked().dispatch({ type: 'hint', attempt: 'forged' });
    assert.equal(forged().poll(running).count('fill'), 1);
    const page = forged();
    LIMITS.joinRetries.forEach(() => page.failPoll());
    assert.equal(page.state.name, 'reading');
    assert.equal(page.failPoll().end?.phase, 'refused');
    assert.equal(forged().pollNone().end?.failure?.kind, 'wrongInstance');
  });

  test('an open question outlives polls that come to nothing', () => {
    const page = clicked().poll(running);
    page.dispatch({ type: 'hint', attempt: 'ours' });
    LIMITS.joinRetries.forEach(() => page.failPoll());
    page.failPoll();
    assert.equal(page.pause, 0);
    page.dispatch({ type: 'answered', choice: 'save', attempt: 'x' });
    assert.equal(page.count('request'), 1);
  });

  test('an open question is taken back for a real stop, not for a forged one', () => {
    const page = new Page()
      .dispatch({ type: 'command', source: 'menu' })
      .poll(running)
      .dispatch({ type: 'hint', attempt: 'forged' })
      .poll(running);
    assert.equal(page.state.name, 'confirming');
    page.dispatch({ type: 'hint', attempt: 'ours' }).poll(saving);
    assert.equal(page.count('withdraw'), 1);
    assert.equal(page.shown, 'saving');
    page.dispatch({ type: 'answered', choice: 'save', attempt: 'x' });
    assert.equal(page.count('request'), 0);
  });

  test('a hint while following is a reason to poll', () => {
    const page = new Page().accept();
    const before = page.count('poll');
    page.dispatch({ type: 'hint', attempt: 'ours' });
    assert.equal(page.count('poll'), before + 1);
  });

  test('another stop after ours has ended is followed', () => {
    const page = new Page().accept();
    page.poll(view('RUNNING', attempt('theirs', 'saving')));
    assert.equal(page.shown, 'saving');
    assert.equal(page.count('answerRollCall'), 1);
  });
});

describe('a stop of another page', () => {
  test('is joined by a request that is open, and followed by one that never was', () => {
    const theirs = view('RUNNING', attempt('theirs', 'saving'));
    const page = new Page().request().poll(theirs);
    assert.ok(page.state.name === 'saving');
    assert.equal(page.state.stop.joined, null, 'this page has asked, too');
    assert.equal(page.state.stop.attempt, 'theirs');
    assert.equal(page.state.stop.requested, 'ours');
    const other = new Page()
      .dispatch({ type: 'hint', attempt: 'first' })
      .poll(view('RUNNING', attempt('first', 'saving')))
      .poll(theirs);
    assert.ok(other.state.name === 'saving');
    assert.equal(other.state.stop.joined?.id, 'theirs');
    assert.equal(other.count('answerRollCall'), 2);
  });

  test('is saved for as well, where this page has saved for another', () => {
    const page = new Page().request().poll(saving);
    page.poll(view('RUNNING', attempt('theirs', 'saving')));
    assert.equal(page.count('answerRollCall'), 2);
  });

  test('that is over is none that this page follows', () => {
    const over = view('RUNNING', attempt('theirs', 'cancelled'));
    const page = new Page()
      .dispatch({ type: 'hint', attempt: 'ours' })
      .poll(calling)
      .poll(over)
      .poll(over);
    assert.equal(page.end?.phase, 'unknown');
    assert.equal(new Page().accept().poll(over).end?.phase, 'resumed');
  });

  test('is followed as it was asked for', () => {
    const page = new Page()
      .dispatch({ type: 'hint', attempt: 'ours' })
      .poll(view('RUNNING', { ...attempt('ours', 'saving'), source: 'cell' }));
    assert.ok(page.state.name === 'saving');
    const { joined, source, save, requested, request } = page.state.stop;
    assert.deepEqual(
      [joined?.id, source, save, requested, request],
      ['ours', 'cell', 'all', '', 'none']
    );
  });

  test('that ends while its tabs save is told as joined', () => {
    const page = new Page()
      .dispatch({ type: 'hint', attempt: 'ours' })
      .poll(saving)
      .poll(view('RUNNING', attempt('ours', 'cancelled')));
    assert.equal(page.end?.joined, true);
  });
});

describe('an attempt that is over', () => {
  test('is no reason not to ask', () => {
    for (const phase of ['refused', 'cancelled', 'resumed'] as const) {
      const page = clicked().poll(view('RUNNING', attempt('old', phase)));
      assert.equal(page.count('fill'), 1);
      assert.equal(page.state.name, 'confirming');
    }
  });

  test('is not followed when its event comes late', () => {
    for (const phase of ['refused', 'cancelled', 'resumed'] as const) {
      const page = new Page().dispatch({ type: 'hint', attempt: 'ours' });
      page.poll(view('RUNNING', attempt('ours', phase)));
      assert.equal(page.state.name, 'idle');
      assert.equal(page.count('report'), 0);
    }
  });

  test('has a farewell when its event comes after the end', () => {
    const page = new Page().dispatch({ type: 'hint', attempt: 'ours' });
    assert.equal(page.poll(stopped).shown, 'stopped');
  });

  test('brings no page back whose connections are disposed of, while another one stops', () => {
    const closed = () => new Page().accept().poll(stopped).failPoll();
    for (const [after, name] of [
      [saving, 'closed'],
      [view('STOPPED'), 'closed'],
      [view('STOPPING'), 'closed'],
      [view('RUNNING', attempt('ours', 'stopped')), 'restarted'],
      [view('STARTING'), 'restarted']
    ] as const) {
      const page = closed().dispatch({ type: 'visible' }).poll(after);
      assert.equal(page.state.name, name);
    }
    const page = closed().dispatch({ type: 'visible' }).poll(running);
    ignores(page, { type: 'visible' });
    ignores(page, { type: 'online' });
  });
});
