import { describe, expect, it } from 'vitest';
import type { Triple } from './bits';
import { OTHER, OWN, spread } from './fronts';
import { ADD, REMOVE } from './growth';
import { answer, cut, regionOf, type Request } from './hints';

const SHAPE: Triple = [40, 48, 56];
const SIZE = SHAPE[0] * SHAPE[1] * SHAPE[2];
const at = (k: number, j: number, i: number): number => (k * SHAPE[1] + j) * SHAPE[2] + i;

/** Numbers between -1 and 1 that look like chance and are the same in every run. */
function chance(): () => number {
  let state = 12345;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2147483648 - 1;
  };
}

type Shape = (k: number, j: number, i: number) => boolean;
const ellipsoid =
  ([k0, j0, i0]: Triple, [rk, rj, ri]: Triple): Shape =>
  (k, j, i) =>
    ((k - k0) / rk) ** 2 + ((j - j0) / rj) ** 2 + ((i - i0) / ri) ** 2 <= 1;

/** What is inside the shape is brighter by four times the noise. */
function scene(shape: Shape, level = 100): { values: Int16Array<ArrayBuffer>; truth: Uint8Array<ArrayBuffer> } {
  const [values, truth] = [new Int16Array(SIZE), new Uint8Array(SIZE)];
  const noise = chance();
  for (let k = 0; k < SHAPE[0]; k += 1) {
    for (let j = 0; j < SHAPE[1]; j += 1) {
      for (let i = 0; i < SHAPE[2]; i += 1) {
        truth[at(k, j, i)] = shape(k, j, i) ? 1 : 0;
        values[at(k, j, i)] = (shape(k, j, i) ? level : 0) + 25 * (noise() + noise());
      }
    }
  }
  return { values, truth };
}

function ask(values: Request['values'], change: Partial<Request>): Uint8Array {
  const seeds = change.seeds ?? new Uint8Array(SIZE);
  return answer({
    values, shape: SHAPE, spacing: [3, 2, 2], inside: new Uint8Array(SIZE), seeds, fresh: Int32Array.of(at(20, 24, 28)),
    add: true, lasso: null, expectedCc: null, ...change,
  }); // prettier-ignore
}

function dice(a: Uint8Array, b: Uint8Array): number {
  let both = 0;
  let all = 0;
  for (let n = 0; n < a.length; n += 1) {
    both += (a[n] ?? 0) & (b[n] ?? 0);
    all += (a[n] ?? 0) + (b[n] ?? 0);
  }
  return (2 * both) / all;
}

const ORGAN = ellipsoid([20, 24, 28], [6, 8, 12]);

describe('one click', () => {
  it('finds an ellipsoid in noise on voxels that are no cubes', () => {
    const { values, truth } = scene(ORGAN);
    expect(dice(ask(values, {}), truth)).toBeGreaterThan(0.9);
  });

  it('finds a dark shape as well as a bright one, and in values of any scale', () => {
    const { values, truth } = scene(ORGAN, -100);
    const small = Float32Array.from(values, (value) => value / 1000);
    expect(dice(ask(values, {}), truth)).toBeGreaterThan(0.9);
    expect(dice(ask(small, {}), truth)).toBeGreaterThan(0.9);
  });

  it('finds a ball far from the size of an organ', () => {
    const found = [5, 14].map((radius) => {
      const { values, truth } = scene(ellipsoid([20, 24, 28], [(radius * 2) / 3, radius, radius]));
      return dice(ask(values, {}), truth);
    });
    expect(Math.min(...found)).toBeGreaterThan(0.8);
  });

  it('on the border of the volume, in a picture without any difference and among values that are no numbers still marks its place', () => {
    const corner = Int32Array.of(0);
    expect(ask(scene(ORGAN).values, { fresh: corner })[0]).toBe(1);
    expect(ask(new Int16Array(SIZE), {})[at(20, 24, 28)]).toBe(1);
    const broken = Float32Array.from(scene(ORGAN).values, (value, n) => (n % 97 === 0 ? NaN : value));
    expect(dice(ask(broken, {}), scene(ORGAN).truth)).toBeGreaterThan(0.8);
  });
});

describe('a correction', () => {
  const two: Shape = (k, j, i) => ORGAN(k, j, i) || ellipsoid([20, 24, 44], [5, 6, 6])(k, j, i);

  it('adds what was missed and leaves what was drawn', () => {
    const { values, truth } = scene(two);
    const inside = truth.map((one, n) => (one === 1 && n % SHAPE[2] < 40 ? 1 : 0));
    const flips = ask(values, { inside, fresh: Int32Array.of(at(20, 24, 45)) });
    expect(flips.some((flip, n) => flip === 1 && inside[n] === 1)).toBe(false);
    expect(dice(inside.map((one, n) => one | (flips[n] ?? 0)), truth)).toBeGreaterThan(0.93);
  });

  it('takes away what leaked and nothing of the shape', () => {
    const { values, truth } = scene(ORGAN);
    const leak = ellipsoid([20, 24, 46], [4, 5, 5]);
    const inside = truth.slice();
    for (let k = 10; k < 30; k += 1) for (let j = 10; j < 40; j += 1) for (let i = 41; i < 56; i += 1) if (leak(k, j, i)) inside[at(k, j, i)] = 1;
    const flips = ask(values, { inside, add: false, fresh: Int32Array.of(at(20, 24, 46)) });
    const left = inside.map((one, n) => one & (1 - (flips[n] ?? 0)));
    expect(dice(left, truth)).toBeGreaterThan(0.95);
    expect(left[at(20, 24, 46)]).toBe(0);
  });

  it('obeys every earlier click of the other kind', () => {
    const { values } = scene(ORGAN);
    const seeds = new Uint8Array(SIZE);
    const refused = [at(20, 24, 33), at(20, 28, 28), at(18, 24, 28)];
    for (const one of refused) seeds[one] = REMOVE;
    const flips = ask(values, { seeds });
    expect(refused.map((one) => flips[one])).toEqual([0, 0, 0]);
    expect(flips[at(20, 24, 28)]).toBe(1);
    seeds.fill(0);
    seeds[at(20, 24, 30)] = ADD;
    const away = ask(values, { inside: scene(ORGAN).truth, add: false, seeds, fresh: Int32Array.of(at(20, 24, 36)) });
    expect(away[at(20, 24, 36)]).toBe(1);
    expect(away[at(20, 24, 30)]).toBe(0);
  });

  it('by a lasso stays in its footprint and obeys it as a whole', () => {
    const { values } = scene(ORGAN);
    const fresh: number[] = [];
    for (let j = 22; j < 27; j += 1) for (let i = 20; i < 50; i += 1) fresh.push(at(20, j, i));
    const flips = ask(values, { fresh: Int32Array.from(fresh), lasso: 0 });
    expect(fresh.every((one) => flips[one] === 1)).toBe(true);
    flips.forEach((flip, n) => flip === 1 && expect(Math.floor(n / SHAPE[2]) % SHAPE[1]).toSatisfy((j: number) => j >= 22 && j < 27));
  });
});

describe('the region', () => {
  it('is a cube of millimetres about the hint within the grid, or the box with the hint', () => {
    expect(regionOf([[5, 100, 200]], [60, 512, 512], [5, 1, 0.5], null)).toEqual({ low: [0, 52, 105], high: [16, 149, 296] });
    const box = { low: [2, 3, 4], high: [10, 20, 30] } as const;
    expect(regionOf([[5, 5, 40]], [60, 512, 512], [5, 1, 0.5], box)).toEqual({ low: [2, 3, 4], high: [10, 20, 41] });
  });

  it('cuts the voxels of a box', () => {
    const volume = Int16Array.from({ length: 24 }, (_, n) => n);
    expect([...cut(volume, [2, 3, 4], { low: [0, 1, 1], high: [2, 3, 3] })]).toEqual([5, 6, 9, 10, 17, 18, 21, 22]);
  });

  it('with more voxels than are computed on gives the same shape from coarser ones', () => {
    const shape: Triple = [40, 200, 200];
    const inner = ellipsoid([20, 100, 100], [12, 45, 60]);
    const values = new Int16Array(shape[0] * shape[1] * shape[2]);
    const truth = new Uint8Array(values.length);
    const noise = chance();
    for (let k = 0, n = 0; k < shape[0]; k += 1) {
      for (let j = 0; j < shape[1]; j += 1) {
        for (let i = 0; i < shape[2]; i += 1, n += 1) {
          truth[n] = inner(k, j, i) ? 1 : 0;
          values[n] = 100 * (truth[n] ?? 0) + 40 * noise();
        }
      }
    }
    const fresh = Int32Array.of((20 * 200 + 100) * 200 + 100);
    const empty = (): Uint8Array<ArrayBuffer> => new Uint8Array(values.length);
    const flips = answer({ values, shape, spacing: [2.5, 1, 1], inside: empty(), seeds: empty(), fresh, add: true, lasso: null, expectedCc: 230 });
    expect(dice(flips, truth)).toBeGreaterThan(0.9);
  });
});

describe('two fronts', () => {
  it('meet half way where nothing tells their ways apart, and go round what is closed', () => {
    const shape: Triple = [1, 3, 11];
    const flat = new Float32Array(33).fill(1);
    const owner = new Uint8Array(33);
    owner[11] = OWN;
    owner[21] = OTHER;
    const open = new Uint8Array(33).fill(1);
    open[13] = 0;
    const reached: number[] = [];
    spread({ shape, spacing: [1, 1, 1], cost: [flat, flat], across: () => 0, most: 2, open }, owner, (voxel, mm) => reached.push(mm) > 0 && voxel >= 0);
    expect(reached).toEqual(reached.toSorted((a, b) => a - b));
    expect(owner[13]).toBe(0);
    expect(owner[14]).toBe(OWN);
    expect(owner[18]).toBe(OTHER);
  });
});
