/** What a dose is the sum of (DICOM Dose Summation Type), in words. */
import type { PlannedDose } from '../../api/types';
import type { Translate } from '../../i18n';

const NAMED = ['PLAN', 'MULTI_PLAN', 'PLAN_OVERVIEW', 'FRACTION', 'BEAM', 'BRACHY', 'FRACTION_SESSION', 'BEAM_SESSION', 'BRACHY_SESSION', 'CONTROL_POINT', 'RECORD'] as const; // prettier-ignore
type Kind = Pick<PlannedDose, 'summation'> | null;

/** `Whole plan`, `Beam` …; as it is written where it has no name of its own. */
export function sumText(kind: Kind, t: Translate): string {
  const known = NAMED.find((one) => one === kind?.summation);
  return known === undefined ? kind?.summation || t('dose.sum.none') : t(`dose.sum.${known}`);
}

/** That a dose is not of a whole plan, and of what it is. */
export const partText = (kind: Kind, t: Translate): string =>
  kind?.summation ? t('dose.part', { what: sumText(kind, t) }) : t('dose.part.none');
