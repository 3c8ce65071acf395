/**
 * What the server says; the field names are those of its REST contract.
 */

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

/** What an attempt to stop has come to. */
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

/** What a tab says about its documents. */
export type TabState = 'here' | 'saved' | 'failed';

/** One attempt to stop the instance. */
export interface IAttempt {
  id: string;
  phase: Phase;
  source: string;
  user?: string | null;
  save: Save;
  kernel?: string | null;
  error?: IProblem | null;
}

/** A step of the cloud's on the way to a state. */
export interface IStep {
  step: number | null;
  status: string | null;
  description: string | null;
}

/** A kernel that is at work. */
export interface IBusyKernel {
  id: string;
  name: string;
  path?: string | null;
  busy_since?: string;
}

/** The instance that the server runs in. */
export interface IInstance {
  available: true;
  id: string;
  name?: string | null;
  status?: string | null;
  fail_reason?: string | null;
  flavor?: string | null;
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
  at_risk: { kernels: IBusyKernel[]; terminals: string[] };
  attempt?: IAttempt | null;
  error?: IProblem | null;
}

/** The answer of a server that is not in an instance. */
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
}

/** The answer to an accepted request. */
export interface IAccepted {
  attempt: IAttempt;
  instance: IInstance;
}
