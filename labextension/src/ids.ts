const ROOT = 'jupyter-notebook-stop:';

/** What the ids of our commands begin with. */
export const PREFIX = ROOT;

/** Ids of our commands. */
export const COMMANDS = {
  stop: `${ROOT}stop`,
  idle: `${ROOT}stop-when-idle`,
  at: `${ROOT}stop-at`,
  cancel: `${ROOT}cancel-schedule`,
  extend: `${ROOT}extend-auto-stop`,
  show: `${ROOT}show`
} as const;
