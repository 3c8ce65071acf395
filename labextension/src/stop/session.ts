import type { TranslationBundle } from '@jupyterlab/translation';
import { ApiError, newId } from '../api';
import type { Api, IInstance } from '../api';
import type { ConnectionGuard } from '../connection';
import type { Documents } from '../documents';
import type { Course } from '../schedule/outlook';
import { askToStop } from '../ui/confirmation';
import { stopOverlay } from '../ui/overlay';
import { initial, step } from './machine';
import { EndReporter } from './report';
import { answerRollCall } from './roll_call';
import type { Choice, Effect, Event, State, Trouble } from './state';
import { connectionIn, courseOf, isFreeToLeave, shownIn } from './view';

/**
 * What a session works with.
 */
export interface ISessionOptions {
  api: Api;
  documents: Documents;
  /** Whether documents of this page can be saved at all. */
  canSave: boolean;
  /** The name of the user of this page, once it is known. */
  user: () => string | undefined;
  trans: TranslationBundle;
  /** Id of the instance that the page belongs to. */
  instanceId: string;
  /** Id of this tab. */
  tab: string;
  /** Makes the guard, which tells `onDoubt` when a connection of JupyterLab's own was lost. */
  guard: (onDoubt: () => void) => ConnectionGuard;
  /** Called when `isIdle` has changed. */
  onChange: () => void;
  /** Called before the overlay is shown. */
  onCourse: (course: Course | null) => void;
}

/**
 * The stops of a page, one after the other: drives the state machine and carries out its effects.
 */
export class StopSession {
  readonly #options: ISessionOptions;

  constructor(options: ISessionOptions) {
    this.#options = options;

    this.#state = initial(options.instanceId);
    this.#reporter = new EndReporter(options.trans, options.instanceId);
    this.#overlay = stopOverlay(options.trans, options.user, () =>
      this.dispatch({ type: 'cancel' })
    );
    this.#guard = options.guard(() => this.dispatch({ type: 'doubt' }));
    window.addEventListener('online', () => this.dispatch({ type: 'online' }));
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) {
        this.dispatch({ type: 'visible' });
      }
    });
    // Listeners are called in the order of their registration, whatever their phase: JupyterLab's has been, or is next.
    window.addEventListener('beforeunload', event => {
      if (isFreeToLeave(this.#state)) {
        // Only this takes back what a listener before this one has asked for.
        // eslint-disable-next-line @typescript-eslint/no-deprecated
        event.returnValue = '';
        event.stopImmediatePropagation();
      }
    });
  }

  /** Whether no stop is under way, and none is being asked for. */
  get isIdle(): boolean {
    return this.#state.name === 'idle';
  }

  /** Stop without asking: the countdown of a scheduled stop was cut short. */
  stopNow(): void {
    this.dispatch({ type: 'now', attempt: newId() });
  }

  /** Take an event in. Events that effects cause are taken in after it. */
  dispatch(event: Event): void {
    if (event.type === 'hint' && event.heard) {
      this.#heard.add(event.attempt);
    }
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
      const shown = shownIn(state);
      this.#attempt(() => this.#options.onCourse(courseOf(shown)));
      this.#attempt(() => this.#overlay(shown));
      if (shown) {
        this.#attempt(() => this.#reporter.takeBack());
      }
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
        this.#ask();
        break;
      case 'fill':
        this.#fill(effect.instance);
        break;
      case 'warn':
        this.#listen(
          this.#reporter
            .warn(effect.end)
            .then(anyway => (anyway ? 'anyway' : 'cancel')),
          () => this.#reporter.takeBack()
        );
        break;
      case 'withdraw':
        this.#withdraw();
        break;
      case 'request':
        this.#request(effect);
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
        void answerRollCall(api, documents, tab, effect.attempt, this.#heard);
        break;
      case 'report':
        this.#reporter.report(effect.end);
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

  #ask(): void {
    const { api, trans, documents, canSave, instanceId } = this.#options;
    const unsaved = documents.unsavedPaths();
    const question = askToStop({ trans, instanceId, unsaved, canSave });
    // The cloud may be slow, and the user sees at once what would be interrupted.
    api.known().then(
      view => {
        if (view.available && view.id === instanceId) {
          question.preview(view);
        }
      },
      () => undefined
    );
    this.#fill = question.fill;
    this.#listen(question.answer, question.withdraw);
  }

  /** Dispatch the answer to a question, unless the question is taken back. */
  #listen(answer: Promise<Choice>, withdraw: () => void): void {
    let open = true;
    this.#withdraw = () => {
      open = false;
      withdraw();
    };
    void answer.then(choice => {
      if (open) {
        this.dispatch({ type: 'answered', choice, attempt: newId() });
      }
    });
  }

  #request(effect: Extract<Effect, { type: 'request' }>): void {
    const { api, instanceId: instance_id, tab } = this.#options;
    const { attempt, source, save, anyway } = effect;
    const requested = attempt;
    if (!navigator.onLine) {
      const trouble: Trouble = { kind: 'offline' };
      this.dispatch({ type: 'failed', requested, trouble });
      return;
    }
    this.#follow(
      api.stop({
        instance_id,
        source,
        save,
        tab,
        attempt,
        ...(anyway ? { silent: 'ignore' as const } : {})
      }),
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

  #state: State;
  readonly #overlay: ReturnType<typeof stopOverlay>;
  readonly #guard: ConnectionGuard;
  readonly #queue: Event[] = [];

  /** Ids of the attempts that an event has announced to this page. */
  readonly #heard = new Set<string>();
  readonly #reporter: EndReporter;
  #fill: (instance: IInstance) => void = () => undefined;
  #withdraw: () => void = () => undefined;
  #timer = 0;
}

function troubleOf(error: unknown): Trouble {
  if (error instanceof ApiError) {
    const { problem, status } = error;
    return { kind: 'problem', problem, status };
  }
  return { kind: navigator.onLine ? 'lost' : 'offline' };
}
