import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { IStatusBar } from '@jupyterlab/statusbar';
import { Widget } from '@lumino/widgets';
import { trans } from '../language';
import { h, setText } from '../ui/dom';
import { summary } from './texts';
import type { IScheduleWatch } from './watch';

/** The plugin, whose settings these are. */
const PLUGIN = 'jupyter-notebook-stop:status';

/**
 * Read the instance once, and show it in the status bar where there is one; unless the user
 * has switched it off.
 */
export async function showStatus(
  watch: IScheduleWatch,
  statusBar: IStatusBar | null,
  registry: ISettingRegistry | null,
  onClick: () => void
): Promise<void> {
  const settings = await registry?.load(PLUGIN).catch(() => null);
  let item: { dispose: () => void } | null | undefined;
  const apply = () => {
    const { enabled = true, grace = 0 } = (settings?.composite ?? {}) as {
      enabled?: boolean;
      grace?: number;
    };
    watch.grace = grace;
    if (!enabled) {
      item?.dispose();
      item = null;
    } else if (!item) {
      item = statusBar?.registerStatusItem(PLUGIN, {
        item: statusItem(watch, onClick),
        align: 'left',
        rank: 90
      });
      if (!watch.state.instance) {
        void watch.readInstance();
      }
    }
  };
  settings?.changed.connect(apply);
  apply();
}

function statusItem(watch: IScheduleWatch, onClick: () => void): Widget {
  const node = h('button.jp-NotebookStop-status.jp-StatusBar-TextItem', {
    type: 'button',
    'aria-haspopup': 'dialog',
    title: trans.__('Show this instance and when it stops')
  });
  node.addEventListener('click', onClick);
  watch.listen(() => {
    const { text, urgent } = summary(watch.state, watch.api.now());
    setText(node, text);
    node.hidden = !text;
    node.dataset.urgent = String(urgent);
  });
  const widget = new Widget({ node: h('div', node) });
  widget.addClass('jp-mod-highlighted');
  return widget;
}
