/**
 * What the user is asked, and how a stop is cancelled.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { shownIn } from '../src/stop/view.ts';
import {
  attempt,
  calling,
  clicked,
  LOST,
  Page,
  problem,
  running,
  saving,
  stopping,
  view
} from './world.ts';

describe('before the question', () => {
  test('offline at the click', () => {
    const page = clicked().failPoll({ kind: 'offline' });
    assert.equal(page.end?.failure?.kind, 'offline');
    assert.equal(page.end.phase, 'refused');
    assert.equal(page.count('request'), 0);
  });

  test('offline after the question', () => {
    const page = new Page().request();
    const failure = { kind: 'offline' } as const;
    page.dispatch({ type: 'failed', requested: 'ours', failure });
    assert.equal(page.end?.failure?.kind, 'offline');
    assert.equal(page.shown, 'nothing');
  });

  test('the wrong server, or none', () => {
    assert.equal(clicked().pollNone().end?.failure?.kind, 'wrongInstance');
    const other = view('RUNNING', null, 'other');
    assert.equal(clicked().poll(other).end?.failure?.kind, 'wrongInstance');
    assert.equal(clicked().failPoll().end?.phase, 'refused');
  });

  test('the poll before the question waits for the cloud', () => {
    const poll = clicked().effects.find(({ type }) => type === 'poll');
    assert.ok(poll?.type === 'poll' && poll.waitForCloud);
  });
});

describe('the question', () => {
  test('is open at once and filled in when the instance has been read', () => {
    const page = clicked();
    assert.equal(page.count('ask'), 1);
    assert.equal(page.count('fill'), 0);
    page.dispatch({ type: 'command', source: 'menu' });
    assert.equal(page.count('ask'), 1, 'no second question');
    page.poll(running);
    assert.equal(page.count('fill'), 1);
    assert.equal(page.count('ask'), 1);
    page.dispatch({ type: 'command', source: 'menu' });
    assert.equal(page.count('ask'), 1);
  });

  test('can be left before the instance has been read', () => {
    const page = clicked();
    const poll = page.state.poll.id;
    page.dispatch({ type: 'answered', choice: 'cancel', attempt: 'x' });
    assert.equal(page.state.name, 'idle');
    page.dispatch({ type: 'pollSucceeded', poll, view: running });
    assert.equal(page.count('fill'), 0);
  });

  test('nothing is stopped before the instance has been read', () => {
    const page = clicked();
    page.dispatch({ type: 'answered', choice: 'save', attempt: 'x' });
    assert.equal(page.count('request'), 0);
    assert.equal(page.state.name, 'idle');
  });

  test('is taken back for a failure, and for a stop that is under way', () => {
    assert.equal(clicked().failPoll().count('withdraw'), 1);
    assert.equal(clicked().poll(stopping).count('withdraw'), 1);
  });

  test('gives way to the reason why the server would refuse a stop', () => {
    const page = clicked().poll(view('STARTING'));
    assert.deepEqual(page.end?.failure, problem(409, 'state_starting'));
    assert.equal(page.end.phase, 'refused');
    assert.equal(page.count('fill'), 0);
    assert.equal(page.count('withdraw'), 1);
    assert.equal(page.state.name, 'idle');
  });

  for (const status of [null, 'RUNNING', 'STOPPED', 'SOMETHING_NEW']) {
    test(`is asked in the state ${status}`, () => {
      assert.equal(clicked().poll(view(status)).count('fill'), 1);
    });
  }
});

describe('tabs that did not respond', () => {
  const documents = [{ path: 'a.ipynb', reason: null }];
  const refusal = problem(409, 'silent_tabs', { documents });
  const refused = (choice: 'save' | 'discard' = 'save') => {
    const page = new Page().request(choice).poll(saving);
    const failed = { type: 'failed', requested: 'ours' } as const;
    return page.dispatch({ ...failed, failure: refusal });
  };

  test('are a question of its own', () => {
    const page = refused();
    assert.equal(page.count('warn'), 1);
    assert.equal(page.count('report'), 0);
    assert.equal(page.shown, 'nothing');
    assert.equal(page.connection, 'open');
  });

  test('"Stop anyway" requests the same stop again, under a new id', () => {
    const page = refused();
    page.dispatch({ type: 'answered', choice: 'anyway', attempt: 'second' });
    assert.deepEqual(
      page.effects.filter(({ type }) => type === 'request'),
      [
        {
          type: 'request',
          attempt: 'ours',
          source: 'menu',
          save: 'all',
          anyway: false
        },
        {
          type: 'request',
          attempt: 'second',
          source: 'menu',
          save: 'all',
          anyway: true
        }
      ]
    );
    page.dispatch({
      type: 'accepted',
      requested: 'second',
      instance: view('STOPPING', attempt('second', 'accepted'))
    });
    assert.equal(page.shown, 'accepted');
  });

  test('"Close" stops nothing', () => {
    const page = refused();
    page.dispatch({ type: 'answered', choice: 'cancel', attempt: 'second' });
    assert.equal(page.count('request'), 1);
    assert.equal(page.state.name, 'idle');
  });

  test('a poll that sees the refusal first asks once', () => {
    const page = new Page().request().poll(saving);
    const error = { code: 'silent_tabs', message: 'No.', documents };
    page.poll(view('RUNNING', attempt('ours', 'cancelled', error)));
    page.dispatch({ type: 'failed', requested: 'ours', failure: refusal });
    assert.equal(page.count('warn'), 1);
    assert.equal(page.state.name, 'confirming');
  });

  test('a tab that did not ask is told, not asked', () => {
    const page = new Page()
      .dispatch({ type: 'hint', attempt: 'ours' })
      .poll(saving);
    const error = { code: 'silent_tabs', message: 'No.', documents };
    page.poll(view('RUNNING', attempt('ours', 'cancelled', error)));
    assert.equal(page.count('warn'), 0);
    assert.equal(page.end?.joined, true);
  });

  test('the question is taken back for a stop from elsewhere', () => {
    const page = refused().dispatch({ type: 'hint', attempt: 'theirs' });
    page.poll(view('RUNNING', attempt('theirs', 'saving')));
    assert.equal(page.count('withdraw'), 1);
    assert.equal(page.shown, 'saving');
  });

  test('the answer to another question stops nothing', () => {
    const page = refused();
    page.dispatch({ type: 'answered', choice: 'discard', attempt: 'second' });
    assert.equal(page.count('request'), 1);
    const asked = clickedAndRead();
    asked.dispatch({ type: 'answered', choice: 'anyway', attempt: 'x' });
    assert.equal(asked.count('request'), 0);
  });

  const clickedAndRead = () =>
    new Page().dispatch({ type: 'command', source: 'menu' }).poll(running);
});

describe('cancelling', () => {
  const asked = () =>
    new Page().request().poll(saving).dispatch({ type: 'cancel' });

  test('is told as cancelled here', () => {
    const page = asked();
    assert.equal(page.count('cancel'), 1);
    page.dispatch({ type: 'cancel' });
    assert.equal(page.count('cancel'), 1);
    page.dispatch({ type: 'cancelled', attempt: 'ours' });
    assert.equal(page.end?.cancelledHere, true);
    assert.equal(page.shown, 'nothing');
  });

  test('a lost request can be repeated, and is told', () => {
    const page = asked();
    page.dispatch({ type: 'cancelFailed', attempt: 'ours', failure: LOST });
    assert.equal(page.state.name === 'saving' && page.state.cancel, 'failed');
    page.poll(saving);
    assert.equal(page.state.name === 'saving' && page.state.cancel, 'failed');
    page.dispatch({ type: 'cancel' });
    assert.equal(page.count('cancel'), 2);
  });

  test('a lost answer of a request that arrived', () => {
    const page = asked();
    page.dispatch({ type: 'cancelFailed', attempt: 'ours', failure: LOST });
    const error = { code: 'cancelled', message: 'Cancelled.' };
    page.poll(view('RUNNING', attempt('ours', 'cancelled', error)));
    assert.equal(page.end?.cancelledHere, true);
  });

  test('a refusal is told with its reason, and can be repeated', () => {
    const page = asked();
    const failure = problem(403);
    page.dispatch({ type: 'cancelFailed', attempt: 'ours', failure });
    for (const progress of [
      shownIn(page.state),
      shownIn(page.poll(saving).state)
    ]) {
      assert.ok(progress?.view === 'progress');
      assert.equal(progress.cancel, 'failed');
      assert.equal(progress.refusal?.code, 'http_403');
    }
    page.dispatch({ type: 'cancel' });
    assert.equal(page.count('cancel'), 2);
    page.dispatch({ type: 'cancelFailed', attempt: 'ours', failure: LOST });
    const progress = shownIn(page.state);
    assert.ok(progress?.view === 'progress' && !progress.refusal);
  });

  test('who was refused did not cancel', () => {
    const page = asked();
    const failure = problem(403);
    page.dispatch({ type: 'cancelFailed', attempt: 'ours', failure });
    const error = { code: 'cancelled', message: 'Cancelled.' };
    page.poll(view('RUNNING', attempt('ours', 'cancelled', error)));
    assert.equal(page.end?.cancelledHere, false);
  });

  test('too late', () => {
    const page = asked();
    const failure = problem(409, 'too_late');
    page.dispatch({ type: 'cancelFailed', attempt: 'ours', failure });
    assert.equal(page.poll(calling).shown, 'stopping');
    assert.equal(page.poll(stopping).shown, 'accepted');
  });
});
