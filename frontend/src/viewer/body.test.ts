import { expect, it } from 'vitest';
import { BitMask, type Box } from '../lib/bits';
import { decodeMask, encodeMask } from '../lib/mask';
import { BodyFinder } from './body';
import { Scene } from './scene';
import { Volume, type VolumeDescription } from './volume';

const SHAPE = [6, 40, 60] as const;
const CT: VolumeDescription = {
  grid: { shape_kji: SHAPE, spacing_ijk_mm: [1, 1, 3], origin_lps_mm: [0, 0, 0], direction: [[1, 0, 0], [0, 1, 0], [0, 0, 1]] },
  dtype: 'int16',
  unit: 'HU',
  slope: 1,
  window: { low: -160, high: 240 },
}; // prettier-ignore

/** Water in a box of air; the slices that are named have arrived. */
function volumeOf({ low, high }: Box, arrived: readonly number[], description = CT): Volume {
  const volume = new Volume(description);
  const [nk, nj, ni] = SHAPE;
  const air = description.unit === 'HU' ? -1000 : 0;
  for (let k = 0; k < nk; k += 1)
    for (let j = 0; j < nj; j += 1)
      for (let i = 0; i < ni; i += 1) {
        const inside = [k, j, i].every((value, axis) => value >= (low[axis] ?? 0) && value < (high[axis] ?? 0));
        volume.data[(k * nj + j) * ni + i] = inside ? 20 : air;
      }
  for (const k of arrived) volume.arrived[k] = 1;
  volume.loaded = arrived.length;
  return volume;
}

const BODY: Box = { low: [1, 10, 20], high: [5, 30, 50] };
const ALL = [0, 1, 2, 3, 4, 5];

it('finds what is denser than air, and takes the whole grid while nothing is known', () => {
  expect(new BodyFinder(volumeOf(BODY, ALL)).box).toEqual(BODY);
  expect(new BodyFinder(volumeOf(BODY, [])).box).toEqual({ low: [0, 0, 0], high: SHAPE });
  expect(new BodyFinder(volumeOf({ low: [0, 0, 0], high: [0, 0, 0] }, ALL)).box).toEqual({ low: [0, 0, 0], high: SHAPE });
});

it('leaves out no slices before all have arrived', () => {
  expect(new BodyFinder(volumeOf(BODY, [2, 3])).box).toEqual({ low: [0, 10, 20], high: [6, 30, 50] });
});

it('takes no noise for the patient', () => {
  const volume = volumeOf(BODY, ALL);
  volume.data[2] = 3000;
  expect(new BodyFinder(volume).box).toEqual(BODY);
});

it('takes what is not black where the unit is not HU', () => {
  const window = { low: 0, high: 100 };
  expect(new BodyFinder(volumeOf(BODY, ALL, { ...CT, unit: '', window })).box).toEqual(BODY);
  expect(new BodyFinder(volumeOf(BODY, ALL, { ...CT, unit: '', window: { low: 0, high: 300 } })).box).toEqual({ low: [0, 0, 0], high: SHAPE });
});

const AXIAL = { across: 0, columns: 2, rows: 1 } as const;
const SAGITTAL = { across: 2, columns: 1, rows: 0 } as const;

it('is seen as the slice cuts it, but never as less than half of the whole', () => {
  const volume = volumeOf(BODY, ALL);
  const [, nj, ni] = SHAPE;
  for (let j = 0; j < nj; j += 1) for (let i = 0; i < ni; i += 1) if (i < 24 || i >= 44) volume.data[(2 * nj + j) * ni + i] = -1000;
  const finder = new BodyFinder(volume);
  expect(finder.on(AXIAL, 3)).toEqual({ low: [20, 10], high: [50, 30] });
  expect(finder.on(AXIAL, 2)).toEqual({ low: [24, 10], high: [44, 30] });
  expect(finder.on(AXIAL, 0)).toEqual({ low: [20, 10], high: [50, 30] });
  expect(finder.on(SAGITTAL, 30)).toEqual({ low: [10, 1], high: [30, 5] });
  for (let j = 0; j < nj; j += 1) for (let i = 0; i < ni; i += 1) if (i < 44) volume.data[(3 * nj + j) * ni + i] = -1000;
  expect(finder.on(AXIAL, 3)).toEqual({ low: [35, 10], high: [50, 30] });
});

it('does not take slices that have not arrived for water', () => {
  const volume = volumeOf(BODY, [3]);
  volume.data.fill(0, 0, 3 * 40 * 60);
  expect(new BodyFinder(volume).on(SAGITTAL, 5)).toEqual({ low: [10, 0], high: [30, 6] });
});

it('goes by the outline of the body once it is there, also when more slices come', () => {
  const scene = new Scene(volumeOf(BODY, [3]));
  const outline = new BitMask(SHAPE);
  for (let k = 0; k < 6; k += 1) for (let j = 12; j < 28; j += 1) for (let i = k < 3 ? 22 : 26; i < 48; i += 1) outline.write(k, j, i, true);
  const mask = decodeMask(encodeMask(outline), SHAPE);
  scene.arrived();
  expect(scene.state.body).toEqual({ low: [0, 10, 20], high: [6, 30, 50] });
  scene.outlined(mask);
  scene.arrived();
  expect(scene.state.body).toEqual({ low: [0, 12, 22], high: [6, 28, 48] });
  expect(scene.bodyOn('axial')).toEqual({ low: [26, 12], high: [48, 28] });
  expect(scene.bodyOn('sagittal')).toEqual({ low: [12, 0], high: [28, 6] });
});
