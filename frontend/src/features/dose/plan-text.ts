/** What a treatment plan says, in short: `6 MV FFF`, `181° → 179° CW`, `35 × 2.00 Gy`. */
import type { TreatmentPlan } from '../../api/types';

type Plan = TreatmentPlan['plan'];
type Beam = Plan['beams'][number];

/** A number as it was written, to two decimals at most; a dash where there is none. */
export const numberText = (value: number | null, unit = ''): string => (value === null ? '–' : `${Number(value.toFixed(2))}${unit}`);

/** Electrons and particles have MeV, photons MV. */
export function energyText({ energies, radiation, fluence }: Pick<Beam, 'energies' | 'radiation' | 'fluence'>): string {
  if (energies.length === 0) return fluence === '' ? '–' : fluence;
  const unit = radiation === 'PHOTON' ? 'MV' : radiation === '' ? '' : 'MeV';
  return [energies.map((energy) => numberText(energy)).join(', '), unit, fluence].filter((part) => part !== '').join(' ');
}

export function gantryText({ gantry_start_deg: from, gantry_stop_deg: to, gantry_direction: way }: Beam): string {
  const arc = to === null ? '' : ` → ${numberText(to, '°')}`;
  return `${numberText(from, '°')}${arc}${way === '' ? '' : ` ${way}`}`;
}

/** The prescription as fractions, where the plan has one scheme that says how many. */
export function fractionText(gy: number | null, { fraction_groups: groups }: Plan): string {
  const [group] = groups;
  const fractions = groups.length === 1 ? (group?.fractions ?? null) : null;
  return gy === null || fractions === null || fractions < 1 ? '–' : `${fractions} × ${(gy / fractions).toFixed(2)} Gy`;
}

/** The plans of a study, those of a dose first. */
export const plansFirst = (plans: readonly TreatmentPlan[], doseId: string | null): TreatmentPlan[] => {
  const shown = (one: TreatmentPlan): number => (doseId !== null && one.dose_series_ids.includes(doseId) ? 0 : 1);
  return plans.toSorted((a, b) => shown(a) - shown(b));
};
