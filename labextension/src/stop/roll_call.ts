import type { PartialJSONValue } from '@lumino/coreutils';
import type { Api, IAttempt, IDocument, TabState } from '../api';
import type { Documents } from '../documents';

/** How long outputs of the cell that asked for the stop may be in flight, and how often they are looked for. */
const OUTPUTS_TIMEOUT = 3_000;
const OUTPUTS_INTERVAL = 200;

/**
 * Answer the server's roll call: report that this tab is here, save its documents, and report how that went.
 */
export async function answerRollCall(
  api: Api,
  documents: Documents,
  tab: string,
  attempt: IAttempt
): Promise<void> {
  // The server decides by the reports that it has: one that is late or lost changes nothing here.
  const report = (state: TabState, list?: IDocument[]) =>
    api.report(attempt.id, tab, state, list).catch(() => undefined);
  await report(
    'here',
    documents.unsavedPaths().map(path => ({ path }))
  );
  if (attempt.source === 'cell' && attempt.kernel) {
    await waitForOutputs(documents, attempt.id, attempt.kernel);
  }
  const failed = await documents.saveAll();
  await report(failed.length ? 'failed' : 'saved', failed);
}

/** The announcement can overtake the outputs of the cell that asked; the last output carries the attempt's id. */
async function waitForOutputs(
  documents: Documents,
  attempt: string,
  kernel: string
): Promise<void> {
  const notebooks = documents
    .open()
    .filter(context => context.sessionContext.session?.kernel?.id === kernel);
  const latest = Date.now() + OUTPUTS_TIMEOUT;
  const arrived = () =>
    notebooks.every(({ model }) => outputsOf(model.toJSON()).includes(attempt));
  while (!arrived() && Date.now() < latest) {
    await new Promise(resolve => {
      window.setTimeout(resolve, OUTPUTS_INTERVAL);
    });
  }
}

/** The outputs of a notebook as text; of anything else, none. */
function outputsOf(content: PartialJSONValue): string {
  const notebook = content as { cells?: { outputs?: unknown }[] } | null;
  return JSON.stringify(notebook?.cells?.map(cell => cell.outputs) ?? []);
}
