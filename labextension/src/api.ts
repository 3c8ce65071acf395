import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type {
  IAccepted,
  Identity,
  IInstance,
  INoInstance,
  IProblem,
  IScheduleAnswer,
  IScheduleRequest,
  IStopRequest,
  ITabReport
} from './model';

export type * from './model';

const ROOT = 'jupyter-notebook-stop';

/** Id of the event schema that announces a stop. */
export const STOP_EVENT =
  'https://schema.jupyter.org/jupyter_notebook_stop/stop/v1';

/** Id of the event schema that announces a change of the schedule or of the platform's own one. */
export const SCHEDULE_EVENT =
  'https://schema.jupyter.org/jupyter_notebook_stop/schedule/v1';

/** Time limits of requests, in milliseconds. */
const TIMEOUT = {
  /** A stop is answered when the tabs have saved. */
  none: 0,
  /** A request that the server answers from memory. */
  quick: 10_000,
  /** A request that makes the server read the cloud; the server itself gives up after 40 seconds. */
  cloud: 50_000,
  /** A report that the server answers when the cell that asked has had its time to end, after other tabs have saved. */
  cell: 120_000
} as const;

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
export interface IApi {
  /**
   * The instance as it is now.
   *
   * @param waitForCloud - Wait as long as the server waits for the cloud.
   */
  readonly instance: (
    waitForCloud?: boolean
  ) => Promise<IInstance | INoInstance>;
  /** What the server knows of the instance, without reading the cloud. */
  readonly cachedInstance: () => Promise<IInstance | INoInstance>;
  /** Stop the instance. The answer may take as long as tabs need to save. */
  readonly stop: (request: IStopRequest) => Promise<IAccepted>;
  /** Cancel an attempt before the cloud is called. */
  readonly cancel: (attempt: string) => Promise<void>;
  /** Report how far this tab is with saving. The answer to `waiting` comes when it should wait no longer. */
  readonly report: (
    attempt: string,
    tab: string,
    report: ITabReport
  ) => Promise<void>;
  /** The stop that is to come later, if any, and the rules. */
  readonly schedule: () => Promise<IScheduleAnswer>;
  /** Stop the instance later. The answer has the schedule that this replaced. */
  readonly setSchedule: (
    instance_id: string,
    request: IScheduleRequest
  ) => Promise<IScheduleAnswer>;
  /** Cancel the scheduled stop. The answer has the schedule that was cancelled. */
  readonly cancelSchedule: () => Promise<IScheduleAnswer>;
  /** Report that somebody works in this page. */
  readonly reportActivity: () => Promise<void>;
  /** Have the platform stop the instance later: so many seconds from now. */
  readonly renewLease: (
    instance_id: string,
    duration: number
  ) => Promise<IInstance>;
  /** The time by the server's clock, in ms: its times are compared with this one. */
  readonly now: () => number;
}

/**
 * Speak to the server.
 *
 * @param language - In which the server is to answer, as a language tag.
 */
export function serverApi(
  original: ServerConnection.ISettings,
  language: string
): IApi {
  // A copy: connection.ts closes the original while the instance is silent, and these requests must still go out.
  const settings = { ...original };
  let skew = 0;

  /** Clocks differ by minutes at times. The header has whole seconds, so that a small difference says nothing. */
  const setClock = (date: string | null) => {
    const difference = Date.parse(date ?? '') - Date.now();
    skew = Math.abs(difference) > 2_500 ? difference : 0;
  };

  const request = async <T>(
    method: string,
    path: string[],
    body: object | null = null,
    timeout: number = TIMEOUT.quick,
    query = ''
  ): Promise<T> => {
    const url =
      URLExt.join(settings.baseUrl, ROOT, ...path.map(encodeURIComponent)) +
      query;
    let response: Response;
    let data: unknown = null;
    try {
      response = await ServerConnection.makeRequest(
        url,
        {
          method,
          body: body && JSON.stringify(body),
          headers: {
            // The page's language, which need not be the browser's.
            'Accept-Language': language,
            ...(body ? { 'Content-Type': 'application/json' } : {})
          },
          signal: timeout ? AbortSignal.timeout(timeout) : null
        },
        settings
      );
      setClock(response.headers.get('Date'));
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
  };

  return {
    instance: waitForCloud =>
      request(
        'GET',
        ['instance'],
        null,
        waitForCloud ? TIMEOUT.cloud : TIMEOUT.quick
      ),
    cachedInstance: () =>
      request('GET', ['instance'], null, TIMEOUT.quick, '?cloud=false'),
    stop: body => request('POST', ['stop'], body, TIMEOUT.none),
    cancel: attempt => request('DELETE', ['stop', attempt]),
    report: (attempt, tab, { state, documents = [], kernels, heard }) =>
      request(
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
        state === 'waiting' ? TIMEOUT.cell : TIMEOUT.quick,
        // Not in the body, where an older server refuses what it does not know.
        heard ? '?heard=event' : ''
      ),
    schedule: () => request('GET', ['schedule']),
    setSchedule: (instance_id, schedule) =>
      request('PUT', ['schedule'], { instance_id, ...schedule }),
    cancelSchedule: () => request('DELETE', ['schedule']),
    reportActivity: () => request('POST', ['schedule', 'activity']),
    renewLease: (instance_id, duration) =>
      request('PATCH', ['lease'], { instance_id, duration }, TIMEOUT.cloud),
    now: () => Date.now() + skew
  };
}
