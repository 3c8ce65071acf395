import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type {
  IAccepted,
  IDocument,
  IInstance,
  INoInstance,
  IProblem,
  IStopRequest,
  TabState
} from './model';
import { Timing } from './timing';

const ROOT = 'jupyter-notebook-stop';

/**
 * The server understood the request and said no.
 */
export class ApiError extends Error {
  constructor(
    readonly problem: IProblem,
    readonly status: number
  ) {
    super(problem.message);
  }
}

/**
 * No answer came, or one that is not our server's: a proxy's page, a log-in form.
 */
export class ConnectionLostError extends Error {}

/**
 * The server's REST API. No other file knows an address.
 */
export class Api {
  constructor(private readonly settings: ServerConnection.ISettings) {}

  /** Who this instance is, and how it is. */
  instance(): Promise<IInstance | INoInstance> {
    return this.request('GET', ['instance'], null, Timing.request);
  }

  /** Stop it. The answer may take as long as tabs need to save. */
  stop(request: IStopRequest): Promise<IAccepted> {
    return this.request('POST', ['stop'], request);
  }

  /** Cancel an attempt that the cloud has not heard of. */
  cancel(attempt: string): Promise<void> {
    return this.request('DELETE', ['stop', attempt], null, Timing.request);
  }

  /** Say how far this tab is with saving. */
  report(
    attempt: string,
    tab: string,
    state: TabState,
    documents: IDocument[] = []
  ): Promise<void> {
    return this.request(
      'PUT',
      ['stop', attempt, 'tabs', tab],
      {
        state,
        // No more than the contract takes: a report that is refused would be none.
        documents: documents.slice(0, 50).map(({ path, reason }) => ({
          path: path.slice(0, 4_000),
          reason: reason?.slice(0, 1_000)
        }))
      },
      Timing.request
    );
  }

  private async request<T>(
    method: string,
    path: string[],
    body: object | null,
    timeout = 0
  ): Promise<T> {
    const { baseUrl } = this.settings;
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
        this.settings
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
}
