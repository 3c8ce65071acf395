/**
 * How a stop is followed: how often a page looks, what it tells at the end, and what it makes of another stop.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { attempt, LOST, Page, problem, view } from './world.ts';

const running = view('RUNNING');
const saving = view('RUNNING', attempt('ours', 'saving'));
const calling = view('RUNNING', attempt('ours', 'stopping'));
const stopping = view('STOPPING', attempt('ours', 'accepted'));
const stopped = view('STOPPED', attempt('ours', 'stopped'));

const clicked = () => new Page().dispatch({ type: 'command', source: 'menu' });

describe('the course of a stop', () => {
  const pauses = (page: Page) => page.pause;

  test('is looked at at the pace of its phase', () => {
    const page = new Page().request();
    assert.equal(pauses(page), 200);
    assert.equal(pauses(page.see(saving)), 1_000);
    assert.equal(pauses(page.see(saving)), 1_000);
    assert.equal(pauses(page.see(calling)), 1_000);
    assert.equal(pauses(page.see(stopping)), 2_000);
    assert.equal(pauses(page.see(stopped)), 15_000);
    const lost = new Page().accept().miss(problem(500));
    assert.equal(pauses(lost), 2_000);
    const unseen = new Page().request().see(running);
    assert.equal(pauses(unseen), 1_000);
    unseen.dispatch({ type: 'failed', requested: 'ours', trouble: LOST });
    assert.equal(pauses(unseen), 200);
  });

  test('after a miss is looked at soon, and less and less often', () => {
    const page = new Page().request().see(saving);
    const seen = [];
    while (page.state.name === 'saving') {
      seen.push(pauses(page.miss()));
    }
    assert.deepEqual(seen, [1_000, 1_000, 2_000, 4_000, 8_000, 0]);
  });

  test('after a loss is looked at once more at once, then rarely', () => {
    const page = new Page().accept().miss();
    const seen = [];
    while (page.state.name === 'farewell') {
      seen.push(pauses(page));
      page.miss();
    }
    assert.deepEqual(seen, [1_500, 32_000, 60_000, 120_000]);
  });

  test('that was announced is looked for within the roll call, and a while longer', () => {
    const page = new Page().dispatch({ type: 'hint', attempt: 'ours' });
    const seen = [];
    while (page.miss().state.name === 'joining') {
      seen.push(pauses(page));
    }
    assert.deepEqual(seen, [200, 400, 800, 2_000]);
  });

  test('is lost at the third error in a row, and given up after fifteen views that do not know it', () => {
    const page = new Page().accept().miss(problem(500)).miss(problem(500));
    assert.equal(page.shown, 'accepted');
    assert.equal(page.miss(problem(500)).shown, 'lost');
    const unknown = new Page().request();
    for (let views = 1; views < 15; views++) {
      assert.equal(unknown.see(running).state.name, 'requesting');
    }
    assert.equal(unknown.see(running).state.name, 'idle');
  });

  test('is lost until a view says otherwise, and an error of a live server is no loss', () => {
    const page = new Page().accept().miss();
    assert.equal(page.miss(problem(500)).shown, 'lost');
    const live = new Page().accept().miss(problem(500));
    assert.equal(live.state.name, 'accepted');
    assert.equal(live.connection, 'suspended');
  });

  test('survives five misses in a row, however it began', () => {
    const misses = (page: Page) => {
      let count = 0;
      while (page.state.name !== 'idle') {
        page.miss();
        count++;
      }
      return count;
    };
    assert.equal(misses(new Page().request()), 6);
    assert.equal(misses(new Page().request().miss().see(running)), 6);
    assert.equal(misses(new Page().request().miss().see(saving)), 6);
    const joined = new Page().dispatch({ type: 'hint', attempt: 'ours' });
    assert.equal(misses(joined.see(saving)), 6);
  });

  test('begins to count misses anew with each view', () => {
    const page = new Page().request().see(saving);
    page.miss().miss().miss().miss().miss().see(saving);
    assert.equal(pauses(page.miss()), 1_000);
    const open = new Page().request();
    open.miss().miss().miss().miss().miss().see(running);
    assert.equal(pauses(open.miss()), 1_000);
    const known = new Page().accept();
    known.miss(problem(500)).miss(problem(500)).see(stopping);
    known.miss(problem(500)).miss(problem(500));
    assert.equal(known.shown, 'accepted');
  });

  test('begins to count unknown attempts anew once it is known', () => {
    const page = new Page().dispatch({ type: 'hint', attempt: 'ours' });
    page.see(calling).see(running).see(calling).see(running);
    assert.equal(page.shown, 'stopping');
    page.see(running);
    assert.equal(page.end?.phase, 'unknown');
  });

  test('after STOPPED is looked at for five minutes, as long as the server answers', () => {
    const page = new Page().accept();
    let looks = 0;
    page.see(stopped);
    while (page.state.name === 'farewell') {
      assert.equal(pauses(page), 15_000);
      page.see(stopped);
      looks++;
    }
    assert.equal(looks, 20);
    assert.equal(page.state.name, 'closed');
    const failing = new Page().accept().see(stopped);
    assert.equal(failing.miss(problem(500)).shown, 'stopped');
    assert.equal(failing.state.name, 'farewell');
    assert.equal(failing.miss(problem(503)).state.name, 'closed');
  });

  test('STOPPED is not forgotten because the server knows the attempt no more, or says less', () => {
    const page = new Page().accept().see(view('STOPPED'));
    assert.equal(page.shown, 'stopped');
    assert.equal(page.see(view('STOPPING')).shown, 'stopped');
    assert.equal(page.see(stopping).shown, 'stopped');
    const status = new Page().accept();
    status.see(view('STOPPED', attempt('ours', 'accepted')));
    assert.equal(status.shown, 'stopped');
  });

  test('a farewell after a loss begins its looks anew when STOPPED is read', () => {
    const page = new Page().accept().miss().miss().see(stopped);
    assert.ok(page.state.name === 'farewell');
    assert.deepEqual([page.state.known, page.state.looks], ['stopped', 0]);
  });
});

describe('what is told at the end', () => {
  test('that it was cancelled here only if this page has asked for it', () => {
    const error = { code: 'cancelled', message: 'Cancelled.' };
    const over = view('RUNNING', attempt('ours', 'cancelled', error));
    assert.equal(new Page().request().see(saving).see(over).end?.here, false);
    const asked = () =>
      new Page().request().see(saving).dispatch({ type: 'cancel' });
    assert.equal(asked().see(over).end?.here, true);
    const silent = view('RUNNING', attempt('ours', 'cancelled'));
    assert.equal(asked().see(silent).end?.here, true);
    const unsaved = { code: 'save_failed', message: 'No.' };
    const failed = view('RUNNING', attempt('ours', 'cancelled', unsaved));
    assert.equal(asked().see(failed).end?.here, false);
    assert.equal(asked().see(calling).see(over).end?.here, false);
  });

  test('as what it ended, and where to look', () => {
    for (const phase of ['cancelled', 'resumed', 'refused'] as const) {
      const over = view('RUNNING', attempt('ours', phase));
      const page = new Page()
        .request()
        .see(saving)
        .see({ ...over, console_url: 'https://console.example/' });
      assert.equal(page.end?.phase, phase);
      assert.equal(page.end.trouble, null);
      assert.equal(page.end.consoleUrl, 'https://console.example/');
      assert.equal(page.end.joined, false);
      assert.equal(page.end.scheduled, false);
    }
    assert.equal(clicked().miss().end?.consoleUrl, null);
  });

  test('that a request came to nothing only if the instance runs', () => {
    const lost = () =>
      new Page()
        .request()
        .dispatch({ type: 'failed', requested: 'ours', trouble: LOST });
    const none = lost().see(running).see(running);
    assert.deepEqual(none.end?.trouble, { kind: 'lost' });
    assert.equal(none.end.phase, 'refused');
    for (const after of [
      lost().see(view('STOPPING')).see(view('STOPPING')),
      lost().see(view(null)).see(view(null)),
      lost().see(calling).see(running).see(running)
    ]) {
      assert.equal(after.end?.phase, 'unknown');
      assert.deepEqual(after.end.trouble, { kind: 'forgotten' });
    }
  });

  test('where the server does not know what has become of it, nothing else', () => {
    for (const code of ['outcome_unknown', 'foreign_answer']) {
      const page = new Page().request().see(calling);
      const trouble = problem(502, code);
      page.dispatch({ type: 'failed', requested: 'ours', trouble });
      assert.equal(page.end?.phase, 'unknown');
      assert.equal(page.end.here, false);
    }
  });

  test('after STOPPED was read and the server forgot: that the instance runs, or that nothing is known', () => {
    const page = new Page().accept().see(view('STARTING'));
    assert.equal(page.end?.phase, 'unknown');
    assert.deepEqual(page.end.trouble, { kind: 'forgotten' });
    const runs = new Page().accept().see(running);
    assert.equal(runs.end?.phase, 'resumed');
    assert.equal(runs.end.trouble, null);
  });
});

describe('a stop of another page', () => {
  test('is joined by a request that is open, and followed by one that never was', () => {
    const theirs = view('RUNNING', attempt('theirs', 'saving'));
    const page = new Page().request().see(theirs);
    assert.ok(page.state.name === 'saving');
    assert.equal(page.state.stop.joined, null, 'this page has asked, too');
    assert.equal(page.state.stop.attempt, 'theirs');
    assert.equal(page.state.stop.requested, 'ours');
    const other = new Page()
      .dispatch({ type: 'hint', attempt: 'first' })
      .see(view('RUNNING', attempt('first', 'saving')))
      .see(theirs);
    assert.ok(other.state.name === 'saving');
    assert.equal(other.state.stop.joined?.id, 'theirs');
    assert.equal(other.count('answerRollCall'), 2);
  });

  test('is saved for as well, where this page has saved for another', () => {
    const page = new Page().request().see(saving);
    page.see(view('RUNNING', attempt('theirs', 'saving')));
    assert.equal(page.count('answerRollCall'), 2);
  });

  test('that is over is none that this page follows', () => {
    const over = view('RUNNING', attempt('theirs', 'cancelled'));
    const page = new Page()
      .dispatch({ type: 'hint', attempt: 'ours' })
      .see(calling)
      .see(over)
      .see(over);
    assert.equal(page.end?.phase, 'unknown');
    assert.equal(new Page().accept().see(over).end?.phase, 'resumed');
  });

  test('is followed as it was asked for', () => {
    const page = new Page()
      .dispatch({ type: 'hint', attempt: 'ours' })
      .see(view('RUNNING', { ...attempt('ours', 'saving'), source: 'cell' }));
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
      .see(saving)
      .see(view('RUNNING', attempt('ours', 'cancelled')));
    assert.equal(page.end?.joined, true);
  });
});

describe('which looks are patient', () => {
  const patience = (page: Page) => {
    const looks = page.effects.filter(({ type }) => type === 'look');
    const last = looks.at(-1);
    return last?.type === 'look' && last.patient;
  };

  test('before the question, and where nothing else is to be done', () => {
    assert.equal(patience(clicked()), true);
    const farewell = new Page().accept().miss();
    assert.equal(patience(farewell.dispatch({ type: 'visible' })), true);
    const closed = new Page().accept().see(stopped).miss();
    assert.equal(patience(closed.dispatch({ type: 'visible' })), true);
  });

  test('none in the midst of a stop', () => {
    for (const page of [
      new Page().dispatch({ type: 'hint', attempt: 'ours' }),
      new Page().request().dispatch({ type: 'visible' }),
      new Page().request().see(saving).dispatch({ type: 'visible' }),
      new Page().request().see(calling).dispatch({ type: 'visible' }),
      new Page().accept().dispatch({ type: 'visible' }),
      new Page().accept().dispatch({ type: 'doubt' })
    ]) {
      assert.equal(patience(page), false);
    }
  });
});
