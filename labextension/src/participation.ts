import type { PartialJSONValue } from '@lumino/coreutils';
import { openDocuments, saveAll, unsavedPaths } from './documents';
import type { IAttempt, IDocument, TabState } from './model';
import type { IPage } from './page';
import { pause, Timing } from './timing';

/**
 * This tab's part in an attempt: say that it is there, save, say how that went.
 */
export async function takePart(page: IPage, attempt: IAttempt): Promise<void> {
  // An answer that says "too late" or does not come changes nothing here: the server decides by what it has.
  const report = (state: TabState, documents?: IDocument[]) =>
    page.api
      .report(attempt.id, page.tab, state, documents)
      .catch(() => undefined);
  await report(
    'here',
    unsavedPaths(page).map(path => ({ path }))
  );
  if (attempt.source === 'cell' && attempt.kernel) {
    await outputsArrived(page, attempt.id, attempt.kernel);
  }
  const failed = await saveAll(page);
  await report(failed.length ? 'failed' : 'saved', failed);
}

/**
 * The event can overtake the outputs of the cell that asked; its last one carries the attempt's id.
 */
async function outputsArrived(
  page: IPage,
  attempt: string,
  kernel: string
): Promise<void> {
  const notebooks = openDocuments(page).filter(
    context => context.sessionContext.session?.kernel?.id === kernel
  );
  const latest = Date.now() + Timing.outputs;
  const arrived = () =>
    notebooks.every(({ model }) => outputs(model.toJSON()).includes(attempt));
  while (!arrived() && Date.now() < latest) {
    await pause(Timing.outputsLook);
  }
}

/** The outputs of a notebook as text; of anything else, none. */
function outputs(content: PartialJSONValue): string {
  const notebook = content as { cells?: { outputs?: unknown }[] } | null;
  return JSON.stringify(notebook?.cells?.map(cell => cell.outputs) ?? []);
}
