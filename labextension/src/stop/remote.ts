import type {
  Event as ServerEvent,
  ServiceManager
} from '@jupyterlab/services';
import { STOP_EVENT } from '../api';
import type { IStopLoader } from './loader';

/**
 * Tell the page's session of stops that other tabs, cells and terminals ask for.
 */
export function listenForStops(
  services: ServiceManager.IManager,
  loader: IStopLoader,
  instanceId: string
): void {
  const hear = (_: unknown, event: ServerEvent.Emission) => {
    const { schema_id, instance_id, attempt } = event;
    if (
      schema_id === STOP_EVENT &&
      instance_id === instanceId &&
      typeof attempt === 'string'
    ) {
      void loader.dispatch({ type: 'hint', attempt, heard: true });
    }
  };
  services.events?.stream.connect(hear);
  reconnectWhileHidden(services.events);
}

/**
 * Have the event socket reconnect in a hidden tab as well: a tab that was left open overnight has to save, too.
 *
 * JupyterLab has an option for that since 4.5, for a manager of one's own: that would be a second socket in each page,
 * and none in an older JupyterLab. So its own poll is changed; where there is none, nothing is lost.
 */
function reconnectWhileHidden(events: unknown): void {
  const poll = (events as { _poll?: { standby?: unknown } } | undefined)?._poll;
  if (poll && 'standby' in poll) {
    poll.standby = 'never';
  }
}
