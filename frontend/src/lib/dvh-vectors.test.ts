import { describe, expect, it } from 'vitest';
import type { Triple } from './bits';
import { FieldSampler } from './field';
import { metricOf, parseMetric } from './dose-metric';
import { dvhOf, histogramOf, partsOf, type Histogram } from './dvh';
import vectors from './dvh.vectors.json';
import { decodeMask, fromBase64 } from './mask';
import { voxelCc, type GridGeometry } from './planes';

/** `dvh.vectors.json` was written by `tests/rt/test_dvh_vectors.py` with the server's engine: the page's has to say the same. */
const TOLERANCE = { gy: 0.005, percent: 0.02, cc: 0.002 };

const triple = (values: readonly number[]): Triple => [values[0] ?? 0, values[1] ?? 0, values[2] ?? 0];
const gridOf = (found: { [key in keyof GridGeometry]: readonly number[] | readonly number[][] }): GridGeometry => found as unknown as GridGeometry;

function counted(steps: Generator<void, Histogram>): Histogram {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

describe('the histogram of the page', () => {
  it.each(vectors.map((one) => [one.name, one] as const))('is that of the server: %s', (_, one) => {
    const grid = gridOf(one.grid);
    const voxels = new Int16Array(fromBase64(one.stored).buffer);
    const sampler = new FieldSampler({ grid: gridOf(one.dose_grid), voxels, slope: one.slope }, grid);
    const mask = decodeMask(fromBase64(one.mask), triple(one.grid.shape_kji));
    const dvh = dvhOf(counted(histogramOf(mask, sampler)), voxelCc(grid));
    expect(dvh.totalCc).toBeCloseTo(one.volume_cc, 4);
    expect(1 - dvh.covered).toBeCloseTo(one.outside_fraction, 4);
    for (const [text, wanted] of Object.entries(one.values)) {
      const metric = parseMetric(text);
      if (metric === null) throw new Error(text);
      const value = metricOf(metric, dvh);
      if (wanted === null) expect(value, text).toBeNaN();
      else {
        const tolerance = { Gy: TOLERANCE.gy, '%': TOLERANCE.percent, cc: TOLERANCE.cc }[metric.unit];
        expect(Math.abs(value - wanted), `${text}: ${value}, not ${wanted}`).toBeLessThan(tolerance);
      }
    }
  });

  it('cuts voxels in parts where the dose is finer', () => {
    const parts = vectors.map((one) => {
      const dose = { grid: gridOf(one.dose_grid), voxels: new Int16Array(1), slope: 1 };
      return partsOf(new FieldSampler(dose, gridOf(one.grid))).join(' ');
    });
    expect(parts[0]).toBe('1 1 1');
    expect(parts[3]).toBe('3 2 2');
  });
});
