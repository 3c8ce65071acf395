import { LabIcon } from '@jupyterlab/ui-components';

/**
 * The sign on a switch.
 */
export const powerIcon = new LabIcon({
  name: 'jupyter-notebook-stop:power',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M11 3h2v9h-2zm5.8 2.3 1.4-1.4a10 10 0 1 1-12.4 0l1.4 1.4a8 8 0 1 0 9.6 0z"/></svg>'
});
