import { expect, test } from 'vitest';
import type { Cohort } from '../../api/types';
import { doseMapForm } from './dose-map-form';
import { firstProblem } from './fields';

const cohort = {
  endpoints: [{ name: 'dry mouth', kind: 'binary', unit: '' }],
  columns: [
    { name: 'flow', kind: 'number', unit: 'mL/min' },
    { name: 'stage', kind: 'category', unit: '' },
  ],
} as unknown as Cohort;
const form = doseMapForm(cohort);
const asked = { ...form.start, structures: 'Parotid_L' };

test('an endpoint is the outcome, or a number of the table', () => {
  expect(form.config(asked)).toMatchObject({ endpoint: 'dry mouth', variable: null, structures: ['Parotid_L'] });
  expect(form.config({ ...asked, outcome: 'variable:flow' })).toMatchObject({ endpoint: null, variable: 'flow' });
  expect(form.fields[0]).toMatchObject({ choices: [{ text: 'dry mouth' }, { text: 'flow (mL/min)' }] });
});

test('settings of space and map go where the server has them', () => {
  const config = form.config({ ...asked, mirror_to: 'L', solver: 'cp', ranks: '1, 2' });
  expect(config['space']).toEqual({ points: 1500, size: 32, rounds: 2, mirror_to: 'L', max_folded: 0.01, min_dice: 0.8, speck: 0.02 });
  expect(config['map']).toMatchObject({ solver: 'cp', ranks: [1, 2], smoothing_mm: 6, permutations: 200, tolerance: 0.0001 });
});

test.each([
  ['cohort.form.needsOrgan', { structures: ' ' }],
  ['cohort.form.tooManyOrgans', { structures: 'A, B, C, D, E' }],
  ['cohort.form.needsSide', { structures: 'Parotid_L, Parotid_R' }],
  ['cohort.form.outcomeIsTerm', { outcome: 'variable:flow', clinical: ['flow'] }],
  ['cohort.form.fewPermutations', { permutations: '10' }],
  ['cohort.form.needsOutcome', { outcome: '' }],
  ['cohort.form.wrongNumber', { folds: '1' }],
])('what cannot be started is said: %s', (problem, wrong) => {
  expect(firstProblem(form, { ...asked, ...wrong }, 0)).toBe(problem);
});

test('organs of both sides may be mirrored, and permutations left out', () => {
  expect(firstProblem(form, { ...asked, structures: 'Parotid_L, Parotid_R', mirror_to: 'R', permutations: '0' }, 0)).toBeNull();
});
