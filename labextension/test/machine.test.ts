import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { IProblem, Phase } from '../src/api';
import { LIMITS } from '../src/stop/transition.ts';
import { isFreeToLeave, shownIn } from '../src/stop/view.ts';
import { attempt, LOST, OWN, Page, problem, view } from './world.ts';

const running = view('RUNNING');
const stopping = view('STOPPING', attempt('ours', 'accepted'));
const stopped = view('STOPPED', attempt('ours', 'stopped'));
const saving = view('RUNNING', attempt('ours', 'saving'));
const calling = view('RUNNING', attempt('ours', 'stopping'));

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
    assert.equal(page.pause, LIMITS.firstLook);
    page.see(saving);
    assert.equal(page.shown, 'saving');
    assert.equal(page.connection, 'open');
    page.see(saving).see(calling);
    assert.equal(page.count('answerRollCall'), 1);
    assert.equal(page.shown, 'stopping');
    assert.equal(page.connection, 'suspended');
    page.see(stopping);
    assert.equal(page.shown, 'accepted');
    page.see(stopped);
    assert.equal(page.shown, 'stopped');
    assert.equal(page.connection, 'held');
    page.miss();
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
      .see(running)
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
    page.see(view('RUNNING', attempt('theirs', 'saving')));
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
      .see(stopping);
    assert.equal(page.count('fill'), 0);
    assert.equal(page.count('withdraw'), 1);
    assert.equal(page.shown, 'accepted');
  });

  test('an old view does not take a phase back', () => {
    const page = new Page().request().see(calling).see(saving);
    assert.equal(page.shown, 'stopping');
    page.see(stopping).see(calling);
    assert.equal(page.shown, 'accepted');
  });

  test('the answer to an old look is ignored', () => {
    const page = new Page().request();
    page.dispatch({ type: 'due', look: page.state.look.id });
    const { id } = page.state.look;
    page.dispatch({ type: 'accepted', requested: 'ours', instance: stopping });
    page.dispatch({ type: 'unseen', look: id, trouble: LOST });
    assert.equal(page.shown, 'accepted');
  });
});

describe('after acceptance a lost answer is not the end', () => {
  test('one lost look: farewell at once, then back by itself', () => {
    const page = new Page().accept().miss();
    assert.equal(page.shown, 'lost');
    assert.equal(page.connection, 'held');
    assert.ok(page.pause <= 2_000, 'a short interruption is found over soon');
    page.see(stopping);
    assert.equal(page.shown, 'accepted');
    assert.equal(page.connection, 'suspended');
  });

  test('a page that said farewell resumes when the instance runs again', () => {
    const error = { code: 'stop_failed', message: 'It is RUNNING now.' };
    const page = new Page().accept().miss().miss();
    page.see(view('RUNNING', attempt('ours', 'resumed', error)));
    assert.equal(page.shown, 'nothing');
    assert.equal(page.connection, 'open');
    assert.equal(page.end?.phase, 'resumed');
    assert.equal(page.end.trouble?.kind, 'problem');
  });

  test('few looks in the first half minute, some within minutes', () => {
    const page = new Page().accept().miss();
    const pauses = [];
    while (page.state.name === 'farewell') {
      pauses.push(page.pause);
      page.miss();
    }
    assert.ok(pauses.length >= 3);
    assert.ok(pauses[0] + pauses[1] > 30_000, 'one look in 30 s');
    assert.deepEqual(
      pauses,
      [...pauses].sort((a, b) => a - b)
    );
    assert.equal(page.state.name, 'closed');
    assert.equal(page.shown, 'lost', 'nothing is claimed');
  });

  for (const status of [401, 403, 404, 500]) {
    test(`a ${status} of the live server keeps the progress`, () => {
      const page = new Page().accept().miss(problem(status));
      assert.equal(page.shown, 'accepted');
      page.miss(problem(status)).see(stopping).miss(problem(status));
      assert.equal(page.shown, 'accepted');
    });

    test(`a ${status} that stays becomes a farewell with a way back`, () => {
      const page = new Page().accept();
      for (let times = 0; times < LIMITS.errors; times++) {
        page.miss(problem(status));
      }
      assert.equal(page.shown, 'lost');
      assert.equal(page.see(stopping).shown, 'accepted');
    });
  }

  for (const trouble of [LOST, problem(502), problem(504)]) {
    test(`a ${JSON.stringify(trouble)} is a loss, with a way back`, () => {
      const page = new Page().accept().miss(trouble);
      assert.equal(page.shown, 'lost');
      assert.equal(page.see(stopping).shown, 'accepted');
    });
  }

  test('a server that is unavailable or another is a loss', () => {
    assert.equal(new Page().accept().seeNone().shown, 'lost');
    const other = view('RUNNING', null, 'other');
    assert.equal(new Page().accept().see(other).shown, 'lost');
    assert.equal(new Page().accept().see(other).see(other).shown, 'lost');
  });

  test('a server that no longer knows the attempt: its status decides', () => {
    const resumed = new Page().accept().see(running);
    assert.equal(resumed.end?.phase, 'resumed');
    assert.equal(resumed.connection, 'open');
    const page = new Page().accept().see(view('STOPPING'));
    assert.equal(page.shown, 'accepted');
    assert.equal(page.see(view('STOPPED')).shown, 'stopped');
    const unclear = new Page().accept().see(view(null));
    assert.equal(unclear.end?.phase, 'unknown');
    assert.equal(unclear.connection, 'open');
  });

  test('online and visible look again, also after the connections are disposed of', () => {
    for (const type of ['online', 'visible'] as const) {
      const page = new Page().accept().miss().miss();
      const before = page.count('look');
      page.dispatch({ type });
      assert.equal(page.count('look'), before + 1);
      page.dispatch({ type });
      assert.equal(page.count('look'), before + 1, 'one at a time');
      assert.equal(page.see(stopping).shown, 'accepted');

      const closed = new Page().accept();
      while (closed.state.name !== 'closed') {
        closed.miss();
      }
      closed.dispatch({ type }).see(view('STOPPING'));
      assert.equal(closed.state.name, 'closed');
      closed.dispatch({ type }).miss();
      assert.equal(closed.state.name, 'closed');
      closed.dispatch({ type }).see(running);
      assert.equal(closed.shown, 'restarted');
      assert.equal(closed.connection, 'disposed', 'nothing is resumed');
    }
  });

  test('online begins the short pauses again', () => {
    const page = new Page().accept().miss().miss().miss();
    assert.equal(page.pause, LIMITS.lostLooks[2]);
    page.dispatch({ type: 'online' }).miss();
    assert.equal(page.pause, LIMITS.lostLooks[1]);
  });

  test('a kernel that reconnects makes the page look, no more', () => {
    const page = new Page().accept();
    const before = page.count('look');
    page.dispatch({ type: 'doubt' });
    assert.equal(page.count('look'), before + 1);
    assert.equal(page.shown, 'accepted');
    assert.equal(page.connection, 'held');
    page.dispatch({ type: 'doubt' });
    assert.equal(page.count('look'), before + 1);
    page.see(stopping);
    assert.equal(page.connection, 'suspended');
    page.dispatch({ type: 'doubt' }).miss();
    assert.equal(page.shown, 'lost');
  });

  test('an instance that was STOPPED and runs again', () => {
    const page = new Page().accept().see(stopped);
    page.see(view('RUNNING', attempt('ours', 'resumed')));
    assert.equal(page.end?.phase, 'resumed');
    assert.equal(page.connection, 'open');
  });

  test('a late 202 after the page gave up is followed', () => {
    const page = new Page().request();
    while (page.state.name !== 'idle') {
      page.see(running);
    }
    assert.equal(page.end?.phase, 'unknown');
    page.dispatch({ type: 'accepted', requested: 'ours', instance: stopping });
    assert.equal(page.shown, 'accepted');
    assert.equal(page.end.joined, false);
  });
});

describe('before acceptance the page is always left', () => {
  test('a server that is unavailable', () => {
    const page = new Page().request().see(saving);
    let times = 0;
    while (page.shown !== 'nothing') {
      page.seeNone();
      assert.ok(++times < 10);
    }
    assert.equal(page.end?.phase, 'unknown');
    assert.equal(page.end.trouble?.kind, 'foreign');
  });

  test('another instance', () => {
    const page = new Page().request().see(saving);
    let times = 0;
    while (page.shown !== 'nothing') {
      page.see(view('RUNNING', null, 'other'));
      assert.ok(++times < 10);
    }
    assert.equal(page.end?.trouble?.kind, 'foreign');
  });

  test('a server that does not answer: some patience, told', () => {
    const page = new Page().request().see(saving);
    let waited = 0;
    while (page.shown !== 'nothing') {
      page.miss();
      waited += page.pause;
    }
    assert.ok(waited > 10_000 && waited < 60_000);
    assert.equal(page.end?.phase, 'unknown');
    assert.equal(page.connection, 'open');
  });

  test('one lost look changes nothing', () => {
    const page = new Page().request().see(saving).miss().see(saving);
    assert.equal(page.shown, 'saving');
    assert.equal(page.count('answerRollCall'), 1);
  });

  test('misses and strangers together are counted', () => {
    const page = new Page().request().see(saving);
    let times = 0;
    while (page.shown !== 'nothing') {
      if (times % 2) {
        page.miss();
      } else {
        page.seeNone();
      }
      assert.ok(++times < 10);
    }
  });

  test('a server that does not know the attempt', () => {
    const lost = new Page().request();
    lost.dispatch({ type: 'failed', requested: 'ours', trouble: LOST });
    lost.see(running).see(running);
    assert.equal(lost.end?.phase, 'refused', 'it never arrived');

    const open = new Page().request();
    for (let times = 0; times < LIMITS.absencesOpen; times++) {
      assert.equal(open.shown, 'saving');
      open.see(running);
    }
    assert.equal(open.end?.phase, 'unknown');

    const joined = new Page()
      .dispatch({ type: 'hint', attempt: 'ours' })
      .see(calling);
    joined.see(running).see(running);
    assert.equal(joined.end?.phase, 'unknown', 'not: cancelled');
  });

  test('a request that was lost and arrived', () => {
    const page = new Page().request();
    page.dispatch({ type: 'failed', requested: 'ours', trouble: LOST });
    assert.equal(page.see(calling).shown, 'stopping');
    assert.equal(page.see(stopping).shown, 'accepted');
    assert.equal(page.count('request'), 1);
  });

  for (const status of [500, 502, 504]) {
    test(`a ${status} that is not our server's refusal is no answer`, () => {
      const page = new Page().request();
      const trouble = problem(status);
      page.dispatch({ type: 'failed', requested: 'ours', trouble });
      assert.equal(page.end, null);
      assert.equal(page.see(stopping).shown, 'accepted');
    });
  }

  test('a refusal is told', () => {
    const page = new Page().request();
    const trouble = problem(502, 'ModelArts.0112', { upstream_status: 403 });
    page.dispatch({ type: 'failed', requested: 'ours', trouble });
    assert.equal(page.end?.phase, 'refused');
    assert.equal(page.end.trouble, trouble);
    assert.equal(page.shown, 'nothing');
  });

  test('an outcome that the server does not know', () => {
    const page = new Page().request();
    const trouble = problem(502, 'outcome_unknown');
    page.dispatch({ type: 'failed', requested: 'ours', trouble });
    assert.equal(page.end?.phase, 'unknown');
  });

  test('documents that could not be saved are told as the server tells them', () => {
    const documents = [{ path: 'a.txt', reason: 'the disk is full' }];
    const error = { code: 'save_failed', message: 'No.', documents };
    const page = new Page().request().see(saving);
    page.see(view('RUNNING', attempt('ours', 'cancelled', error)));
    assert.deepEqual(page.end?.trouble, {
      kind: 'problem',
      problem: error,
      status: 0
    });
    assert.equal(page.end.here, false);
    assert.equal(page.end.joined, false);
  });

  test('a slow cloud: the page waits as long as the server does', () => {
    const page = new Page().request().see(calling);
    for (let seconds = 0; seconds < 90; seconds++) {
      page.see(calling);
    }
    assert.equal(page.shown, 'stopping');
    page.dispatch({ type: 'accepted', requested: 'ours', instance: stopping });
    assert.equal(page.shown, 'accepted');
  });
});

describe('cancelling', () => {
  const asked = () =>
    new Page().request().see(saving).dispatch({ type: 'cancel' });

  test('is told as cancelled here', () => {
    const page = asked();
    assert.equal(page.count('cancel'), 1);
    page.dispatch({ type: 'cancel' });
    assert.equal(page.count('cancel'), 1);
    page.dispatch({ type: 'cancelled', attempt: 'ours' });
    assert.equal(page.end?.here, true);
    assert.equal(page.shown, 'nothing');
  });

  test('a lost request can be repeated, and is told', () => {
    const page = asked();
    page.dispatch({ type: 'cancelFailed', attempt: 'ours', trouble: LOST });
    assert.equal(page.state.name === 'saving' && page.state.cancel, 'failed');
    page.see(saving);
    assert.equal(page.state.name === 'saving' && page.state.cancel, 'failed');
    page.dispatch({ type: 'cancel' });
    assert.equal(page.count('cancel'), 2);
  });

  test('a lost answer of a request that arrived', () => {
    const page = asked();
    page.dispatch({ type: 'cancelFailed', attempt: 'ours', trouble: LOST });
    const error = { code: 'cancelled', message: 'Cancelled.' };
    page.see(view('RUNNING', attempt('ours', 'cancelled', error)));
    assert.equal(page.end?.here, true);
  });

  test('a refusal is told with its reason, and can be repeated', () => {
    const page = asked();
    const trouble = problem(403);
    page.dispatch({ type: 'cancelFailed', attempt: 'ours', trouble });
    for (const progress of [
      shownIn(page.state),
      shownIn(page.see(saving).state)
    ]) {
      assert.ok(progress?.view === 'progress');
      assert.equal(progress.cancel, 'failed');
      assert.equal(progress.refusal?.code, 'http_403');
    }
    page.dispatch({ type: 'cancel' });
    assert.equal(page.count('cancel'), 2);
    page.dispatch({ type: 'cancelFailed', attempt: 'ours', trouble: LOST });
    const progress = shownIn(page.state);
    assert.ok(progress?.view === 'progress' && !progress.refusal);
  });

  test('who was refused did not cancel', () => {
    const page = asked();
    const trouble = problem(403);
    page.dispatch({ type: 'cancelFailed', attempt: 'ours', trouble });
    const error = { code: 'cancelled', message: 'Cancelled.' };
    page.see(view('RUNNING', attempt('ours', 'cancelled', error)));
    assert.equal(page.end?.here, false);
  });

  test('too late', () => {
    const page = asked();
    const trouble = problem(409, 'too_late');
    page.dispatch({ type: 'cancelFailed', attempt: 'ours', trouble });
    assert.equal(page.see(calling).shown, 'stopping');
    assert.equal(page.see(stopping).shown, 'accepted');
  });
});

describe('before the question', () => {
  const clicked = () =>
    new Page().dispatch({ type: 'command', source: 'menu' });

  test('offline at the click', () => {
    const page = clicked().miss({ kind: 'offline' });
    assert.equal(page.end?.trouble?.kind, 'offline');
    assert.equal(page.end.phase, 'refused');
    assert.equal(page.count('request'), 0);
  });

  test('offline after the question', () => {
    const page = new Page().request();
    const trouble = { kind: 'offline' } as const;
    page.dispatch({ type: 'failed', requested: 'ours', trouble });
    assert.equal(page.end?.trouble?.kind, 'offline');
    assert.equal(page.shown, 'nothing');
  });

  test('the wrong server, or none', () => {
    assert.equal(clicked().seeNone().end?.trouble?.kind, 'foreign');
    const other = view('RUNNING', null, 'other');
    assert.equal(clicked().see(other).end?.trouble?.kind, 'foreign');
    assert.equal(clicked().miss().end?.phase, 'refused');
  });

  test('the look before the question is patient', () => {
    const look = clicked().effects.find(({ type }) => type === 'look');
    assert.ok(look?.type === 'look' && look.patient);
  });
});

describe('the question', () => {
  const clicked = () =>
    new Page().dispatch({ type: 'command', source: 'menu' });

  test('is open at once and filled in when the instance has been read', () => {
    const page = clicked();
    assert.equal(page.count('ask'), 1);
    assert.equal(page.count('fill'), 0);
    page.dispatch({ type: 'command', source: 'menu' });
    assert.equal(page.count('ask'), 1, 'no second question');
    page.see(running);
    assert.equal(page.count('fill'), 1);
    assert.equal(page.count('ask'), 1);
    page.dispatch({ type: 'command', source: 'menu' });
    assert.equal(page.count('ask'), 1);
  });

  test('can be left before the instance has been read', () => {
    const page = clicked();
    const look = page.state.look.id;
    page.dispatch({ type: 'answered', choice: 'cancel', attempt: 'x' });
    assert.equal(page.state.name, 'idle');
    page.dispatch({ type: 'seen', look, view: running });
    assert.equal(page.count('fill'), 0);
  });

  test('nothing is stopped before the instance has been read', () => {
    const page = clicked();
    page.dispatch({ type: 'answered', choice: 'save', attempt: 'x' });
    assert.equal(page.count('request'), 0);
    assert.equal(page.state.name, 'idle');
  });

  test('is taken back for a failure, and for a stop that is under way', () => {
    assert.equal(clicked().miss().count('withdraw'), 1);
    assert.equal(clicked().see(stopping).count('withdraw'), 1);
  });

  test('gives way to the reason why the server would refuse a stop', () => {
    const page = clicked().see(view('STARTING'));
    assert.deepEqual(page.end?.trouble, problem(409, 'state_starting'));
    assert.equal(page.end.phase, 'refused');
    assert.equal(page.count('fill'), 0);
    assert.equal(page.count('withdraw'), 1);
    assert.equal(page.state.name, 'idle');
  });

  for (const status of [null, 'RUNNING', 'STOPPED', 'SOMETHING_NEW']) {
    test(`is asked in the state ${status}`, () => {
      assert.equal(clicked().see(view(status)).count('fill'), 1);
    });
  }
});

describe('tabs that did not respond', () => {
  const documents = [{ path: 'a.ipynb', reason: null }];
  const refusal = problem(409, 'silent_tabs', { documents });
  const refused = (choice: 'save' | 'discard' = 'save') => {
    const page = new Page().request(choice).see(saving);
    const failed = { type: 'failed', requested: 'ours' } as const;
    return page.dispatch({ ...failed, trouble: refusal });
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

  test('a look that sees the refusal first asks once', () => {
    const page = new Page().request().see(saving);
    const error = { code: 'silent_tabs', message: 'No.', documents };
    page.see(view('RUNNING', attempt('ours', 'cancelled', error)));
    page.dispatch({ type: 'failed', requested: 'ours', trouble: refusal });
    assert.equal(page.count('warn'), 1);
    assert.equal(page.state.name, 'confirming');
  });

  test('a tab that did not ask is told, not asked', () => {
    const page = new Page()
      .dispatch({ type: 'hint', attempt: 'ours' })
      .see(saving);
    const error = { code: 'silent_tabs', message: 'No.', documents };
    page.see(view('RUNNING', attempt('ours', 'cancelled', error)));
    assert.equal(page.count('warn'), 0);
    assert.equal(page.end?.joined, true);
  });

  test('the question is taken back for a stop from elsewhere', () => {
    const page = refused().dispatch({ type: 'hint', attempt: 'theirs' });
    page.see(view('RUNNING', attempt('theirs', 'saving')));
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
    new Page().dispatch({ type: 'command', source: 'menu' }).see(running);
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
    page.miss();
    assert.equal(isFreeToLeave(page.state), true);
    page.see(view('STOPPING', { ...attempt('ours', 'accepted') }));
    assert.equal(isFreeToLeave(page.state), false);
    page.see(view('RUNNING'));
    assert.equal(isFreeToLeave(page.state), false);
    assert.equal(isFreeToLeave(accepted('save').miss().state), false);
  });
});

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

test('the instance of the page is part of its state', () => {
  assert.equal(new Page().state.own, OWN);
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
    page.see(saving).see(stopping);
    assert.equal(page.shown, 'accepted');
  });

  test('answers a question that is open', () => {
    for (const page of [
      new Page().dispatch({ type: 'command', source: 'menu' }),
      new Page().dispatch({ type: 'command', source: 'menu' }).see(running)
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
      .see(scheduled('saving'))
      .see(scheduled('refused', { code: 'denied', message: 'No.' }));
    assert.equal(page.end?.scheduled, true);
    assert.equal(page.end?.joined, true);
    assert.equal(new Page().request().miss(problem(409)).count('report'), 0);
  });
});
