import { describe, expect, it } from 'vitest';
import type { BitSlice } from './bits';
import { outline } from './outline';
import { disk, polygon, stepsBetween, type Point } from './raster';

const picture = (...rows: string[]): BitSlice => ({
  u0: 10,
  v0: 20,
  width: rows[0]?.length ?? 0,
  height: rows.length,
  pixels: Uint8Array.from(rows.join(''), (c) => (c === '#' ? 1 : 0)),
});

function area(loop: Float32Array): number {
  let sum = 0;
  for (let n = 0; n < loop.length; n += 2) {
    const m = (n + 2) % loop.length;
    sum += (loop[n] ?? 0) * (loop[m + 1] ?? 0) - (loop[m] ?? 0) * (loop[n + 1] ?? 0);
  }
  return sum / 2;
}

const points = (loop: Float32Array): Point[] =>
  Array.from({ length: loop.length / 2 }, (_, n) => [loop[2 * n] ?? 0, loop[2 * n + 1] ?? 0]);

describe('outline', () => {
  it('draws a diamond around a single voxel at its place', () => {
    const loops = outline(picture('#'));
    expect(loops).toHaveLength(1);
    expect(points(loops[0] ?? new Float32Array())).toEqual(expect.arrayContaining([[9.5, 20], [10, 19.5], [10.5, 20], [10, 20.5]]));
  });

  it('draws a hole in the opposite sense', () => {
    const loops = outline(picture('#####', '#####', '##.##', '#####', '#####'));
    expect(loops.map((loop) => Math.sign(area(loop))).sort()).toEqual([-1, 1]);
  });

  it('keeps voxels that touch at a corner apart', () => {
    expect(outline(picture('#.', '.#'))).toHaveLength(2);
    expect(outline(picture('.#', '#.'))).toHaveLength(2);
  });

  it('leaves no point on a straight stretch', () => {
    const [loop = new Float32Array()] = outline(picture('######', '######'));
    expect(loop.length / 2).toBeLessThanOrEqual(9);
  });

  it('is filled back to the very voxels it was drawn around', () => {
    const slice = picture('..####..', '.######.', '##....##', '##.##.##', '##....##', '.######.', '#.####.#');
    const outer = outline(slice).filter((loop) => area(loop) > 0);
    const holes = outline(slice).filter((loop) => area(loop) < 0);
    const count = new Int8Array(slice.pixels.length);
    for (const [loops, step] of [[outer, 1], [holes, -1]] as const) {
      for (const loop of loops) {
        polygon(points(loop), (u0, u1, v) => {
          for (let u = u0; u < u1; u += 1) count[(v - 20) * 8 + u - 10] = (count[(v - 20) * 8 + u - 10] ?? 0) + step;
        });
      }
    }
    expect([...count]).toEqual([...slice.pixels]);
  });
});

function cells(draw: (span: (u0: number, u1: number, v: number) => void) => void): Set<string> {
  const found = new Set<string>();
  draw((u0, u1, v) => {
    for (let u = u0; u < u1; u += 1) found.add(`${u},${v}`);
  });
  return found;
}

describe('shapes on a slice', () => {
  it('fills a disk by the distance of voxel centres in millimetres', () => {
    const found = cells((span) => disk([20.3, 15.1], 6, [0.9, 2.5], span));
    for (let v = 5; v < 25; v += 1) {
      for (let u = 5; u < 35; u += 1) {
        const inside = Math.hypot((u - 20.3) * 0.9, (v - 15.1) * 2.5) <= 6;
        expect(found.has(`${u},${v}`)).toBe(inside);
      }
    }
  });

  it('draws at least the nearest voxel with the smallest brush', () => {
    expect(cells((span) => disk([4.4, 7.4], 0.1, [3, 3], span))).toEqual(new Set(['4,7']));
  });

  it('leaves no gap in a fast stroke', () => {
    const steps = stepsBetween([0, 0], [100, 40], 3, [1, 1]);
    expect(steps[steps.length - 1]).toEqual([100, 40]);
    const gaps = steps.map((point, n) => Math.hypot(point[0] - (steps[n - 1]?.[0] ?? 0), point[1] - (steps[n - 1]?.[1] ?? 0)));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(0.75 + 1e-9);
  });

  it('fills a square by voxel centres', () => {
    const found = cells((span) => polygon([[0.5, 0.5], [3.5, 0.5], [3.5, 2.5], [0.5, 2.5]], span));
    expect(found).toEqual(new Set(['1,1', '2,1', '3,1', '1,2', '2,2', '3,2']));
  });

  it('leaves no hole where a freehand line crosses itself', () => {
    const loop: Point[] = [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0], [10, 0], [10, 10], [0, 10]];
    expect(cells((span) => polygon(loop, span)).has('5,5')).toBe(true);
  });
});
