import { describe, expect, it } from 'vitest';
import { BitMask, difference, runsOf, runVoxels, type Triple } from './bits';

const SHAPE: Triple = [7, 11, 13];

/** A repeatable generator of numbers in [0, 1). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

function noise(seed: number, fraction: number): BitMask {
  const random = numbers(seed);
  const mask = new BitMask(SHAPE);
  for (let k = 0; k < SHAPE[0]; k += 1) {
    for (let j = 0; j < SHAPE[1]; j += 1) {
      for (let i = 0; i < SHAPE[2]; i += 1) if (random() < fraction) mask.write(k, j, i, true);
    }
  }
  return mask;
}

function voxelsOf(mask: BitMask): string[] {
  const found: string[] = [];
  mask.forEachRun((k, j, i, length) => {
    for (let n = 0; n < length; n += 1) found.push(`${k},${j},${i + n}`);
  });
  return found;
}

describe('BitMask', () => {
  it('keeps what was written while its box grows', () => {
    const mask = new BitMask([200, 300, 400]);
    const corners: Triple[] = [[100, 150, 200], [0, 0, 0], [199, 299, 399], [5, 290, 17]];
    for (const [k, j, i] of corners) expect(mask.write(k, j, i, true)).toBe(true);
    expect(mask.count).toBe(4);
    for (const [k, j, i] of corners) expect(mask.get(k, j, i)).toBe(true);
    expect(mask.get(1, 1, 1)).toBe(false);
    expect(mask.tightBox()).toEqual({ low: [0, 0, 0], high: [200, 300, 400] });
  });

  it('reports only writes that change something', () => {
    const mask = new BitMask(SHAPE);
    expect(mask.write(1, 2, 3, false)).toBe(false);
    expect(mask.write(1, 2, 3, true)).toBe(true);
    expect(mask.write(1, 2, 3, true)).toBe(false);
    expect(mask.write(1, 2, 3, false)).toBe(true);
    expect(mask.count).toBe(0);
    expect(mask.packed()).toBeNull();
  });

  it('gives the same voxels by runs, by slices along every axis and one by one', () => {
    const mask = noise(5, 0.3);
    const runs = new Set(voxelsOf(mask));
    expect(runs.size).toBe(mask.count);
    for (const axis of [0, 1, 2] as const) {
      let seen = 0;
      for (let index = 0; index < (SHAPE[axis] ?? 0); index += 1) {
        const slice = mask.slice(axis, index);
        if (slice === null) continue;
        slice.pixels.forEach((value, n) => {
          const u = slice.u0 + (n % slice.width);
          const v = slice.v0 + Math.floor(n / slice.width);
          const [k, j, i] = axis === 0 ? [index, v, u] : axis === 1 ? [v, index, u] : [v, u, index];
          expect(value === 1).toBe(runs.has(`${k},${j},${i}`));
          seen += value;
        });
      }
      expect(seen).toBe(mask.count);
    }
  });

  it('undoes and redoes an edit by flipping its runs', () => {
    const before = noise(1, 0.2);
    const after = noise(2, 0.6);
    const runs = difference(before, after);
    const mask = before.copy();
    mask.flipRuns(runs);
    expect(voxelsOf(mask)).toEqual(voxelsOf(after));
    expect(mask.count).toBe(after.count);
    mask.flipRuns(runs);
    expect(voxelsOf(mask)).toEqual(voxelsOf(before));
  });

  it('flips runs that reach over rows and slices', () => {
    const mask = new BitMask(SHAPE);
    mask.flipRuns(Int32Array.from([10, 2 * 13 * 11]));
    expect(mask.count).toBe(2 * 13 * 11);
    expect(mask.get(0, 0, 9)).toBe(false);
    expect(mask.get(0, 0, 10)).toBe(true);
    expect(mask.get(2, 0, 9)).toBe(true);
    expect(mask.get(2, 0, 10)).toBe(false);
  });

  it('turns a list of voxels into ascending runs', () => {
    const runs = runsOf(Int32Array.from([9, 3, 4, 11, 5]));
    expect([...runs]).toEqual([3, 3, 9, 1, 11, 1]);
    expect(runVoxels(runs)).toBe(5);
  });

  it('finds no difference between equal masks', () => {
    expect(difference(noise(3, 0.5), noise(3, 0.5)).length).toBe(0);
  });
});
