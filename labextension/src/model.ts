/**
 * What the server answers and takes, as rest-api.yml has it.
 */

/** What the server says about itself in the page it serves. */
export type Identity =
  | {
      available: true;
      instance_id: string;
      /** Id of the attempt that was under way when the page was served. */
      attempt?: string;
      /** Whether a stop can be scheduled. */
      scheduling?: boolean;
      /** Id of the schedule that stood when the page was served. */
      schedule?: string;
    }
  | { available: false; code: string; reason: string };

/** A document, and why it could not be saved. */
export interface IDocument {
  path: string;
  reason?: string | null;
}

/** Why something was refused. */
export interface IProblem {
  code: string;
  message: string;
  remedy?: string | null;
  request_id?: string | null;
  upstream_status?: number | null;
  documents?: IDocument[];
}

/** The phase of an attempt to stop. */
export type Phase =
  | 'saving'
  | 'stopping'
  | 'accepted'
  | 'stopped'
  | 'refused'
  | 'cancelled'
  | 'resumed';

/** Whether open tabs save before the stop. */
export type Save = 'all' | 'none';

/** What a tab reports about its documents. */
export type TabState = 'here' | 'waiting' | 'saved' | 'failed';

/** What a tab reports. */
export interface ITabReport {
  state: TabState;
  documents?: IDocument[];
  /** Ids of the kernels that the tab uses, one for each connection. */
  kernels?: string[];
  /** Whether an event announced the attempt to the tab, so that it is one of those that listen. */
  heard?: boolean;
}

/** One attempt to stop the instance. */
export interface IAttempt {
  id: string;
  phase: Phase;
  source: string;
  user?: string | null;
  /** The account: people can have the same name. */
  username?: string | null;
  save: Save;
  kernel?: string | null;
  /** Set where the cell that asked can end before the stop. */
  cell?: 'running' | 'may_end' | 'over' | null;
  error?: IProblem | null;
}

/** A step of the platform on the way to a state. */
export interface IStep {
  step: number | null;
  status: string | null;
  description: string | null;
}

/** A kernel that is busy. */
export interface IBusyKernel {
  id: string;
  name: string;
  path?: string | null;
  busy_since?: string;
}

/** What a stop would interrupt. */
export interface IAtRisk {
  kernels: IBusyKernel[];
  terminals: string[];
}

/** The instance that the server runs in. */
export interface IInstance {
  available: true;
  id: string;
  name?: string | null;
  status?: string | null;
  fail_reason?: string | null;
  flavor?: string | null;
  image?: string | null;
  mount_path?: string | null;
  storage?: string | null;
  dedicated_pool?: string | null;
  lease?: {
    type: string | null;
    expires_at: number | null;
    idle_duration?: number | null;
  } | null;
  action_progress: IStep[];
  console_url?: string | null;
  at_risk: IAtRisk;
  attempt?: IAttempt | null;
  /** Why an instance with this status cannot be stopped. */
  refusal?: IProblem | null;
  error?: IProblem | null;
}

/** The answer of a server that does not run in an instance. */
export interface INoInstance {
  available: false;
  reason: string;
}

/** A request to stop. */
export interface IStopRequest {
  instance_id: string;
  source: string;
  save: Save;
  tab: string;
  attempt: string;
  /** Stop although tabs that may hold unsaved work did not respond. */
  silent?: 'ignore';
}

/** The answer to an accepted request. */
export interface IAccepted {
  attempt: IAttempt;
  instance: IInstance;
}

/** A stop that comes later. Times are RFC 3339, periods in seconds. */
export interface ISchedule {
  id: string;
  when: 'idle' | 'at';
  at?: string | null;
  grace?: number | null;
  /** Until when it was put off. */
  not_before?: string | null;
  state: 'waiting' | 'countdown' | 'stopping' | 'retrying' | 'ended';
  user?: string | null;
  /** The work that keeps it from stopping. */
  waiting_for: IAtRisk;
  /** When the countdown begins if the instance stays idle. */
  due_at?: string | null;
  /** When the countdown ends. */
  stops_at?: string | null;
  next_try_at?: string | null;
  error?: IProblem | null;
}

/** What the settings of the server say of schedules; times in seconds. */
export interface IRules {
  enabled: boolean;
  countdown: number;
  grace: number;
  longest: number;
  terminals: 'children' | 'open' | 'ignore';
}

/** The schedule that stands, and the one that a change has replaced or cancelled. */
export interface IScheduleAnswer {
  schedule: ISchedule | null;
  replaced: ISchedule | null;
  rules: IRules;
}

/** A request to stop later. */
export interface IScheduleRequest {
  when: 'idle' | 'at';
  at?: string;
  grace?: number | null;
  not_before?: string;
  source?: string;
}
