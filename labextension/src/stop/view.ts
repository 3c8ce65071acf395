import type { ConnectionLevel } from '../connection';
import type { StopStatus } from '../schedule/instance_state';
import type { IFarewell } from '../ui/farewell';
import type { IProgress } from '../ui/progress';
import type { State } from './state';

/**
 * What the overlay shows in a state; null while there is none.
 */
export function shownIn(state: State): IProgress | IFarewell | null {
  switch (state.name) {
    case 'idle':
    case 'reading':
    case 'confirming':
    case 'joining':
      return null;
    case 'farewell':
    case 'closed':
    case 'restarted':
      return {
        view: 'farewell',
        phase: state.name === 'restarted' ? 'restarted' : state.reason,
        instance: state.stop.instance
      };
  }
  const { save, instance, joined, failedPolls } = state.stop;
  return {
    view: 'progress',
    stage: stageIn(state.name, save === 'all'),
    save,
    instance,
    joined,
    cancel: state.name === 'saving' ? state.cancel : 'impossible',
    refusal: state.name === 'saving' ? state.refusal : null,
    unanswered: failedPolls > 1
  };
}

/** What the rest of the page tells of the stop behind the overlay; null while there is none. */
export function stopStatusOf(
  shown: IProgress | IFarewell | null
): StopStatus | null {
  return shown?.view === 'farewell'
    ? shown.phase === 'stopped'
      ? 'stopped'
      : 'unknown'
    : shown && 'stopping';
}

function stageIn(
  name: 'requesting' | 'saving' | 'stopping' | 'accepted' | 'checking',
  saves: boolean
): IProgress['stage'] {
  switch (name) {
    case 'requesting':
      return saves ? 'saving' : 'stopping';
    case 'checking':
      return 'accepted';
    default:
      return name;
  }
}

/**
 * Whether the tab can be closed without JupyterLab's question about unsaved changes: the user chose to lose them.
 */
export function isFreeToLeave(state: State): boolean {
  return (
    ['farewell', 'closed', 'restarted'].includes(state.name) &&
    'stop' in state &&
    state.stop.save === 'none'
  );
}

/**
 * How much of the connection a state leaves to the page.
 */
export function connectionIn(state: State): ConnectionLevel {
  switch (state.name) {
    case 'stopping':
    case 'accepted':
      return 'suspended';
    case 'checking':
    case 'farewell':
      return 'held';
    case 'closed':
    case 'restarted':
      return 'disposed';
    default:
      return 'open';
  }
}
