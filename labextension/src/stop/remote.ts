import type {
  Event as ServerEvent,
  ServiceManager
} from '@jupyterlab/services';
import { SCHEDULE_EVENT, STOP_EVENT } from '../api';
import type { IStopLoader } from './loader';

/**
 * Tell the page's session of stops, and of changes of the schedule, that other tabs, cells and terminals ask for.
 *
 * An event is a hint: anyone can post one.
 */
export function listen(
  services: ServiceManager.IManager,
  loader: IStopLoader,
  instanceId: string
): void {
  services.events?.stream.connect((_, event: ServerEvent.Emission) => {
    const { schema_id, instance_id, attempt, change } = event;
    if (instance_id !== instanceId) {
      return;
    }
    if (schema_id === STOP_EVENT && typeof attempt === 'string') {
      void loader.dispatch({ type: 'hint', attempt, heard: true });
    }
    if (schema_id === SCHEDULE_EVENT) {
      void loader.ready.then(session => session.refresh(change));
    }
  });
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
