import type { PartialJSONValue } from '@lumino/coreutils';
import type { IApi, IAttempt, ITabReport } from '../api';
import type { ICell, IDocuments } from '../documents';
import { pause } from '../pause';

/** How long outputs of the cell that asked for the stop may be in flight, in milliseconds. */
const OUTPUTS_TIMEOUT = 3_000;

type Notebook = ReturnType<IDocuments['open']>[number];

/**
 * Answer the server's roll call: report that this tab is here, save its documents, and report how that went. The tab
 * that shows the cell that asked saves once more when this cell has ended.
 *
 * @param heard - Ids of the attempts that an event has announced to this page.
 */
export async function answerRollCall(
  api: IApi,
  documents: IDocuments,
  tab: string,
  attempt: IAttempt,
  heard: ReadonlySet<string>
): Promise<void> {
  // The server decides by the reports that it has: one that is late or lost changes nothing here.
  const report = (content: ITabReport) =>
    api
      .report(attempt.id, tab, {
        ...content,
        kernels: documents.kernels(),
        heard: heard.has(attempt.id)
      })
      .catch(() => undefined);
  await report({
    state: 'here',
    documents: documents.unsavedPaths().map(path => ({ path }))
  });
  const notebooks =
    attempt.source === 'cell' && attempt.kernel
      ? notebooksOf(documents, attempt.kernel)
      : [];
  await waitFor(
    notebooks,
    arrived(notebooks, attempt.id),
    pause(OUTPUTS_TIMEOUT)
  );
  let failed = await documents.saveAll();
  const shown = notebooks.filter(({ model }) =>
    cellThatShows(model.toJSON(), attempt.id)
  );
  if (!failed.length && attempt.cell && shown.length) {
    const over = report({ state: 'waiting' });
    await waitFor(shown, ended(shown, attempt.id), over);
    failed = await documents.saveAll();
  }
  await report({
    state: failed.length ? 'failed' : 'saved',
    documents: failed
  });
}

function notebooksOf(documents: IDocuments, kernel: string): Notebook[] {
  return documents
    .open()
    .filter(context => context.sessionContext.session?.kernel?.id === kernel);
}

/** The announcement can overtake the outputs of the cell that asked; the last output carries the attempt's id. */
function arrived(notebooks: Notebook[], attempt: string): () => boolean {
  return () =>
    notebooks.every(({ model }) => cellThatShows(model.toJSON(), attempt));
}

/** A cell gets its execution count when its last output has arrived. */
function ended(notebooks: Notebook[], attempt: string): () => boolean {
  return () =>
    notebooks.every(
      ({ model }) =>
        typeof cellThatShows(model.toJSON(), attempt)?.execution_count ===
        'number'
    );
}

/**
 * Wait until a condition on notebooks holds, or a promise ends.
 *
 * The notebooks' own signals tell when to check, since browsers slow down the timers of a hidden page.
 */
async function waitFor(
  notebooks: Notebook[],
  condition: () => boolean,
  limit: Promise<unknown>
): Promise<void> {
  let check: () => void = () => undefined;
  const holds = new Promise<void>(resolve => {
    check = () => {
      if (condition()) {
        resolve();
      }
    };
  });
  notebooks.forEach(({ model }) => model.contentChanged.connect(check));
  check();
  await Promise.race([holds, limit]);
  notebooks.forEach(({ model }) => model.contentChanged.disconnect(check));
}

/** The cell of a notebook whose outputs contain a text. */
function cellThatShows(
  content: PartialJSONValue,
  text: string
): ICell | undefined {
  const notebook = content as { cells?: ICell[] } | null;
  return notebook?.cells?.find(({ outputs }) =>
    JSON.stringify(outputs ?? []).includes(text)
  );
}
