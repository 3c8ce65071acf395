/**
 * A stop that goes its way, and what a schedule asks for.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { IProblem, Phase } from '../src/api';
import { LIMITS } from '../src/stop/transition.ts';
import { isFreeToLeave } from '../src/stop/view.ts';
import {
  attempt,
  calling,
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

describe('the way to a stopped instance', () => {
  test('from the command to the end', () => {
    const page = new Page().request();
    assert.deepEqual(
      page.effects.find(({ type }) => type === 'request'),
      {
        type: 'request',
        attempt: 'ours',
        source: 'menu',
        save: 'all',
        anyway: false
      }
    );
    assert.equal(page.pause, LIMITS.firstPoll);
    page.poll(saving);
    assert.equal(page.shown, 'saving');
    assert.equal(page.connection, 'open');
    page.poll(saving).poll(calling);
    assert.equal(page.count('answerRollCall'), 1);
    assert.equal(page.shown, 'stopping');
    assert.equal(page.connection, 'suspended');
    page.poll(stopping);
    assert.equal(page.shown, 'accepted');
    page.poll(stopped);
    assert.equal(page.shown, 'stopped');
    assert.equal(page.connection, 'held');
    page.failPoll();
    assert.equal(page.state.name, 'closed');
    assert.equal(page.connection, 'disposed');
    assert.equal(page.shown, 'stopped');
  });

  test('this tab saves only in the roll call', () => {
    const page = new Page().request();
    assert.equal(page.count('answerRollCall'), 0);
    assert.equal(new Page().request('discard').shown, 'stopping');
  });

  test('the question can be declined', () => {
    const page = new Page()
      .dispatch({ type: 'command', source: 'menu' })
      .poll(running)
      .dispatch({ type: 'answered', choice: 'cancel', attempt: 'x' });
    assert.equal(page.state.name, 'idle');
    assert.equal(page.count('request'), 0);
  });

  test('a second command while one is under way does nothing', () => {
    const page = new Page().request();
    page.dispatch({ type: 'command', source: 'menu' });
    assert.equal(page.count('ask'), 1);
  });

  test('a request joins the stop that is under way', () => {
    const page = new Page().request();
    page.poll(view('RUNNING', attempt('theirs', 'saving')));
    assert.equal(page.count('answerRollCall'), 1);
    page.dispatch({
      type: 'accepted',
      requested: 'ours',
      instance: view('STOPPING', attempt('theirs', 'accepted'))
    });
    assert.equal(page.shown, 'accepted');
  });

  test('the command joins a stop instead of asking', () => {
    const page = new Page()
      .dispatch({ type: 'command', source: 'menu' })
      .poll(stopping);
    assert.equal(page.count('fill'), 0);
    assert.equal(page.count('withdraw'), 1);
    assert.equal(page.shown, 'accepted');
  });

  test('an old view does not take a phase back', () => {
    const page = new Page().request().poll(calling).poll(saving);
    assert.equal(page.shown, 'stopping');
    page.poll(stopping).poll(calling);
    assert.equal(page.shown, 'accepted');
  });

  test('the answer to an old poll is ignored', () => {
    const page = new Page().request();
    page.dispatch({ type: 'pollDue', poll: page.state.poll.id });
    const { id } = page.state.poll;
    page.dispatch({ type: 'accepted', requested: 'ours', instance: stopping });
    page.dispatch({ type: 'pollFailed', poll: id, failure: LOST });
    assert.equal(page.shown, 'accepted');
  });
});

describe('leaving the page', () => {
  test("JupyterLab's own question stays off only after work was given up", () => {
    const accepted = (choice: 'save' | 'discard') => {
      const kept = {
        ...attempt('ours', 'accepted'),
        save: choice === 'save' ? ('all' as const) : ('none' as const)
      };
      const page = new Page().request(choice);
      page.dispatch({
        type: 'accepted',
        requested: 'ours',
        instance: view('STOPPING', kept)
      });
      return page;
    };
    const page = accepted('discard');
    assert.equal(isFreeToLeave(page.state), false);
    page.failPoll();
    assert.equal(isFreeToLeave(page.state), true);
    page.poll(view('STOPPING', { ...attempt('ours', 'accepted') }));
    assert.equal(isFreeToLeave(page.state), false);
    page.poll(view('RUNNING'));
    assert.equal(isFreeToLeave(page.state), false);
    assert.equal(isFreeToLeave(accepted('save').failPoll().state), false);
  });
});

test('the instance of the page is part of its state', () => {
  assert.equal(new Page().state.instanceId, INSTANCE_ID);
});

describe('a countdown that is cut short', () => {
  const now = { type: 'now', attempt: 'ours' } as const;
  const request = {
    type: 'request',
    attempt: 'ours',
    source: 'menu',
    save: 'all',
    anyway: false
  } as const;

  test('stops without a question', () => {
    const page = new Page().dispatch(now);
    assert.deepEqual(page.effects[0], request);
    assert.equal(page.count('ask'), 0);
    page.poll(saving).poll(stopping);
    assert.equal(page.shown, 'accepted');
  });

  test('answers a question that is open', () => {
    for (const page of [
      new Page().dispatch({ type: 'command', source: 'menu' }),
      new Page().dispatch({ type: 'command', source: 'menu' }).poll(running)
    ]) {
      page.dispatch(now);
      assert.deepEqual(page.effects.slice(-3, -1), [
        { type: 'withdraw' },
        request
      ]);
      assert.equal(page.state.name, 'requesting');
    }
  });

  test('changes nothing about a stop that is under way', () => {
    const page = new Page().request('save', 'first');
    const before = page.state;
    page.dispatch(now);
    assert.deepEqual(page.state, before);
    assert.equal(page.count('request'), 1);
  });
});

describe('a stop that a schedule asked for', () => {
  const scheduled = (phase: Phase, error: IProblem | null = null) =>
    view('RUNNING', { ...attempt('theirs', phase, error), source: 'schedule' });

  test('tells so when it fails', () => {
    const page = new Page()
      .dispatch({ type: 'hint', attempt: 'theirs' })
      .poll(scheduled('saving'))
      .poll(scheduled('refused', { code: 'denied', message: 'No.' }));
    assert.equal(page.end?.scheduled, true);
    assert.equal(page.end?.joined, true);
    assert.equal(
      new Page().request().failPoll(problem(409)).count('report'),
      0
    );
  });
});
