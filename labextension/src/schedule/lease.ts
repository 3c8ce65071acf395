import { trans } from '../language';
import { field, notes, numberInput, showForm } from '../ui/form';
import { formatTime } from '../ui/format';
import { notify } from '../ui/notice';
import { withFailureDialog } from './failure_dialog';
import { leaseEnd } from './rules';
import type { IScheduleWatch } from './watch';

/** How long the platform may be told to wait, in hours. */
const HOURS = { least: 1, most: 72, usual: 4 };

/** Ask for how long, and have the platform stop the instance later. */
export async function extendLease(watch: IScheduleWatch): Promise<void> {
  const input = numberInput(HOURS.usual, HOURS.least, HOURS.most);
  input.step = '1';
  const end = leaseEnd(watch.state);
  const accepted = await showForm({
    title: trans.__('Extend ModelArts auto-stop'),
    name: 'extend',
    accept: trans.__('Extend'),
    rows: [
      field(trans.__('Stop automatically in'), input, trans.__('hours')),
      notes([
        end ? trans.__('It is now set for %1.', formatTime(end)) : null,
        trans.__('Enter 1 to 72 hours.')
      ])
    ],
    isValid: () => input.checkValidity()
  });
  if (accepted) {
    await withFailureDialog(async () => {
      await watch.extend(input.valueAsNumber);
      const at = leaseEnd(watch.state);
      notify(
        trans.__('ModelArts now stops this instance at %1.', formatTime(at))
      );
    }, trans.__('The auto-stop was not extended'));
  }
}
