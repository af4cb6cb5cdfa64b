import { expect, test } from 'vitest';
import { planesOf, toPatient, type GridGeometry } from '../../lib/planes';
import { finer, movedTo, organMap, placeOf } from './map-slices';

const grid: GridGeometry = {
  shape_kji: [2, 3, 4],
  spacing_ijk_mm: [2, 2, 2],
  origin_lps_mm: [-3, -2, -1],
  direction: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
}; // prettier-ignore

test('the finer grid has the corners of the coarse one', () => {
  const fine = finer(grid, 4);
  expect(fine.shape_kji).toEqual([8, 12, 16]);
  expect(toPatient(fine, [-0.5, -0.5, -0.5])).toEqual(toPatient(grid, [-0.5, -0.5, -0.5]));
  expect(toPatient(fine, [7.5, 11.5, 15.5])).toEqual(toPatient(grid, [1.5, 2.5, 3.5]));
});

test('volumes keep their values where their voxels lie', () => {
  const values = Float32Array.from({ length: 24 }, (_, n) => n);
  const made = organMap(grid, { map: values, mask: values.map(() => 1), significant: values });
  expect(made.significant.at([1.5, 1.5, 1.5])).toBeCloseTo(0);
  expect(made.map.at([5, 9, 13])).toBeCloseTo(12 * 0.875 + 4 * 1.875 + 2.875);
});

test('the map has no colour beyond the outline of the organ', () => {
  const mask = Float32Array.from({ length: 24 }, (_, n) => (n % 4 < 2 ? 1 : 0));
  const made = organMap(grid, { map: mask.map((one) => 5 * one), mask, significant: mask });
  expect(made.map.at([3, 3, 7])).toBeGreaterThan(2.5);
  expect(made.map.at([3, 3, 8])).toBe(0);
});

test('the whole box is in the picture', () => {
  const fine = finer(grid);
  const { a, e } = placeOf(fine, planesOf(fine).axial, { width: 200, height: 100 });
  expect(e + a * -0.5).toBeGreaterThanOrEqual(0);
  expect(e + a * 15.5).toBeLessThanOrEqual(200);
});

test('a slice stays inside the grid', () => {
  expect(movedTo(grid, [0, 1, 2], 2, 9)).toEqual([0, 1, 3]);
  expect(movedTo(grid, [0, 1, 2], 0, -1)).toEqual([0, 1, 2]);
});
