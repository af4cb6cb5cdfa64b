/** What a network looks at, in words. */
import type { Translate } from '../../i18n';
import { regionText, type NetworkSettings } from './outcome';

/** What the network was shown of a patient, in a sentence. */
export function seenText({ crop }: NetworkSettings, t: Translate): string {
  const said = {
    region: regionText(crop.region, (n) => t('cohort.region.dose', { n })) ?? t('cohort.region.whole'),
    image: t(`cohort.modality.${crop.modality ?? 'CT'}`),
    side: Math.round(crop.size * crop.spacing_mm),
    size: crop.size,
    spacing: crop.spacing_mm,
    outside: t(`cohort.outside.${crop.outside}`),
  };
  return t(crop.dose ? 'cohort.network.seesDose' : 'cohort.network.sees', said);
}
