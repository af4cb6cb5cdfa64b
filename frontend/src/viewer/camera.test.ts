import { expect, it } from 'vitest';
import type { Plane } from '../lib/planes';
import { fitCamera, panned, toScreen, toSlice, transformOf, zoomed } from './camera';
import { nextBrush } from './pointer';

const PLANE: Plane = {
  name: 'coronal', across: 1, columns: 2, rows: 0, flipU: false, flipV: true, flipSlices: false, letters: ['R', 'L', 'H', 'F'],
}; // prettier-ignore
const SPACING = [1, 3] as const;
const SIZE = { width: 800, height: 600 };
const camera = fitCamera({ low: [0, 0], high: [400, 100] }, SPACING, SIZE);
const transform = transformOf(camera, PLANE, SPACING, SIZE);

it('fits the whole slice in the view, the head on top', () => {
  const [left, bottom] = toScreen(transform, [0, 0]);
  const [right, top] = toScreen(transform, [399, 99]);
  expect(left).toBeGreaterThan(0);
  expect(right).toBeLessThan(800);
  expect(top).toBeGreaterThan(0);
  expect(top).toBeLessThan(bottom);
});

it('fits a part of the slice, its middle in the middle of the view', () => {
  const part = transformOf(fitCamera({ low: [100, 20], high: [300, 60] }, SPACING, SIZE), PLANE, SPACING, SIZE);
  const [x, y] = toScreen(part, [199.5, 39.5]);
  expect(x).toBeCloseTo(400);
  expect(y).toBeCloseTo(300);
  const [left] = toScreen(part, [99.5, 39.5]);
  const [right] = toScreen(part, [299.5, 39.5]);
  expect([left > 0 && left < 50, right < 800 && right > 750]).toEqual([true, true]);
});

it('maps the screen back to the voxel', () => {
  const [u, v] = toSlice(transform, toScreen(transform, [12.5, 77]));
  expect(u).toBeCloseTo(12.5);
  expect(v).toBeCloseTo(77);
});

it('keeps the point under the pointer while zooming', () => {
  const at = [100, 450] as const;
  const before = toSlice(transform, at);
  const after = toSlice(transformOf(zoomed(camera, transform, at, 1.7), PLANE, SPACING, SIZE), at);
  expect(after[0]).toBeCloseTo(before[0]);
  expect(after[1]).toBeCloseTo(before[1]);
});

it('pans with the pointer', () => {
  const [x, y] = toScreen(transformOf(panned(camera, transform, 30, -20), PLANE, SPACING, SIZE), [50, 50]);
  const [x0, y0] = toScreen(transform, [50, 50]);
  expect(x - x0).toBeCloseTo(30);
  expect(y - y0).toBeCloseTo(-20);
});

it('steps the brush finely when small, coarsely when large, within limits', () => {
  expect([nextBrush(1, -1), nextBrush(5, 1), nextBrush(10, -1), nextBrush(10, 1), nextBrush(30, 1), nextBrush(100, 1)]).toEqual([1, 6, 9, 12, 35, 100]);
});
