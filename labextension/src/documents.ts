import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Dialog } from '@jupyterlab/apputils';
import type { ISessionContext } from '@jupyterlab/apputils';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { Widget } from '@lumino/widgets';
import type { IDocument } from './api';
import { trans } from './language';
import { pause } from './pause';

type Context = DocumentRegistry.Context;

/** The areas of both shells that can hold documents. */
const AREAS = ['main', 'left', 'right', 'top', 'menu'];

/** The areas that only JupyterLab has; Notebook 7 logs an error when asked for them. */
const LAB_AREAS = ['down', 'header', 'bottom'];

/** How long one document may take to be saved, in milliseconds. */
const SAVE_TIMEOUT = 10_000;

/** How often a document that others edit too is saved until the server has written it, and the pause between, in ms. */
const ROOM_ATTEMPTS = 5;
const ROOM_PAUSE = 1_000;

/** How long to wait for the answer to one of them, in milliseconds. */
const ROOM_SAVE = 3_000;

/** How much newer than ours a file may be without having been changed by someone else, in milliseconds. */
const CONFLICT_MARGIN = 500;

/**
 * The documents that are open in this tab.
 */
export interface IDocuments {
  /** Why none can be saved; empty if they can. */
  readonly obstacle: string;
  /** The open documents, each once. */
  readonly open: () => Context[];
  /** The paths of the documents that have unsaved changes. */
  readonly unsavedPaths: () => string[];
  /** Ids of the kernels that this page uses, one for each connection. */
  readonly kernels: () => string[];
  /** The kernel sessions of the open documents. */
  readonly sessions: () => ISessionContext[];
  /**
   * Save every document that has unsaved changes; return those that could not be saved. Without a document manager
   * nobody knows what there is: that is the whole page.
   */
  readonly saveAll: () => Promise<IDocument[]>;
}

/**
 * Find the documents of a page.
 */
export function openDocuments(
  { shell, serviceManager }: JupyterFrontEnd,
  docManager: IDocumentManager | null
): IDocuments {
  const obstacle = docManager
    ? ''
    : trans.__(
        'Documents cannot be saved from here: this application has no document manager.'
      );
  const widgets = (): Widget[] => {
    const isLab = 'saveLayout' in shell;
    return (isLab ? [...AREAS, ...LAB_AREAS] : AREAS).flatMap(area => {
      try {
        return [...shell.widgets(area)];
      } catch {
        // JupyterLab throws for an area it does not have.
        return [];
      }
    });
  };
  const open = (): Context[] =>
    distinct(widgets().map(widget => docManager?.contextForWidget(widget)));

  /** @param given - Takes the texts of errors that need no dialog. */
  const save = async (context: Context, given: string[]): Promise<void> => {
    const { model, contentsModel } = context;
    if (model.readOnly || contentsModel?.writable === false) {
      if (!model.dirty) {
        return;
      }
      throw new Error(trans.__('The document is read-only.'));
    }
    await Promise.race([
      model.collaborative
        ? saveInRoom(context, given)
        : saveUnlessChanged(context),
      pause(SAVE_TIMEOUT).then(() => {
        throw new Error(trans.__('Saving took too long.'));
      })
    ]);
  };

  const saveUnlessChanged = async (context: Context): Promise<void> => {
    if (await changedOnDisk(context)) {
      throw new Error(
        trans.__('The file has been changed on disk by someone else.')
      );
    }
    await context.save();
  };

  /**
   * Save a document that the server writes for all who edit it.
   *
   * jupyter-collaboration reports success when the write has failed, and refuses a save while it is busy with the
   * document. So only the file itself tells.
   */
  const saveInRoom = async (
    context: Context,
    given: string[]
  ): Promise<void> => {
    let failure: Error | null = null;
    for (let attempt = 0; attempt < ROOM_ATTEMPTS; attempt++) {
      if (context.model.dirty || attempt > 0) {
        try {
          failure = null;
          const saving = context.save();
          saving.catch((error: unknown) => given.push(asError(error).message));
          // The answer may never come when others save the same document; the file tells sooner.
          await Promise.race([saving, pause(ROOM_SAVE)]);
        } catch (error) {
          // JupyterLab still asks whether to overwrite what the server itself has written: no reason that tells much.
          failure =
            asError(error).name === 'ModalDuplicateError'
              ? null
              : asError(error);
        }
      }
      if (await isOnDisk(context)) {
        return;
      }
      await pause(ROOM_PAUSE);
    }
    throw failure ?? new Error(trans.__('The server did not write the file.'));
  };

  /** Whether the file holds what the document shows; for kinds of documents that cannot be compared, true. */
  const isOnDisk = async ({ model, path }: Context): Promise<boolean> => {
    try {
      const { contents } = serviceManager;
      const file = await contents.get(path, { content: true });
      const content: unknown = file.content;
      return typeof content === 'string'
        ? textOf(content) === textOf(model.toString())
        : cellsOf(content) === cellsOf(model.toJSON());
    } catch {
      return false;
    }
  };

  /** Checked before JupyterLab does: its question is a dialog that waits for a click. */
  const changedOnDisk = async (context: Context): Promise<boolean> => {
    const ours = context.contentsModel;
    if (!ours?.last_modified) {
      return false;
    }
    try {
      // JupyterLab 4.0 knows no hash, and sends the server one that it refuses.
      const disk = await serviceManager.contents.get(context.path, {
        content: false,
        ...(ours.hash ? { hash: true } : {})
      });
      if (ours.hash && disk.hash) {
        return ours.hash !== disk.hash;
      }
      return (
        Date.parse(disk.last_modified) - Date.parse(ours.last_modified) >
        CONFLICT_MARGIN
      );
    } catch {
      // A missing file is created again; any other problem will make the save itself fail.
      return false;
    }
  };

  return {
    obstacle,
    open,
    unsavedPaths: () =>
      open()
        .filter(({ model }) => model.dirty)
        .map(({ localPath }) => localPath),
    kernels: () =>
      distinct(
        widgets().map(widget => {
          const { sessionContext } =
            docManager?.contextForWidget(widget) ??
            // Consoles are no documents.
            (widget as { sessionContext?: ISessionContext });
          // One that connects right now may be connected when the server counts.
          return sessionContext?.session?.kernel;
        })
      ).map(({ id }) => id),
    sessions: () => open().map(({ sessionContext }) => sessionContext),
    saveAll: async () => {
      if (obstacle) {
        return [{ path: window.location.pathname, reason: obstacle }];
      }
      const openBefore = new Set<Dialog<unknown>>();
      Dialog.tracker.forEach(dialog => openBefore.add(dialog));
      // Of a document that others edit too, a save that came to nothing may have said otherwise before.
      const dirty = open().filter(
        ({ model }) => model.dirty || (model.collaborative && !model.readOnly)
      );
      const given: string[] = [];
      const failed = await Promise.all(
        dirty.map(async context => {
          try {
            await save(context, given);
            return [];
          } catch (error) {
            const reason = asError(error).message;
            given.push(reason);
            return { path: context.localPath, reason };
          }
        })
      );
      dismissDuplicates(openBefore, given);
      return failed.flat();
    }
  };
}

/** JupyterLab reports each failed save in a dialog of its own; ours says the same, with what follows from it. */
function dismissDuplicates(
  openBefore: Set<Dialog<unknown>>,
  given: string[]
): void {
  const reasons = new Set<string | null | undefined>(given);
  const duplicates = Dialog.tracker.filter(
    dialog =>
      !openBefore.has(dialog) &&
      reasons.has(dialog.node.querySelector('.jp-Dialog-body')?.textContent)
  );
  duplicates.forEach(dialog => dialog.reject());
}

/** Each once, without what is missing. */
function distinct<T>(items: (T | null | undefined)[]): T[] {
  return [...new Set(items)].filter((item): item is T => !!item);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** A text without the line endings that JupyterLab changes. */
function textOf(text: string): string {
  return text.replace(/\r\n?/g, '\n');
}

/** A cell of a notebook, in its file's format: what is looked at here. */
export interface ICell {
  source?: string | string[];
  outputs?: unknown[];
  execution_count?: number | null;
}

/** What a notebook and its file have in common, whoever writes it: sources, execution counts, number of outputs. */
function cellsOf(content: unknown): string {
  const { cells } = (content ?? {}) as { cells?: ICell[] };
  return JSON.stringify(
    cells?.map(({ source, outputs, execution_count }) => [
      Array.isArray(source) ? source.join('') : source,
      outputs?.length,
      execution_count ?? null
    ]) ?? null
  );
}
