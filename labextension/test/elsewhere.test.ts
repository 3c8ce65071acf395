/**
 * Stops that were asked for elsewhere.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LIMITS } from '../src/stop/transition.ts';
import { attempt, Page, problem, running, saving, view } from './world.ts';

describe('stops from elsewhere', () => {
  test('an event is only a hint', () => {
    const page = new Page().dispatch({ type: 'hint', attempt: 'forged' });
    assert.equal(page.count('look'), 1);
    page.see(saving);
    assert.equal(page.state.name, 'idle');
    assert.equal(page.count('answerRollCall'), 0);
  });

  test('a tab takes part, and is told', () => {
    const page = new Page()
      .dispatch({ type: 'hint', attempt: 'ours' })
      .see(saving);
    assert.equal(page.count('answerRollCall'), 1);
    page.see(view('RUNNING', attempt('ours', 'cancelled')));
    assert.equal(page.end?.joined, true);
  });

  test('a look that fails is tried again, not for ever', () => {
    const page = new Page().dispatch({ type: 'hint', attempt: 'ours' });
    assert.equal(page.miss().see(saving).shown, 'saving');
    const silent = new Page().dispatch({ type: 'hint', attempt: 'ours' });
    let waited = 0;
    for (const pause of LIMITS.joinRetries) {
      silent.miss();
      assert.equal(silent.state.name, 'joining');
      assert.equal(silent.pause, pause);
      waited += pause;
    }
    assert.equal(silent.miss().state.name, 'idle');
    assert.ok(waited > 2_000, 'a short outage is outlasted');
  });

  test('several looks fit into the two seconds that the server waits', () => {
    const [first, second, third] = LIMITS.joinRetries;
    assert.ok(first + second + third < 1_600);
  });

  for (const [where, asked] of [
    ['being read', () => clicked()],
    ['open', () => clicked().see(running)]
  ] as const) {
    test(`while the question is ${where}, a look that fails is tried again`, () => {
      const page = asked().dispatch({ type: 'hint', attempt: 'ours' }).miss();
      assert.equal(page.pause, LIMITS.joinRetries[0]);
      assert.equal(page.end, null);
      page.miss(problem(502)).see(saving);
      assert.equal(page.count('withdraw'), 1);
      assert.equal(page.count('answerRollCall'), 1);
      assert.equal(page.shown, 'saving');
    });
  }

  test('while the question is being read, a stop is looked for at once', () => {
    const page = clicked();
    const slow = page.state.look.id;
    page.dispatch({ type: 'hint', attempt: 'ours' });
    assert.equal(page.count('look'), 2);
    page.dispatch({ type: 'seen', look: slow, view: running });
    assert.equal(page.count('fill'), 0, 'what was read before may be old');
    assert.equal(page.see(saving).shown, 'saving');
  });

  test('a question that was being read is answered after a forged event', () => {
    const forged = () =>
      clicked().dispatch({ type: 'hint', attempt: 'forged' });
    assert.equal(forged().see(running).count('fill'), 1);
    const page = forged();
    LIMITS.joinRetries.forEach(() => page.miss());
    assert.equal(page.state.name, 'reading');
    assert.equal(page.miss().end?.phase, 'refused');
    assert.equal(forged().seeNone().end?.trouble?.kind, 'foreign');
  });

  test('an open question outlives looks that come to nothing', () => {
    const page = clicked().see(running);
    page.dispatch({ type: 'hint', attempt: 'ours' });
    LIMITS.joinRetries.forEach(() => page.miss());
    page.miss();
    assert.equal(page.pause, 0);
    page.dispatch({ type: 'answered', choice: 'save', attempt: 'x' });
    assert.equal(page.count('request'), 1);
  });

  const clicked = () =>
    new Page().dispatch({ type: 'command', source: 'menu' });

  test('an open question is taken back for a real stop, not for a forged one', () => {
    const page = new Page()
      .dispatch({ type: 'command', source: 'menu' })
      .see(running)
      .dispatch({ type: 'hint', attempt: 'forged' })
      .see(running);
    assert.equal(page.state.name, 'confirming');
    page.dispatch({ type: 'hint', attempt: 'ours' }).see(saving);
    assert.equal(page.count('withdraw'), 1);
    assert.equal(page.shown, 'saving');
    page.dispatch({ type: 'answered', choice: 'save', attempt: 'x' });
    assert.equal(page.count('request'), 0);
  });

  test('a hint while following is a reason to look', () => {
    const page = new Page().accept();
    const before = page.count('look');
    page.dispatch({ type: 'hint', attempt: 'ours' });
    assert.equal(page.count('look'), before + 1);
  });

  test('another stop after ours has ended is followed', () => {
    const page = new Page().accept();
    page.see(view('RUNNING', attempt('theirs', 'saving')));
    assert.equal(page.shown, 'saving');
    assert.equal(page.count('answerRollCall'), 1);
  });
});
