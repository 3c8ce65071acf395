/** What the ids of our commands begin with. */
export const PREFIX = 'jupyter-notebook-stop:';

/** Ids of our commands. */
export const COMMANDS = {
  stop: `${PREFIX}stop`,
  idle: `${PREFIX}stop-when-idle`,
  at: `${PREFIX}stop-at`,
  cancel: `${PREFIX}cancel-schedule`,
  extend: `${PREFIX}extend-auto-stop`,
  show: `${PREFIX}show`
} as const;
