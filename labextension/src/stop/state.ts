import type { IAttempt, IInstance, INoInstance, IProblem, Save } from '../api';

/** The answer to a poll of the instance. */
export type View = IInstance | INoInstance;

/** Why a request did not get the answer that it was sent for. */
export type RequestFailure =
  /** The server answered with an error, or said beforehand why it would refuse to stop. */
  | { readonly kind: 'problem'; problem: IProblem; status: number }
  /** No answer arrived; the request may have been received. */
  | { readonly kind: 'connectionLost' }
  /** The browser is offline; nothing was sent. */
  | { readonly kind: 'offline' }
  /** The server runs in another instance, or in none. */
  | { readonly kind: 'wrongInstance'; view: View }
  /** The server does not know the attempt. */
  | { readonly kind: 'unknownAttempt' };

/** The user's answer to a question. */
export type Choice = 'cancel' | 'save' | 'discard' | 'anyway';

/** The Cancel button: its request has not been sent, is under way, or came to nothing. */
export type Cancel = 'possible' | 'sent' | 'failed';

/** Why the page says farewell: the connection was lost after the stop was accepted, or STOPPED was read. */
export type FarewellReason = 'lost' | 'stopped';

/** The latest poll of the instance: scheduled or, once sent, under way. Answers to earlier ones are ignored. */
export interface IPoll {
  readonly id: number;
  readonly sent: boolean;
}

/** The stop that this page follows. */
export interface IStop {
  /** Id of the attempt. */
  readonly attempt: string;
  /** Id under which this page asked for it; empty where it was asked for elsewhere. */
  readonly requested: string;
  /** What has become of this page's request. */
  readonly request: 'none' | 'open' | 'lost' | 'answered';
  readonly source: string;
  /** The attempt as this page found it, where it was asked for elsewhere. */
  readonly joined: IAttempt | null;
  readonly save: Save;
  /** The last view of the instance. */
  readonly instance: IInstance | null;
  /** How many polls in a row failed. */
  readonly failedPolls: number;
  /** How many views in a row did not know the attempt. */
  readonly pollsWithoutAttempt: number;
}

interface IBase {
  /** Id of the instance that this page belongs to. */
  readonly instanceId: string;
  readonly poll: IPoll;
}

/** Nothing is under way. */
export interface IIdle extends IBase {
  readonly name: 'idle';
}

interface IHinted extends IBase {
  /** The attempt that an event announced: the server is asked whether it exists. Empty where there is none. */
  readonly hint: string;
  /** How many polls for it in a row failed. */
  readonly failedPolls: number;
}

/** The command was called: the question is open, and the instance is read before it can be answered. */
export interface IReading extends IHinted {
  readonly name: 'reading';
  readonly source: string;
}

/** The question can be answered. */
export interface IConfirming extends IHinted {
  readonly name: 'confirming';
  readonly source: string;
  /** The question is whether to stop although tabs did not respond, and this is what would be saved; otherwise null. */
  readonly silent: Save | null;
}

/** Nothing was under way when an event announced an attempt. */
export interface IJoining extends IHinted {
  readonly name: 'joining';
}

/** The stop has been requested, and no poll has shown it. */
export interface IRequesting extends IBase {
  readonly name: 'requesting';
  readonly stop: IStop;
}

/** Open tabs are saving; the stop can be cancelled. */
export interface ISaving extends IBase {
  readonly name: 'saving';
  readonly stop: IStop;
  readonly cancel: Cancel;
  /** Why the server refused to cancel. */
  readonly refusal: IProblem | null;
}

/** The cloud is being called. */
export interface IStopping extends IBase {
  readonly name: 'stopping';
  readonly stop: IStop;
}

/** The cloud has accepted the stop. In `checking` something suggests that the connection is gone, and a poll will tell. */
export interface IAwaitingEnd extends IBase {
  readonly name: 'accepted' | 'checking';
  readonly stop: IStop;
}

/** The page has said goodbye and is silent. It polls again from time to time. */
export interface IFarewell extends IBase {
  readonly name: 'farewell';
  readonly stop: IStop;
  readonly reason: FarewellReason;
  /** How many polls have been made since. */
  readonly polls: number;
}

/** The page's connections are disposed of. In `restarted` the server has answered again: only a reload helps. */
export interface IClosed extends IBase {
  readonly name: 'closed' | 'restarted';
  readonly stop: IStop;
  readonly reason: FarewellReason;
}

/** A stop that has not been accepted. */
export type PendingState = IRequesting | ISaving | IStopping;

/** A stop that has been accepted, while the page can still come back. */
export type AcceptedState = IAwaitingEnd | IFarewell;

export type State =
  | IIdle
  | IReading
  | IConfirming
  | IJoining
  | PendingState
  | AcceptedState
  | IClosed;

export type Event =
  /** The command was called. */
  | { readonly type: 'command'; source: string }
  /** The question was answered; `attempt` is a fresh id. */
  | { readonly type: 'answered'; choice: Choice; attempt: string }
  /** The countdown of a scheduled stop was cut short: the question has been answered there. */
  | { readonly type: 'now'; attempt: string }
  /**
   * An attempt may be under way; `heard` if an event of the server announced it. Anyone can post an event, so this is
   * only a hint.
   */
  | { readonly type: 'hint'; attempt: string; heard?: boolean }
  /** A scheduled poll is due. */
  | { readonly type: 'pollDue'; poll: number }
  | { readonly type: 'pollSucceeded'; poll: number; view: View }
  | { readonly type: 'pollFailed'; poll: number; failure: RequestFailure }
  /** The request was answered: the stop is accepted. */
  | { readonly type: 'accepted'; requested: string; instance: IInstance }
  | { readonly type: 'failed'; requested: string; failure: RequestFailure }
  /** The Cancel button was clicked. */
  | { readonly type: 'cancel' }
  | { readonly type: 'cancelled'; attempt: string }
  | { readonly type: 'cancelFailed'; attempt: string; failure: RequestFailure }
  /** A connection of JupyterLab's own was lost. */
  | { readonly type: 'labConnectionLost' }
  /** The browser found the network again. */
  | { readonly type: 'online' }
  /** The user returned to the page. */
  | { readonly type: 'visible' };

/** How a stop ended that did not stop the instance, as far as the page knows. */
export interface IEnd {
  readonly phase: 'refused' | 'cancelled' | 'resumed' | 'unknown';
  readonly failure: RequestFailure | null;
  /** Asked for elsewhere. */
  readonly joined: boolean;
  /** Cancelled in this tab. */
  readonly cancelledHere: boolean;
  /** Asked for by a schedule, which tells by itself what it makes of it. */
  readonly scheduled: boolean;
  readonly consoleUrl: string | null;
}

export type Effect =
  /** Dispatch `pollDue` after a while; this replaces an earlier wait. */
  | { readonly type: 'wait'; poll: number; after: number }
  /** Read the instance; `waitForCloud`: the server may have to ask the cloud. */
  | { readonly type: 'poll'; poll: number; waitForCloud: boolean }
  /** Open the question. */
  | { readonly type: 'ask' }
  /** Let the question be answered, now that the instance has been read. */
  | { readonly type: 'fill'; instance: IInstance }
  /** Tell that tabs did not respond, and ask whether to stop anyway. */
  | { readonly type: 'warn'; end: IEnd }
  /** Take the question back. */
  | { readonly type: 'withdraw' }
  | {
      readonly type: 'request';
      attempt: string;
      source: string;
      save: Save;
      /** Stop although tabs did not respond. */
      anyway: boolean;
    }
  | { readonly type: 'cancel'; attempt: string }
  /** Take part in the roll call: save the documents of this tab and report. */
  | { readonly type: 'answerRollCall'; attempt: IAttempt }
  | { readonly type: 'report'; end: IEnd };

export interface ITransition {
  readonly state: State;
  readonly effects: readonly Effect[];
}
