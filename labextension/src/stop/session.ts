import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ApiError, newId } from '../api';
import type { Api, IInstance, Save } from '../api';
import type { ConnectionGuard } from '../connection';
import type { Documents } from '../documents';
import { askToStop } from '../ui/confirmation';
import { showFailure } from '../ui/failure';
import { StopOverlay } from '../ui/overlay';
import { initial, step } from './machine';
import { endProblem, endTitle } from './messages';
import { answerRollCall } from './roll_call';
import type { Effect, Event, IEnd, State, Trouble } from './state';
import { connectionIn, shownIn } from './view';

/** A look before the question that takes longer than this is announced, in milliseconds. */
const READING_NOTICE = 500;

/** How long a notice that needs no answer is shown, in milliseconds. */
const NOTICE = 6_000;

/**
 * What a session works with.
 */
export interface ISessionOptions {
  api: Api;
  documents: Documents;
  trans: TranslationBundle;
  /** Id of the instance that the page belongs to. */
  instanceId: string;
  /** Id of this tab. */
  tab: string;
  /** Makes the guard, which tells `onDoubt` when a connection of JupyterLab's own was lost. */
  guard: (onDoubt: () => void) => ConnectionGuard;
  /** Called when `isIdle` has changed. */
  onChange: () => void;
}

/**
 * The stops of a page, one after the other: drives the state machine and carries out its effects.
 */
export class StopSession {
  constructor(private readonly options: ISessionOptions) {
    this.state = initial(options.instanceId);
    this.overlay = new StopOverlay(options.trans, () =>
      this.dispatch({ type: 'cancel' })
    );
    this.guard = options.guard(() => this.dispatch({ type: 'doubt' }));
    window.addEventListener('online', () => this.dispatch({ type: 'online' }));
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) {
        this.dispatch({ type: 'visible' });
      }
    });
  }

  /** Whether no stop is under way, and none is being asked for. */
  get isIdle(): boolean {
    return this.state.name === 'idle';
  }

  /** Take an event in. Events that effects cause are taken in after it. */
  dispatch(event: Event): void {
    this.queue.push(event);
    if (this.queue.length > 1) {
      return;
    }
    while (this.queue.length) {
      const wasIdle = this.isIdle;
      const { state, effects } = step(this.state, this.queue[0]);
      this.state = state;
      // An error in one of these must not keep the others from being done.
      this.attempt(() => this.guard.set(connectionIn(state)));
      this.attempt(() => this.overlay.show(shownIn(state)));
      this.attempt(() => this.showReading(state.name === 'reading'));
      effects.forEach(effect => this.attempt(() => this.execute(effect)));
      if (wasIdle !== this.isIdle) {
        this.attempt(() => this.options.onChange());
      }
      this.queue.shift();
    }
  }

  private attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      console.error(error);
    }
  }

  private execute(effect: Effect): void {
    const { api, documents, tab } = this.options;
    switch (effect.type) {
      case 'wait':
        window.clearTimeout(this.timer);
        this.timer = window.setTimeout(
          () => this.dispatch({ type: 'due', look: effect.look }),
          effect.after
        );
        break;
      case 'look':
        window.clearTimeout(this.timer);
        this.look(effect.look, effect.patient);
        break;
      case 'ask':
        this.ask(effect.instance);
        break;
      case 'withdraw':
        this.withdraw();
        break;
      case 'request':
        this.request(effect.attempt, effect.source, effect.save);
        break;
      case 'cancel':
        this.cancel(effect.attempt);
        break;
      case 'answerRollCall':
        void answerRollCall(api, documents, tab, effect.attempt);
        break;
      case 'report':
        this.report(effect.end);
    }
  }

  private look(look: number, patient: boolean): void {
    this.options.api.instance(patient).then(
      view => this.dispatch({ type: 'seen', look, view }),
      (error: unknown) =>
        this.dispatch({ type: 'unseen', look, trouble: troubleOf(error) })
    );
  }

  private ask(instance: IInstance): void {
    const { trans, documents } = this.options;
    const unsaved = documents.unsavedPaths();
    const { answer, withdraw } = askToStop({ trans, instance, unsaved });
    this.withdraw = withdraw;
    void answer.then(choice =>
      this.dispatch({ type: 'answered', choice, attempt: newId() })
    );
  }

  private request(attempt: string, source: string, save: Save): void {
    const { api, instanceId: instance_id, tab } = this.options;
    const requested = attempt;
    if (!navigator.onLine) {
      const trouble: Trouble = { kind: 'offline' };
      this.dispatch({ type: 'failed', requested, trouble });
      return;
    }
    api.stop({ instance_id, source, save, tab, attempt }).then(
      answer =>
        this.dispatch({
          type: 'accepted',
          requested,
          instance: { ...answer.instance, attempt: answer.attempt }
        }),
      (error: unknown) =>
        // The request was sent, whatever the browser says now.
        this.dispatch({
          type: 'failed',
          requested,
          trouble:
            error instanceof ApiError ? troubleOf(error) : { kind: 'lost' }
        })
    );
  }

  private cancel(attempt: string): void {
    this.options.api.cancel(attempt).then(
      () => this.dispatch({ type: 'cancelled', attempt }),
      (error: unknown) =>
        this.dispatch({
          type: 'cancelFailed',
          attempt,
          trouble: troubleOf(error)
        })
    );
  }

  /** Who asked gets a dialog; who did not is notified. */
  private report(end: IEnd): void {
    const { trans, instanceId } = this.options;
    const { consoleUrl } = end;
    const title = endTitle(trans, end);
    const problem = endProblem(trans, end, instanceId);
    if (end.here || (end.joined && !problem)) {
      Notification.info(title, { autoClose: NOTICE });
      return;
    }
    const failure = {
      trans,
      title,
      problem: problem ?? { code: end.phase, message: title },
      consoleUrl
    };
    if (!end.joined) {
      void showFailure(failure);
      return;
    }
    Notification.error(title, {
      autoClose: false,
      actions: [
        {
          label: trans.__('Details'),
          callback: () => void showFailure(failure)
        }
      ]
    });
  }

  private showReading(reading: boolean): void {
    if (reading === this.isReading) {
      return;
    }
    this.isReading = reading;
    if (reading) {
      const text = this.options.trans.__('Reading the state of the instance…');
      this.readingTimer = window.setTimeout(() => {
        this.readingNotice = Notification.emit(text, 'in-progress', {
          autoClose: false
        });
      }, READING_NOTICE);
    } else {
      window.clearTimeout(this.readingTimer);
      Notification.dismiss(this.readingNotice);
    }
  }

  private state: State;
  private readonly overlay: StopOverlay;
  private readonly guard: ConnectionGuard;
  private readonly queue: Event[] = [];
  private withdraw: () => void = () => undefined;
  private timer = 0;
  private isReading = false;
  private readingTimer = 0;
  private readingNotice = '';
}

function troubleOf(error: unknown): Trouble {
  if (error instanceof ApiError) {
    const { problem, status } = error;
    return { kind: 'problem', problem, status };
  }
  return { kind: navigator.onLine ? 'lost' : 'offline' };
}
