import { describe, expect, it } from 'vitest';
import { BitMask, difference, type Triple } from './bits';
import { FieldSampler } from './field';
import { applyRuns, doseAt, doseAtCc, dvhOf, histogramOf, shareAt, type Histogram } from './dvh';
import { toPatient, voxelCc, type GridGeometry } from './planes';

const SHAPE: Triple = [40, 60, 80];
const IMAGE: GridGeometry = {
  shape_kji: [...SHAPE], spacing_ijk_mm: [1, 1, 2], origin_lps_mm: [-40, -30, 10], direction: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
}; // prettier-ignore
const [C, S] = [Math.cos(0.4), Math.sin(0.4)];
const TURNED = [[C, -S, 0], [S, C, 0], [0, 0, 1]];

/** 0.5 Gy a millimetre towards the left, 40 Gy at x = 0. */
const gradient = ([x]: Triple): number => 40 + 0.5 * x;

function sampler(shape: Triple, spacing: Triple, origin: Triple, direction = IMAGE.direction): FieldSampler {
  const grid: GridGeometry = { shape_kji: [...shape], spacing_ijk_mm: [...spacing], origin_lps_mm: [...origin], direction };
  const voxels = new Float32Array(shape[0] * shape[1] * shape[2]);
  for (let k = 0, n = 0; k < shape[0]; k += 1)
    for (let j = 0; j < shape[1]; j += 1) for (let i = 0; i < shape[2]; i += 1, n += 1) voxels[n] = gradient(toPatient(grid, [k, j, i]));
  return new FieldSampler({ grid, voxels, slope: 1 }, IMAGE);
}

const WIDE = sampler([22, 30, 40], [2.5, 2.5, 4], [-48, -36, 8]);

function maskOf(holds: (at: Triple, voxel: Triple) => boolean): BitMask {
  const mask = new BitMask(SHAPE);
  for (let k = 0; k < SHAPE[0]; k += 1)
    for (let j = 0; j < SHAPE[1]; j += 1)
      for (let i = 0; i < SHAPE[2]; i += 1) if (holds(toPatient(IMAGE, [k, j, i]), [k, j, i])) mask.write(k, j, i, true);
  return mask;
}

const ball = (x: number, radius: number): BitMask => maskOf((at) => Math.hypot(at[0] - x, at[1], at[2] - 50) <= radius);

function run(mask: BitMask, dose: FieldSampler): Histogram {
  const steps = histogramOf(mask, dose);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

const dvh = (mask: BitMask, dose = WIDE) => dvhOf(run(mask, dose), voxelCc(IMAGE));

describe('dose-volume histogram on an analytic gradient', () => {
  it('of a block of 50 mm along the gradient has the exact mean, and doses and volumes as computed by hand', () => {
    const block = maskOf((at) => Math.abs(at[0]) <= 25 && Math.abs(at[1]) <= 10 && at[2] >= 30 && at[2] <= 60);
    const found = dvh(block);
    expect(found.totalCc).toBeCloseTo((51 * 21 * 16 * 2) / 1000, 6);
    expect(found.covered).toBe(1);
    expect(found.meanGy).toBeCloseTo(40, 4);
    expect(Math.abs(found.minGy - 27.25)).toBeLessThan(0.003);
    expect(Math.abs(found.maxGy - 52.75)).toBeLessThan(0.003);
    expect(Math.abs(doseAt(found, 0.5) - 40)).toBeLessThan(0.003);
    expect([doseAt(found, 1), doseAt(found, 0)]).toEqual([found.minGy, found.maxGy]);
    expect(shareAt(found, 45)).toBeCloseTo((52.75 - 45) / 25.5, 4);
    expect(shareAt(found, 0)).toBe(1);
    expect(shareAt(found, 60)).toBe(0);
  });

  it('of a fine gradient gives D98, D95, D50 and D2 within 0.05 Gy of the truth', () => {
    const flat: GridGeometry = { shape_kji: [2, 2, 1001], spacing_ijk_mm: [0.1, 1, 1], origin_lps_mm: [0, 0, 0], direction: IMAGE.direction };
    const voxels = Float32Array.from({ length: 4004 }, (_, n) => 0.06 * (n % 1001));
    const mask = new BitMask([2, 2, 1001]);
    for (let row = 0; row < 4; row += 1) for (let i = 0; i < 1001; i += 1) mask.write(row >> 1, row & 1, i, true);
    const found = dvhOf(run(mask, new FieldSampler({ grid: flat, voxels, slope: 1 }, flat)), voxelCc(flat));
    expect(found.meanGy).toBeCloseTo(30, 4);
    for (const share of [0.98, 0.95, 0.5, 0.02]) expect(Math.abs(doseAt(found, share) - 60 * (1 - share))).toBeLessThan(0.05);
  });

  it('does not depend on how the dose grid is turned', () => {
    const organ = ball(5, 14);
    const [upright, turned] = [dvh(organ), dvh(organ, sampler([22, 60, 60], [2.5, 2.5, 4], [-40, -95, 8], TURNED))];
    expect(turned.covered).toBe(1);
    expect(turned.meanGy).toBeCloseTo(upright.meanGy, 4);
    for (const share of [0.98, 0.5, 0.02]) expect(Math.abs(doseAt(turned, share) - doseAt(upright, share))).toBeLessThan(0.01);
  });

  it('of a ball has the mean of its centre, and the near maximum of 0.03 cm³ below the maximum', () => {
    const organ = ball(8, 12);
    const found = dvh(organ);
    expect(found.meanGy).toBeCloseTo(44, 3);
    expect(found.totalCc).toBeCloseTo((organ.count * 2) / 1000, 6);
    const near = doseAtCc(found, 0.03);
    expect(near).toBeLessThan(found.maxGy);
    expect(near).toBeGreaterThan(found.maxGy - 1.1);
    expect(doseAtCc(found, 1000)).toBeNaN();
  });
});

describe('what lies outside the dose grid', () => {
  const half = sampler([22, 30, 17], [2.5, 2.5, 4], [-48, -36, 8]); // its last centres are at x = -8

  it('begins half a dose voxel beyond the outermost centres, is counted apart, and everything else is of the part inside', () => {
    const block = maskOf((at) => at[0] >= -18 && at[0] < 2 && Math.abs(at[1]) <= 10 && at[2] >= 30 && at[2] <= 60);
    const found = dvh(block, half);
    expect(found.covered).toBeCloseTo(12 / 20, 6);
    expect(found.insideCc).toBeCloseTo(found.totalCc * (12 / 20), 6);
    expect(found.meanGy).toBeCloseTo(40 - 0.5 * ((11 * 13 + 8) / 12), 4); // the last column has the dose of the outermost centre
    expect(shareAt(found, 0)).toBe(1);
  });

  it('leaves no numbers where nothing is inside, or nothing is drawn', () => {
    for (const mask of [ball(25, 8), new BitMask(SHAPE)]) {
      const found = dvh(mask, half);
      expect([found.covered, found.meanGy, found.minGy, found.maxGy]).toEqual([0, NaN, NaN, NaN]);
      expect([doseAt(found, 0.5), doseAtCc(found, 0.03), shareAt(found, 10)]).toEqual([NaN, NaN, NaN]);
    }
  });
});

describe('an edit', () => {
  it('changes the histogram to what counting anew gives, whatever it adds and takes away', () => {
    const mask = ball(-4, 13);
    const histogram = run(mask, WIDE);
    for (const next of [ball(6, 11), maskOf((at) => at[1] > 3), new BitMask(SHAPE), ball(0, 9)]) {
      const runs = difference(mask, next);
      mask.flipRuns(runs);
      applyRuns(histogram, mask, runs, WIDE);
      const anew = run(mask, WIDE);
      expect(histogram.voxels).toBe(mask.count);
      expect(histogram.outside).toBe(anew.outside);
      expect(histogram.sumGy).toBeCloseTo(anew.sumGy, 3);
      expect(histogram.bends).toEqual(anew.bends);
    }
  });

  it('is counted row by row where its runs go on over the ends of rows', () => {
    const mask = new BitMask(SHAPE);
    const histogram = run(mask, WIDE);
    const runs = Int32Array.from([80 * 61 + 70, 90]);
    mask.flipRuns(runs);
    applyRuns(histogram, mask, runs, WIDE);
    expect(histogram.bends).toEqual(run(mask, WIDE).bends);
    expect(histogram.voxels).toBe(90);
  });

  it('of the body of 512 x 512 x 200 voxels is followed within 200 ms', () => {
    const shape: Triple = [200, 512, 512];
    const image: GridGeometry = { ...IMAGE, shape_kji: [...shape] };
    const wide: GridGeometry = { ...IMAGE, shape_kji: [102, 206, 206], spacing_ijk_mm: [2.5, 2.5, 4] };
    const dose = new FieldSampler({ grid: wide, voxels: new Float32Array(102 * 206 * 206).fill(20), slope: 1 }, image);
    const body = BitMask.over(shape, { low: [0, 128, 128], high: [200, 384, 384] }, new Uint8Array((200 * 256 * 256) / 8).fill(255));
    const histogram = run(body, dose);
    const brush: number[] = [];
    for (let j = 40; j < 120; j += 1) brush.push((100 * 512 + j) * 512 + 100, 300);
    const runs = Int32Array.from(brush);
    body.flipRuns(runs);
    const began = performance.now();
    applyRuns(histogram, body, runs, dose);
    const found = dvhOf(histogram, voxelCc(image));
    expect(performance.now() - began).toBeLessThan(200);
    expect(found.totalCc).toBeCloseTo(body.count * voxelCc(image), 6);
  }, 60_000); // counting it the first time is what takes long
});
