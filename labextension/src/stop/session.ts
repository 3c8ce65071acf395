import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ApiError, newId } from '../api';
import type { Api, IInstance, Save } from '../api';
import type { ConnectionGuard } from '../connection';
import type { Documents } from '../documents';
import { askToStop } from '../ui/confirmation';
import { showFailure } from '../ui/failure';
import { stopOverlay } from '../ui/overlay';
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
  readonly #options: ISessionOptions;

  constructor(options: ISessionOptions) {
    this.#options = options;

    this.#state = initial(options.instanceId);
    this.#overlay = stopOverlay(options.trans, () =>
      this.dispatch({ type: 'cancel' })
    );
    this.#guard = options.guard(() => this.dispatch({ type: 'doubt' }));
    window.addEventListener('online', () => this.dispatch({ type: 'online' }));
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) {
        this.dispatch({ type: 'visible' });
      }
    });
  }

  /** Whether no stop is under way, and none is being asked for. */
  get isIdle(): boolean {
    return this.#state.name === 'idle';
  }

  /** Take an event in. Events that effects cause are taken in after it. */
  dispatch(event: Event): void {
    this.#queue.push(event);
    if (this.#queue.length > 1) {
      return;
    }
    while (this.#queue.length) {
      const wasIdle = this.isIdle;
      const { state, effects } = step(this.#state, this.#queue[0]);
      this.#state = state;
      // An error in one of these must not keep the others from being done.
      this.#attempt(() => this.#guard.set(connectionIn(state)));
      this.#attempt(() => this.#overlay(shownIn(state)));
      this.#attempt(() => this.#showReading(state.name === 'reading'));
      effects.forEach(effect => this.#attempt(() => this.#execute(effect)));
      if (wasIdle !== this.isIdle) {
        this.#attempt(() => this.#options.onChange());
      }
      this.#queue.shift();
    }
  }

  #attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      console.error(error);
    }
  }

  #execute(effect: Effect): void {
    const { api, documents, tab } = this.#options;
    switch (effect.type) {
      case 'wait':
        window.clearTimeout(this.#timer);
        this.#timer = window.setTimeout(
          () => this.dispatch({ type: 'due', look: effect.look }),
          effect.after
        );
        break;
      case 'look':
        window.clearTimeout(this.#timer);
        this.#follow(
          api.instance(effect.patient),
          view => ({ type: 'seen', look: effect.look, view }),
          trouble => ({ type: 'unseen', look: effect.look, trouble })
        );
        break;
      case 'ask':
        this.#ask(effect.instance);
        break;
      case 'withdraw':
        this.#withdraw();
        break;
      case 'request':
        this.#request(effect.attempt, effect.source, effect.save);
        break;
      case 'cancel':
        this.#follow(
          api.cancel(effect.attempt),
          () => ({ type: 'cancelled', attempt: effect.attempt }),
          trouble => ({
            type: 'cancelFailed',
            attempt: effect.attempt,
            trouble
          })
        );
        break;
      case 'answerRollCall':
        void answerRollCall(api, documents, tab, effect.attempt);
        break;
      case 'report':
        this.#report(effect.end);
    }
  }

  /** Dispatch what comes of a request. */
  #follow<T>(
    request: Promise<T>,
    answered: (answer: T) => Event,
    failed: (trouble: Trouble) => Event
  ): void {
    request.then(
      answer => this.dispatch(answered(answer)),
      (error: unknown) => this.dispatch(failed(troubleOf(error)))
    );
  }

  #ask(instance: IInstance): void {
    const { trans, documents } = this.#options;
    const unsaved = documents.unsavedPaths();
    const { answer, withdraw } = askToStop({ trans, instance, unsaved });
    this.#withdraw = withdraw;
    void answer.then(choice =>
      this.dispatch({ type: 'answered', choice, attempt: newId() })
    );
  }

  #request(attempt: string, source: string, save: Save): void {
    const { api, instanceId: instance_id, tab } = this.#options;
    const requested = attempt;
    if (!navigator.onLine) {
      const trouble: Trouble = { kind: 'offline' };
      this.dispatch({ type: 'failed', requested, trouble });
      return;
    }
    this.#follow(
      api.stop({ instance_id, source, save, tab, attempt }),
      answer => ({
        type: 'accepted',
        requested,
        instance: { ...answer.instance, attempt: answer.attempt }
      }),
      // The request was sent, whatever the browser says now.
      trouble => ({
        type: 'failed',
        requested,
        trouble: trouble.kind === 'offline' ? { kind: 'lost' } : trouble
      })
    );
  }

  /** Who asked gets a dialog; who did not is notified. */
  #report(end: IEnd): void {
    const { trans, instanceId } = this.#options;
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

  #showReading(reading: boolean): void {
    if (reading === this.#isReading) {
      return;
    }
    this.#isReading = reading;
    if (reading) {
      const text = this.#options.trans.__('Reading the state of the instance…');
      this.#readingTimer = window.setTimeout(() => {
        this.#readingNotice = Notification.emit(text, 'in-progress', {
          autoClose: false
        });
      }, READING_NOTICE);
    } else {
      window.clearTimeout(this.#readingTimer);
      Notification.dismiss(this.#readingNotice);
    }
  }

  #state: State;
  readonly #overlay: ReturnType<typeof stopOverlay>;
  readonly #guard: ConnectionGuard;
  readonly #queue: Event[] = [];
  #withdraw: () => void = () => undefined;
  #timer = 0;
  #isReading = false;
  #readingTimer = 0;
  #readingNotice = '';
}

function troubleOf(error: unknown): Trouble {
  if (error instanceof ApiError) {
    const { problem, status } = error;
    return { kind: 'problem', problem, status };
  }
  return { kind: navigator.onLine ? 'lost' : 'offline' };
}
