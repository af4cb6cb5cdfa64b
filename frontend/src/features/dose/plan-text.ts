/** What a treatment plan says, in short: `6 MV FFF`, `181° → 179° CW`, `35 × 2.00 Gy`. */
import type { TreatmentPlan } from '../../api/types';

type Plan = TreatmentPlan['plan'];
type Beam = Plan['beams'][number];
type Group = Plan['fraction_groups'][number];
type Reference = Plan['dose_references'][number];

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

/** What the beams of a group give in a fraction, each at its own point; null where one does not say. */
export function beamsGy({ referenced_beams: beams }: Pick<Group, 'referenced_beams'>): number | null {
  const doses = beams.map((one) => one.dose_gy);
  return doses.length === 0 || doses.includes(null) ? null : doses.reduce<number>((sum, gy) => sum + (gy ?? 0), 0);
}

/** Beams that add up to a prescription within this part of it are taken to be what it is given by. */
const SAME = 0.005;

/**
 * A prescription as fractions: divided where one fraction group serves it; of several groups by what each prescribes, or by
 * what their beams give where that adds up to it, else the fractions alone.
 */
export function fractionText({ number, prescribed_gy: gy }: Pick<Reference, 'number' | 'prescribed_gy'>, { fraction_groups: all }: Plan): string {
  const own = (group: Group) => group.referenced_doses.find((one) => number !== null && one.reference_number === number);
  const serving = all.filter((group) => own(group) !== undefined);
  const groups = serving.length > 0 ? serving : all;
  const fractions = groups.map((group) => group.fractions ?? 0);
  if (gy === null || groups.length === 0 || fractions.some((n) => n < 1)) return '–';
  const times = (doses: readonly number[]): string => `${fractions.map((n, at) => `${n} × ${(doses[at] ?? 0).toFixed(2)}`).join(' + ')} Gy`;
  const told = groups.map((group, at) => (own(group)?.prescribed_gy ?? NaN) / (fractions[at] ?? 1));
  if (!told.some(Number.isNaN)) return times(told);
  if (groups.length === 1) return times([gy / (fractions[0] ?? 1)]);
  const given = groups.map((group) => beamsGy(group) ?? NaN);
  const sum = given.reduce((total, dose, at) => total + dose * (fractions[at] ?? 0), 0);
  return Math.abs(sum - gy) <= SAME * gy ? times(given) : fractions.join(' + ');
}

export type BeamRow = { readonly group: Group | null; readonly beam: Beam; readonly dose: number | null; readonly meterset: number | null };

/** The beams as the fraction groups deliver them, in their order; those that none refers to last. */
export function beamRows({ beams, fraction_groups: groups }: Plan): BeamRow[] {
  const rows = groups.flatMap((group) =>
    group.referenced_beams.flatMap(({ beam_number: number, dose_gy: dose, meterset }): BeamRow[] => {
      const beam = beams.find((one) => number !== null && one.number === number);
      return beam === undefined ? [] : [{ group, beam, dose, meterset }];
    }),
  );
  const left = beams.filter((beam) => !rows.some((row) => row.beam === beam));
  return [...rows, ...left.map((beam) => ({ group: null, beam, dose: null, meterset: beam.meterset }))];
}

/** What a prescription or limit is of: its description and the structure, or what else the plan says. */
export function referenceText(
  { description, roi_number: roi, structure_type: type }: Pick<Reference, 'description' | 'roi_number' | 'structure_type'>,
  names: Readonly<Record<string, string>>,
  unnamed: (roi: number) => string,
): string {
  const structure = roi === null ? '' : (names[roi] ?? unnamed(roi));
  const told = [...new Set([description, structure])].filter((one) => one !== '');
  return told.length > 0 ? told.join(' · ') : type || '–';
}

/** The plans of a study, those of a dose first. */
export const plansFirst = (plans: readonly TreatmentPlan[], doseId: string | null): TreatmentPlan[] => {
  const shown = (one: TreatmentPlan): number => (doseId !== null && one.dose_series_ids.includes(doseId) ? 0 : 1);
  return plans.toSorted((a, b) => shown(a) - shown(b));
};
