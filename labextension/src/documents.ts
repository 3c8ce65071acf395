import { Dialog } from '@jupyterlab/apputils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { IDocument } from './model';
import { isLab } from './page';
import type { IPage } from './page';
import { pause, Timing } from './timing';

/** The areas that JupyterLab and Notebook 7 share, and those of JupyterLab alone: Notebook 7 complains when asked for them. */
const AREAS = ['main', 'left', 'right', 'down', 'top', 'menu'];
const LAB_AREAS = ['header', 'bottom'];

/**
 * The documents that are open in this tab, each once.
 */
export function openDocuments(page: IPage): DocumentRegistry.Context[] {
  const contexts = new Set<DocumentRegistry.Context>();
  const { shell } = page.app;
  const areas = isLab(page.app) ? [...AREAS, ...LAB_AREAS] : AREAS;
  for (const area of areas) {
    try {
      for (const widget of shell.widgets(area)) {
        const context = page.docManager?.contextForWidget(widget);
        if (context) {
          contexts.add(context);
        }
      }
    } catch {
      // JupyterLab throws at an area it does not have.
    }
  }
  return [...contexts];
}

/**
 * The paths of those that are not saved.
 */
export function unsavedPaths(page: IPage): string[] {
  return openDocuments(page)
    .filter(context => context.model.dirty)
    .map(context => context.localPath);
}

/**
 * Save whatever is not saved; the documents that could not be.
 */
export async function saveAll(page: IPage): Promise<IDocument[]> {
  const known = new Set<Dialog<unknown>>();
  Dialog.tracker.forEach(dialog => known.add(dialog));
  const dirty = openDocuments(page).filter(context => context.model.dirty);
  const results = await Promise.allSettled(
    dirty.map(context => save(page, context))
  );
  const failed: IDocument[] = [];
  results.forEach((result, index) => {
    if (result.status === 'rejected') {
      const reason: unknown = result.reason;
      failed.push({
        path: dirty[index].localPath,
        reason: reason instanceof Error ? reason.message : String(reason)
      });
    }
  });
  dismissEchoes(known, failed);
  return failed;
}

async function save(
  page: IPage,
  context: DocumentRegistry.Context
): Promise<void> {
  const { trans } = page;
  if (context.model.readOnly || context.contentsModel?.writable === false) {
    throw new Error(trans.__('It is read-only.'));
  }
  const late = pause(Timing.documentSave).then(() => {
    throw new Error(trans.__('Saving took too long.'));
  });
  await Promise.race([late, saveUnlessChanged(page, context)]);
}

async function saveUnlessChanged(
  page: IPage,
  context: DocumentRegistry.Context
): Promise<void> {
  if (!context.model.collaborative && (await changedOnDisk(page, context))) {
    throw new Error(
      page.trans.__('The file has been changed on disk by someone else.')
    );
  }
  await context.save();
}

/** Ask before JupyterLab does: its question is a dialog that waits for a click. */
async function changedOnDisk(
  page: IPage,
  context: DocumentRegistry.Context
): Promise<boolean> {
  const ours = context.contentsModel;
  if (!ours?.last_modified) {
    return false;
  }
  try {
    // JupyterLab 4.0 knows no hash, and sends the server one it refuses.
    const disk = await page.app.serviceManager.contents.get(context.path, {
      content: false,
      ...(ours.hash ? { hash: true } : {})
    });
    if (ours.hash && disk.hash) {
      return ours.hash !== disk.hash;
    }
    return (
      Date.parse(disk.last_modified) - Date.parse(ours.last_modified) >
      Timing.conflictMargin
    );
  } catch {
    // A file that is gone is written anew; any other trouble the save itself will meet.
    return false;
  }
}

/** JupyterLab reports each failed save in a dialog of its own; ours says the same, once, with what follows from it. */
function dismissEchoes(known: Set<Dialog<unknown>>, failed: IDocument[]): void {
  const reasons = new Set(failed.map(({ reason }) => reason));
  const echoes = Dialog.tracker.filter(
    dialog =>
      !known.has(dialog) &&
      reasons.has(dialog.node.querySelector('.jp-Dialog-body')?.textContent)
  );
  echoes.forEach(dialog => dialog.reject());
}
