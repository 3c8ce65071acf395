import type { IInstance } from '../api';
import { trans } from '../language';
import { consoleLink } from './console_link';
import { button, h } from './dom';

/**
 * The end of a stop.
 */
export interface IFarewell {
  view: 'farewell';
  /**
   * `stopped`: the cloud says so. `lost`: the connection has closed after an accepted stop. `restarted`: the server
   * answers again, and this page can't go on with it.
   */
  phase: 'lost' | 'stopped' | 'restarted';
  instance: IInstance | null;
}

/**
 * A title, what the page knows of the end, and how to continue.
 */
export function farewellTexts({
  phase
}: IFarewell): [title: string, known: string, next: string] {
  const next = trans.__(
    'You can close this tab. To continue, start the instance in the ModelArts console, then reload this page.'
  );
  switch (phase) {
    case 'stopped':
      return [
        trans.__('This instance has stopped'),
        trans.__('ModelArts reports that the instance has stopped.'),
        next
      ];
    case 'lost':
      return [
        trans.__('The stop was accepted'),
        trans.__(
          'The connection to the instance has closed, as expected after an accepted stop.'
        ),
        next
      ];
    case 'restarted':
      return [
        trans.__('This instance is available again'),
        trans.__('The Jupyter server responds again.'),
        trans.__('Reload this page to continue.')
      ];
  }
}

/**
 * The last known status, and what can be done.
 */
export function farewellBody({ phase, instance }: IFarewell): HTMLElement {
  const reload = button(
    trans.__('Reload'),
    // Until the instance has been started again, a reload would lose this text.
    phase === 'restarted' ? 'jp-mod-accept' : 'jp-mod-reject',
    () => window.location.reload()
  );
  return h(
    'div.jp-NotebookStop-stack',
    phase === 'lost' &&
      instance?.status &&
      h(
        'p.jp-NotebookStop-aside',
        { 'data-part': 'facts' },
        trans.__('Last known status: %1.', instance.status)
      ),
    h('div.jp-NotebookStop-actions', consoleLink(instance), reload)
  );
}
