import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { h, link } from './dom';
import type { IInstance } from './model';

/**
 * The end of a stop.
 */
export interface IFarewell {
  trans: TranslationBundle;
  /** `stopped` is what the cloud said; `gone` is what follows from a connection that closed after an accepted stop. */
  end: 'stopped' | 'gone';
  instance: IInstance | null;
}

/**
 * The last thing the page says.
 */
export class FarewellBody extends Widget {
  constructor({ trans, end, instance }: IFarewell) {
    const status = instance?.status;
    super({
      node: h(
        'div',
        { class: '-body', 'data-view': 'farewell', 'data-phase': end },
        h(
          'p',
          { class: '-headline', role: 'status', 'aria-live': 'polite' },
          end === 'stopped'
            ? trans.__('ModelArts reports it as stopped.')
            : trans.__(
                'The connection to the instance has closed, as expected after an accepted stop.'
              ),
          ' ',
          end === 'gone' && status && trans.__('Last status: %1.', status)
        ),
        h(
          'p',
          {},
          trans.__(
            'You can close this tab. To work on, start the instance in the ModelArts console.'
          )
        ),
        link(trans.__('Open the ModelArts console'), instance?.console_url)
      )
    });
  }
}

/**
 * The heading above it.
 */
export function farewellTitle({ trans, end }: IFarewell): string {
  return end === 'stopped'
    ? trans.__('This instance has stopped')
    : trans.__('This instance is stopping');
}
