import { ApiError, newId } from '../api';
import type { IApi, IInstance } from '../api';
import type { ConnectionLevel } from '../connection';
import type { IDocuments } from '../documents';
import type { StopStatus } from '../schedule/instance_state';
import { askToStop } from '../ui/confirmation';
import { stopOverlay } from '../ui/overlay';
import { initial, step } from './machine';
import { endReporter } from './report';
import { answerRollCall } from './roll_call';
import type { Choice, Effect, Event, RequestFailure } from './state';
import { connectionIn, isFreeToLeave, shownIn, stopStatusOf } from './view';

/**
 * What a session works with.
 */
export interface ISessionOptions {
  api: IApi;
  documents: IDocuments;
  /** The account of the user of this page, once it is known. */
  user: () => string | undefined;
  /** Id of the instance that the page belongs to. */
  instanceId: string;
  /** Id of this tab. */
  tab: string;
  /** Makes the guard, which tells `onConnectionLost` when a connection of JupyterLab's own was lost. */
  guard: (onConnectionLost: () => void) => (level: ConnectionLevel) => void;
  /** Called when `isIdle` has changed. */
  onChange: () => void;
  /** Called before the overlay is shown. */
  onStopStatus: (stopStatus: StopStatus | null) => void;
}

/**
 * The stops of a page, one after the other.
 */
export interface IStopSession {
  /** Whether no stop is under way, and none is being asked for. */
  readonly isIdle: () => boolean;
  /** Stop without asking: the countdown of a scheduled stop was cut short. */
  readonly stopNow: () => void;
  /** Take an event in. Events that effects cause are taken in after it. */
  readonly dispatch: (event: Event) => void;
}

/**
 * Drive the state machine of a page's stops, and carry out its effects.
 */
export function stopSession({
  api,
  documents,
  user,
  instanceId,
  tab,
  guard,
  onChange,
  onStopStatus
}: ISessionOptions): IStopSession {
  let state = initial(instanceId);
  let timer = 0;
  /** What the open question takes. */
  let fill: (instance: IInstance) => void = () => undefined;
  let withdraw: () => void = () => undefined;
  const queue: Event[] = [];
  /** Ids of the attempts that an event has announced to this page. */
  const heard = new Set<string>();
  const reporter = endReporter(instanceId);
  const overlay = stopOverlay(user, () => dispatch({ type: 'cancel' }));
  const setConnection = guard(() => dispatch({ type: 'labConnectionLost' }));

  window.addEventListener('online', () => dispatch({ type: 'online' }));
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) {
      dispatch({ type: 'visible' });
    }
  });
  // Listeners are called in the order of their registration, whatever their phase: JupyterLab's has been, or is next.
  window.addEventListener('beforeunload', event => {
    if (isFreeToLeave(state)) {
      // Only this takes back what a listener before this one has asked for.
      // eslint-disable-next-line @typescript-eslint/no-deprecated
      event.returnValue = '';
      event.stopImmediatePropagation();
    }
  });

  const isIdle = () => state.name === 'idle';

  const dispatch = (event: Event): void => {
    if (event.type === 'hint' && event.heard) {
      heard.add(event.attempt);
    }
    queue.push(event);
    if (queue.length > 1) {
      return;
    }
    while (queue.length) {
      const [next] = queue;
      // Or an error would leave it in the queue, and the page would follow no stop any more.
      runSafely(() => takeIn(next));
      queue.shift();
    }
  };

  const takeIn = (event: Event): void => {
    const wasIdle = isIdle();
    const next = step(state, event);
    state = next.state;
    const shown = shownIn(state);
    runSafely(() => setConnection(connectionIn(state)));
    runSafely(() => onStopStatus(stopStatusOf(shown)));
    runSafely(() => overlay(shown));
    if (shown) {
      runSafely(() => reporter.dismiss());
    }
    next.effects.forEach(effect => runSafely(() => execute(effect)));
    if (wasIdle !== isIdle()) {
      runSafely(onChange);
    }
  };

  const execute = (effect: Effect): void => {
    switch (effect.type) {
      case 'wait':
        window.clearTimeout(timer);
        timer = window.setTimeout(
          () => dispatch({ type: 'pollDue', poll: effect.poll }),
          effect.after
        );
        break;
      case 'poll':
        window.clearTimeout(timer);
        follow(
          api.instance(effect.waitForCloud),
          view => ({ type: 'pollSucceeded', poll: effect.poll, view }),
          failure => ({ type: 'pollFailed', poll: effect.poll, failure })
        );
        break;
      case 'ask':
        ask();
        break;
      case 'fill':
        fill(effect.instance);
        break;
      case 'warn':
        listen(
          reporter
            .warn(effect.end)
            .then(anyway => (anyway ? 'anyway' : 'cancel')),
          () => reporter.dismiss()
        );
        break;
      case 'withdraw':
        withdraw();
        break;
      case 'request':
        request(effect);
        break;
      case 'cancel':
        follow(
          api.cancel(effect.attempt),
          () => ({ type: 'cancelled', attempt: effect.attempt }),
          failure => ({
            type: 'cancelFailed',
            attempt: effect.attempt,
            failure
          })
        );
        break;
      case 'answerRollCall':
        void answerRollCall(api, documents, tab, effect.attempt, heard);
        break;
      case 'report':
        reporter.report(effect.end);
    }
  };

  /** Dispatch what comes of a request. */
  const follow = <T>(
    request: Promise<T>,
    answered: (answer: T) => Event,
    failed: (failure: RequestFailure) => Event
  ): void => {
    request.then(
      answer => dispatch(answered(answer)),
      (error: unknown) => dispatch(failed(failureOf(error)))
    );
  };

  const ask = (): void => {
    const { obstacle } = documents;
    const unsaved = documents.unsavedPaths();
    const question = askToStop({ instanceId, unsaved, obstacle });
    // The cloud may be slow, and the user sees at once what would be interrupted.
    api.cachedInstance().then(
      view => {
        if (view.available && view.id === instanceId) {
          question.preview(view);
        }
      },
      () => undefined
    );
    fill = question.fill;
    listen(question.answer, question.withdraw);
  };

  /** Dispatch the answer to a question, unless the question is taken back. */
  const listen = (answer: Promise<Choice>, close: () => void): void => {
    let open = true;
    withdraw = () => {
      open = false;
      close();
    };
    void answer.then(choice => {
      if (open) {
        dispatch({ type: 'answered', choice, attempt: newId() });
      }
    });
  };

  const request = ({
    attempt,
    source,
    save,
    anyway
  }: Extract<Effect, { type: 'request' }>): void => {
    const failed = (failure: RequestFailure): Event => ({
      type: 'failed',
      requested: attempt,
      failure
    });
    if (!navigator.onLine) {
      dispatch(failed({ kind: 'offline' }));
      return;
    }
    follow(
      api.stop({
        instance_id: instanceId,
        source,
        save,
        tab,
        attempt,
        ...(anyway ? { silent: 'ignore' as const } : {})
      }),
      answer => ({
        type: 'accepted',
        requested: attempt,
        instance: { ...answer.instance, attempt: answer.attempt }
      }),
      // The request was sent, whatever the browser says now.
      failure =>
        failed(
          failure.kind === 'offline' ? { kind: 'connectionLost' } : failure
        )
    );
  };

  return {
    isIdle,
    dispatch,
    stopNow: () => dispatch({ type: 'now', attempt: newId() })
  };
}

/** Do one of several things: an error in it must not keep the others from being done. */
function runSafely(action: () => void): void {
  try {
    action();
  } catch (error) {
    console.error(error);
  }
}

function failureOf(error: unknown): RequestFailure {
  if (error instanceof ApiError) {
    const { problem, status } = error;
    return { kind: 'problem', problem, status };
  }
  return { kind: navigator.onLine ? 'connectionLost' : 'offline' };
}
