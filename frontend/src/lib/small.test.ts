import { describe, expect, it } from 'vitest';
import type { Triple } from './bits';
import { answer, type Request } from './hints';

/** Numbers that look like chance of a normal distribution (a sum of twelve) and are the same in every run. */
function chance(seed: number): () => number {
  let state = seed;
  const one = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
  return () => Array.from({ length: 12 }, one).reduce((sum, value) => sum + value, -6);
}

const SPAN = 40;
const NOISE = 20;
type Made = { values: Int16Array<ArrayBuffer>; truth: Uint8Array<ArrayBuffer>; shape: Triple; spacing: Triple };

/** A ball in the middle of SPAN millimetres; `background` is what lies around it, without noise. */
function ball(mm: number, contrast: number, spacing: Triple, background: (k: number, j: number, i: number) => number = () => 0): Made {
  const shape = spacing.map((step) => Math.round(SPAN / step)) as [number, number, number];
  const values = new Int16Array(shape[0] * shape[1] * shape[2]);
  const truth = new Uint8Array(values.length);
  const noise = chance(7);
  for (let k = 0, at = 0; k < shape[0]; k += 1) {
    for (let j = 0; j < shape[1]; j += 1) {
      for (let i = 0; i < shape[2]; i += 1, at += 1) {
        const [z, y, x] = [(k - (shape[0] >> 1)) * spacing[0], (j - (shape[1] >> 1)) * spacing[1], (i - (shape[2] >> 1)) * spacing[2]];
        const within = Math.hypot(z, y, x) <= mm;
        truth[at] = within ? 1 : 0;
        values[at] = (within ? contrast * NOISE : background(z, y, x)) + NOISE * noise();
      }
    }
  }
  return { values, truth, shape, spacing };
}

function click({ values, shape, spacing }: Made, aside: Triple = [0, 0, 0], change: Partial<Request> = {}): Uint8Array {
  const empty = (): Uint8Array<ArrayBuffer> => new Uint8Array(values.length);
  const [k, j, i] = [0, 1, 2].map((axis) => ((shape[axis] ?? 0) >> 1) + (aside[axis] ?? 0)) as [number, number, number];
  const fresh = Int32Array.of((k * shape[1] + j) * shape[2] + i);
  return answer({ values, shape, spacing, inside: empty(), seeds: empty(), fresh, add: true, lasso: null, expectedCc: null, ...change });
}

const count = (mask: Uint8Array): number => mask.reduce((sum, one) => sum + one, 0);
function dice(a: Uint8Array, b: Uint8Array): number {
  const both = a.reduce((sum, one, at) => sum + (one & (b[at] ?? 0)), 0);
  return (2 * both) / (count(a) + count(b));
}

describe('a click on a small thing that stands out', () => {
  it('finds balls of 3 to 6 mm at twice to ten times the noise', () => {
    const found = [3, 4, 6].flatMap((mm) => [2, 5, 10].map((contrast) => ball(mm, contrast, [1, 1, 1]))).map((made) => dice(click(made), made.truth));
    expect(Math.min(...found)).toBeGreaterThan(0.75); // an organ's volume instead of the ball's has less than 0.1
  });

  it('finds a dark one, from beside its middle, on thick slices and on fine voxels', () => {
    const [dark, thick, fine] = [ball(5, -5, [1, 1, 1]), ball(6, 5, [2.5, 1, 1]), ball(3, 5, [1, 0.5, 0.5])];
    expect(dice(click(dark, [1, 1, -1]), dark.truth)).toBeGreaterThan(0.8);
    expect(dice(click(thick, [0, 2, 0]), thick.truth)).toBeGreaterThan(0.8);
    expect(dice(click(fine, [1, -1, 2]), fine.truth)).toBeGreaterThan(0.8);
  });

  it('finds one with two kinds of tissue around it, as a lens has vitreous and fat', () => {
    const made = ball(4, 6, [1, 1, 1], (_, y) => (y > 0 ? -5 * NOISE : 0));
    expect(dice(click(made), made.truth)).toBeGreaterThan(0.8);
  });

  it('is seen beside what is drawn far away, not where the structure is already near it or was refused', () => {
    const made = ball(4, 6, [1, 1, 1]);
    const inside = new Uint8Array(made.values.length);
    inside[0] = 1;
    expect(dice(click(made, [0, 0, 0], { inside }), made.truth)).toBeGreaterThan(0.8);
    const seeds = new Uint8Array(made.values.length);
    seeds[0] = 2;
    expect(count(click(made, [0, 0, 0], { seeds }))).toBeGreaterThan(2 * count(made.truth)); // an organ is looked for
  });
});

describe('a click on what is no small thing', () => {
  it('in noise without an object is never taken for one', () => {
    const nothing = ball(0, 0, [1, 1, 1]);
    const random = chance(3);
    const drawn = Array.from({ length: 6 }, () => count(click(nothing, [0, 1, 2].map(() => Math.round(2 * random())) as unknown as Triple)));
    expect(Math.min(...drawn)).toBeGreaterThan(4000); // an organ's size: 20 cc are expected
  });

  it('that goes on beyond its reach is none: a rod is grown as before', () => {
    const made = ball(0, 0, [1, 1, 1], (_, y, x) => (Math.hypot(y, x) <= 4 ? 5 * NOISE : 0));
    expect(count(click(made))).toBeGreaterThan(1000); // the rod has 50 mm² of 40 mm
  });
});
