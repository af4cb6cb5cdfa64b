import { expect, test } from 'vitest';
import type { Cohort, ModelInput } from '../../api/types';
import { partsOf } from './decision-plots';
import { firstProblem } from './fields';
import { regionText } from './outcome';
import { networkForm, outcomeForm } from './outcome-forms';
import { toldOf, valuesOf, wrongValue } from './prediction';

const cohort = {
  endpoints: [{ name: 'relapse', kind: 'binary', unit: '' }],
  columns: [{ name: 'age', kind: 'number' }],
} as unknown as Cohort;
const REGION = { structures: ['GTVp', 'GTVn'], any_of: true, without: ['Bone_Mandible'], isodose_gy: 50, margin_mm: 5 };
const dosed = (gy: number): string => `≥ ${gy} Gy`;
const INPUTS: readonly ModelInput[] = [
  { name: 'age', kind: 'number', unit: 'year', source: 'clinical', levels: [] },
  { name: 'stage', kind: 'category', unit: '', source: 'clinical', levels: ['I', 'II'] },
  { name: 'original_shape', kind: 'number', unit: '', source: 'feature', levels: [] },
];

test('a region is said as set algebra', () => {
  expect(regionText(REGION, dosed)).toBe('(GTVp ∪ GTVn) ∩ ≥ 50 Gy ∖ Bone_Mandible + 5 mm');
  expect(regionText({ ...REGION, structures: [], without: [], isodose_gy: null }, dosed)).toBeNull();
});

test('a net benefit that leaves the plot comes back without a line between', () => {
  const points = [0.2, -0.3, -0.2, 0].map((y, x) => ({ x, y }));
  expect(partsOf(points, -0.05)).toEqual([[{ x: 0, y: 0.2 }], [{ x: 3, y: 0 }]]);
});

test('the settings of a network say its region', () => {
  const form = networkForm(cohort);
  const config = form.config({ ...form.start, structures: 'GTVp, GTVp、Lung_R', isodose_gy: '20', dose: 'yes' });
  expect(config['crop']).toEqual({
    region: { structures: ['GTVp', 'Lung_R'], any_of: false, without: [], isodose_gy: 20, margin_mm: 0 },
    spacing_mm: 4,
    size: 32,
    outside: 'keep',
    dose: true,
    modality: 'CT',
  });
  expect(config['channels']).toEqual([8, 16, 32]);
  expect(firstProblem(form, { ...form.start, clinical_in_network: 'inside', clinical: [] }, 0)).toBe('cohort.form.needsClinical');
});

test('features are filtered by ICC only where every set has one', () => {
  const set = (perturbations: number) => ({ perturbations }) as never;
  expect(outcomeForm(cohort, [set(5)]).start['min_icc']).toBe('0.75');
  expect(outcomeForm(cohort, [set(5), set(0)]).start['min_icc']).toBe('0');
});

test('what is not known of a patient is said so, and a feature is left to the server', () => {
  expect(valuesOf(INPUTS, { age: '61', stage: '' })).toEqual({ age: 61, stage: null });
  expect(wrongValue(INPUTS, { age: 'old' })?.name).toBe('age');
});

test('a patient who is unlike those learnt from is told of by every kind', () => {
  const applicability = { distance: 2, percentile: 99, inside: false };
  expect(toldOf({ value: { probability: 0.7, positive: true, applicability, imputed: ['stage = I', 'stage = II'] }, applicability: null }, false)).toMatchObject({
    probability: 0.7,
    unlike: true,
    farther: 99,
    imputed: ['stage'],
  });
  const survival = { risk: 0.3, high: true, survival: { time: [12], share: [0.8] }, cause_specific: true, applicability };
  expect(toldOf({ value: survival, applicability: null }, true)).toMatchObject({ risk: 0.3, positive: true, interval: null, causeSpecific: true, survival: [{ time: 12, share: 0.8 }] });
  const network = { value: 0.4, threshold: 0.5, high: false, members: [0.3, 0.5] };
  expect(toldOf({ value: network, applicability: { distance: 0.97, unlike: true, cut_off: 0 } }, false)).toMatchObject({ probability: 0.4, members: [0.3, 0.5], unlike: true });
  expect(toldOf({ value: { subtype: 2, inside: true, margin: 0.4, missing: [] }, applicability: null }, false)).toMatchObject({ subtype: 2, unlike: false });
});
