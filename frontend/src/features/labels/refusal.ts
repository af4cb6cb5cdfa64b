import type { Translate } from '../../i18n';
import { caution } from '../../ui/toast';
import type { Refusal } from '../../viewer/editor';
import { keyOf } from './keymap';

/** Says why nothing may be drawn here. */
export const sayRefused = (why: Refusal, t: Translate): void => caution(t(`viewer.refused.${why}`, { key: keyOf('structure.lock') }));
