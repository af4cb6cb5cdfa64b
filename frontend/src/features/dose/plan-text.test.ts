import { describe, expect, it } from 'vitest';
import type { TreatmentPlan } from '../../api/types';
import { beamRows, beamsGy, energyText, fractionText, gantryText, numberText, plansFirst, referenceText } from './plan-text';

type Plan = TreatmentPlan['plan'];
type Beam = Plan['beams'][number];
const beam = (changed: Partial<Beam>): Beam => ({ gantry_start_deg: 0, gantry_stop_deg: null, gantry_direction: '', ...changed }) as Beam;

describe('a treatment plan in short', () => {
  it('tells energies with their unit and what is not flat', () => {
    const text = (energies: number[], radiation: string, fluence = ''): string => energyText({ energies, radiation, fluence });
    expect([text([6], 'PHOTON'), text([6], 'PHOTON', 'FFF'), text([9, 12], 'ELECTRON')]).toEqual(['6 MV', '6 MV FFF', '9, 12 MeV']);
    expect([text([], 'PHOTON'), text([6], '')]).toEqual(['–', '6']);
  });

  it('tells where the gantry stands, or from where to where it turns', () => {
    expect(gantryText(beam({ gantry_start_deg: 90 }))).toBe('90°');
    expect(gantryText(beam({ gantry_start_deg: 181, gantry_stop_deg: 179, gantry_direction: 'CW' }))).toBe('181° → 179° CW');
    expect(gantryText(beam({ gantry_start_deg: null }))).toBe('–');
    expect([numberText(0, '°'), numberText(15.1), numberText(null)]).toEqual(['0°', '15.1', '–']);
  });

  const group = (number: number, fractions: number | null, doses: (number | null)[], serves: [number, number | null][] = []) => ({
    number, fractions, beams: null, brachy_setups: null,
    referenced_beams: doses.map((dose_gy, n) => ({ beam_number: 10 * number + n, dose_gy, meterset: 100 })),
    referenced_doses: serves.map(([reference_number, prescribed_gy]) => ({ reference_number, prescribed_gy })),
  }); // prettier-ignore
  const plan = (...fraction_groups: ReturnType<typeof group>[]): Plan => ({ fraction_groups, beams: [] }) as unknown as Plan;
  const reference = (prescribed_gy: number | null) => ({ number: 1, prescribed_gy });

  it('divides a prescription by the fractions of the group that serves it', () => {
    expect(fractionText(reference(70), plan(group(1, 35, [])))).toBe('35 × 2.00 Gy');
    expect(fractionText(reference(70), plan(group(1, 35, [], [[1, null]]), group(2, 5, [], [[2, null]])))).toBe('35 × 2.00 Gy');
    const none = [plan(group(1, null, [])), plan(), plan(group(1, 0, []))].map((one) => fractionText(reference(70), one));
    expect([...none, fractionText(reference(null), plan(group(1, 35, [])))]).toEqual(['–', '–', '–', '–']);
  });

  it('of several groups by what each prescribes or its beams give, and else tells the fractions alone', () => {
    expect(fractionText(reference(70), plan(group(1, 30, [], [[1, 54]]), group(2, 8, [], [[1, 16]])))).toBe('30 × 1.80 + 8 × 2.00 Gy');
    const boosted = plan(group(1, 30, [1.1, 0.9]), group(2, 5, [2]));
    expect(fractionText(reference(70), boosted)).toBe('30 × 2.00 + 5 × 2.00 Gy');
    expect(fractionText(reference(56), boosted)).toBe('30 + 5');
    expect(fractionText(reference(70), plan(group(1, 30, [1.1, null]), group(2, 5, [2])))).toBe('30 + 5');
  });

  it('tells the beams as each group delivers them, and those that no group has last', () => {
    const groups = [group(1, 30, [1.1, 0.9]), group(2, 5, [2])];
    const beams = [10, 11, 20, 99].map((number) => ({ number, meterset: 7 }));
    const rows = beamRows({ fraction_groups: groups, beams } as unknown as Plan);
    expect(rows.map((one) => [one.group?.number, one.beam.number, one.dose, one.meterset])).toEqual([
      [1, 10, 1.1, 100], [1, 11, 0.9, 100], [2, 20, 2, 100], [undefined, 99, null, 7],
    ]); // prettier-ignore
    expect(groups.map(beamsGy)).toEqual([2, 2]);
    expect(beamsGy(group(1, 30, [1, null]))).toBeNull();
  });

  it('names what a prescription is of by the structure set that it refers to', () => {
    const text = (description: string, roi_number: number | null, structure_type = 'VOLUME'): string =>
      referenceText({ description, roi_number, structure_type }, { 11: 'PTV_7000' }, (n) => `ROI ${n}`);
    expect([text('', 11), text('Boost', 11), text('PTV_7000', 11), text('', 99)]).toEqual(['PTV_7000', 'Boost · PTV_7000', 'PTV_7000', 'ROI 99']);
    expect([text('', null, 'SITE'), text('', null, '')]).toEqual(['SITE', '–']);
  });

  it('begins with the plan of the dose on the screen', () => {
    const plan = (id: string, ...doses: string[]): TreatmentPlan => ({ sop_instance_uid: id, dose_series_ids: doses }) as TreatmentPlan;
    const plans = [plan('a'), plan('b', 'x'), plan('c', 'y', 'x')];
    expect(plansFirst(plans, 'x').map((one) => one.sop_instance_uid)).toEqual(['b', 'c', 'a']);
    expect(plansFirst(plans, null).map((one) => one.sop_instance_uid)).toEqual(['a', 'b', 'c']);
  });
});
