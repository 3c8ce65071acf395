import type { JupyterFrontEnd } from '@jupyterlab/application';
import { PageConfig } from '@jupyterlab/coreutils';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Api } from './api';
import type { Following } from './following';
import type { Quiet } from './quiet';

/**
 * What the server says about itself in the page it serves.
 */
export type Identity =
  | { available: true; instance_id: string }
  | { available: false; code: string; reason: string };

/**
 * Read it; null where the server extension is missing.
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
 * This browser tab: what it is, what it works with, and what it is doing.
 */
export interface IPage {
  readonly app: JupyterFrontEnd;
  readonly api: Api;
  readonly docManager: IDocumentManager | null;
  readonly instanceId: string;
  readonly quiet: Quiet;
  readonly tab: string;
  readonly trans: TranslationBundle;
  /** The attempt that this tab follows. */
  following: Following | null;
  /** Withdraws the question that is open, because the answer came from elsewhere. */
  withdraw: (() => void) | null;
}

/**
 * A random id for a tab or an attempt. (`crypto.randomUUID` needs https.)
 */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Whether this is JupyterLab, whose shell can save its layout; Notebook 7's can't.
 */
export function isLab(app: JupyterFrontEnd): boolean {
  return 'saveLayout' in app.shell;
}
