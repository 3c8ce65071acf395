import type {
  Event as ServerEvent,
  ServiceManager
} from '@jupyterlab/services';
import { STOP_EVENT } from '../api';
import type { StopSession } from './session';

/**
 * Tell the session of stops that other tabs, cells and terminals ask for.
 */
export function listenForStops(
  services: ServiceManager.IManager,
  session: StopSession,
  instanceId: string
): void {
  const hear = (_: unknown, event: ServerEvent.Emission) => {
    const { schema_id, instance_id, attempt } = event;
    if (
      schema_id === STOP_EVENT &&
      instance_id === instanceId &&
      typeof attempt === 'string'
    ) {
      session.dispatch({ type: 'hint', attempt });
    }
  };
  services.events?.stream.connect(hear);
}
