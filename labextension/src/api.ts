import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

const ROOT = 'jupyter-notebook-stop';

/** Id of the event schema that announces a stop. */
export const STOP_EVENT =
  'https://schema.jupyter.org/jupyter_notebook_stop/stop/v1';

/** Time limits of requests, in milliseconds. */
const TIMEOUT = {
  /** A request that the server answers from memory. */
  quick: 10_000,
  /** A request that makes the server read the cloud; the server itself gives up after 40 seconds. */
  cloud: 50_000,
  /** A report that the server answers when the cell that asked has had its time to end, after other tabs have saved. */
  cell: 120_000
} as const;

/** What the server says about itself in the page it serves. */
export type Identity =
  | {
      available: true;
      instance_id: string;
      /** Id of the attempt that was under way when the page was served. */
      attempt?: string;
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
}

/** One attempt to stop the instance. */
export interface IAttempt {
  id: string;
  phase: Phase;
  source: string;
  user?: string | null;
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

/** The server understood the request and refused it. */
export class ApiError extends Error {
  constructor(
    readonly problem: IProblem,
    readonly status: number
  ) {
    super(problem.message);
  }
}

/** No answer, or one that is not our server's: a proxy's page, a log-in form. */
export class ConnectionLostError extends Error {}

/**
 * Read what the server says about itself; null where the server extension is missing.
 */
export function readIdentity(): Identity | null {
  try {
    const option = PageConfig.getOption('jupyterNotebookStop');
    return option ? (JSON.parse(option) as Identity) : null;
  } catch {
    return null;
  }
}

/**
 * A random id for a tab or an attempt. (`crypto.randomUUID` needs https.)
 */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
}

const TAB = 'jupyter-notebook-stop:tab';

/**
 * The id of this tab, which a reload keeps: the server waits for a tab that has reported. A copy of the tab gets an id
 * of its own, since the id is in the storage only while the page is left.
 */
export function tabId(): string {
  let id = newId();
  try {
    id = sessionStorage.getItem(TAB) ?? id;
    sessionStorage.removeItem(TAB);
    window.addEventListener('pagehide', () => sessionStorage.setItem(TAB, id));
    window.addEventListener('pageshow', () => sessionStorage.removeItem(TAB));
  } catch {
    // The browser allows no storage.
  }
  return id;
}

/**
 * The server's REST API. No other file knows its URLs.
 */
export class Api {
  constructor(settings: ServerConnection.ISettings) {
    // A copy: ConnectionGuard closes the original while the instance is silent, and these requests must still go out.
    this.#settings = { ...settings };
  }

  /**
   * The instance as it is now.
   *
   * @param patient - Wait as long as the server waits for the cloud.
   */
  instance(patient = false): Promise<IInstance | INoInstance> {
    const timeout = patient ? TIMEOUT.cloud : TIMEOUT.quick;
    return this.#request('GET', ['instance'], null, timeout);
  }

  /** Stop the instance. The answer may take as long as tabs need to save. */
  stop(request: IStopRequest): Promise<IAccepted> {
    return this.#request('POST', ['stop'], request);
  }

  /** Cancel an attempt before the cloud is called. */
  cancel(attempt: string): Promise<void> {
    return this.#request('DELETE', ['stop', attempt], null, TIMEOUT.quick);
  }

  /** Report how far this tab is with saving. The answer to `waiting` comes when it should wait no longer. */
  report(attempt: string, tab: string, report: ITabReport): Promise<void> {
    const { state, documents = [], kernels } = report;
    return this.#request(
      'PUT',
      ['stop', attempt, 'tabs', tab],
      {
        state,
        kernels: kernels?.slice(0, 1_000),
        // The server refuses a report that exceeds these limits.
        documents: documents.slice(0, 50).map(({ path, reason }) => ({
          path: path.slice(0, 4_000),
          reason: reason?.slice(0, 1_000)
        }))
      },
      state === 'waiting' ? TIMEOUT.cell : TIMEOUT.quick
    );
  }

  async #request<T>(
    method: string,
    path: string[],
    body: object | null,
    timeout = 0
  ): Promise<T> {
    const { baseUrl } = this.#settings;
    const url = URLExt.join(baseUrl, ROOT, ...path.map(encodeURIComponent));
    let response: Response;
    let data: unknown = null;
    try {
      response = await ServerConnection.makeRequest(
        url,
        {
          method,
          body: body && JSON.stringify(body),
          headers: body ? { 'Content-Type': 'application/json' } : {},
          signal: timeout ? AbortSignal.timeout(timeout) : null
        },
        this.#settings
      );
      const text = await response.text();
      data = text ? JSON.parse(text) : null;
    } catch (error) {
      throw new ConnectionLostError(String(error));
    }
    if (response.status === 204) {
      return undefined as T;
    }
    if (!data || typeof data !== 'object' || response.redirected) {
      throw new ConnectionLostError(`HTTP ${response.status}`);
    }
    if (!response.ok) {
      const problem = data as Partial<IProblem>;
      throw new ApiError(
        {
          ...problem,
          code: problem.code ?? `http_${response.status}`,
          message: problem.message ?? response.statusText
        },
        response.status
      );
    }
    return data as T;
  }

  readonly #settings: ServerConnection.ISettings;
}
