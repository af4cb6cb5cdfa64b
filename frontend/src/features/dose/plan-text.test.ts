import { describe, expect, it } from 'vitest';
import type { TreatmentPlan } from '../../api/types';
import { energyText, fractionText, gantryText, numberText, plansFirst } from './plan-text';

type Plan = TreatmentPlan['plan'];
type Beam = Plan['beams'][number];
const beam = (changed: Partial<Beam>): Beam => ({ gantry_start_deg: 0, gantry_stop_deg: null, gantry_direction: '', ...changed }) as Beam;
const groups = (...fractions: (number | null)[]): Plan => ({ fraction_groups: fractions.map((n) => ({ fractions: n })) }) as Plan;

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

  it('divides a prescription by the fractions of its one scheme, and else by nothing', () => {
    expect(fractionText(70, groups(35))).toBe('35 × 2.00 Gy');
    expect([fractionText(70, groups(25, 10)), fractionText(70, groups(null)), fractionText(70, groups()), fractionText(null, groups(35))]).toEqual(
      ['–', '–', '–', '–'],
    ); // prettier-ignore
  });

  it('begins with the plan of the dose on the screen', () => {
    const plan = (id: string, ...doses: string[]): TreatmentPlan => ({ sop_instance_uid: id, dose_series_ids: doses }) as TreatmentPlan;
    const plans = [plan('a'), plan('b', 'x'), plan('c', 'y', 'x')];
    expect(plansFirst(plans, 'x').map((one) => one.sop_instance_uid)).toEqual(['b', 'c', 'a']);
    expect(plansFirst(plans, null).map((one) => one.sop_instance_uid)).toEqual(['a', 'b', 'c']);
  });
});
