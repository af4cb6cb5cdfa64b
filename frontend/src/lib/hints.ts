/**
 * From hints of a person (points, scribbles, lassos, a box) on a grid to the question that `growth` answers and back:
 * the region around the newest hint, made coarser where it has too many voxels, and the voxels that the answer flips.
 */
import type { Box, Triple } from './bits';
import { ADD, REMOVE, grow } from './growth';
import { placeOf, stridesOf } from './picture';
import { smallThing, WINDOW_MM } from './small';

export type Voxels = Int16Array<ArrayBuffer> | Float32Array<ArrayBuffer>;
/** All that a worker needs; arrays are of the region, i fastest. */
export type Request = {
  readonly values: Voxels;
  readonly shape: Triple;
  readonly spacing: Triple;
  readonly inside: Uint8Array<ArrayBuffer>;
  /** ADD, REMOVE or 0. */
  readonly seeds: Uint8Array<ArrayBuffer>;
  /** Indices of the newest hint. */
  readonly fresh: Int32Array<ArrayBuffer>;
  readonly add: boolean;
  /** Whether the answer stays in the footprint of the hint across this axis (a lasso); else null. */
  readonly lasso: 0 | 1 | 2 | null;
  readonly expectedCc: number | null;
};

/** Half the region around a hint where no box was drawn. */
const REACH_MM = 47.5;
/** Voxels along one axis of what is computed on. */
const MOST_ALONG = 96;
/** Share of a box that its structure fills: organs that are no ellipsoids, with a centimetre to spare on every side. */
const FILLED = 0.1;

/** Where the answer to a hint may reach: the person's box, else a cube around the hint, within the grid. */
export function regionOf(hint: readonly Triple[], shape: Triple, spacing: Triple, box: Box | null): Box {
  const edge = (axis: 0 | 1 | 2): [number, number] => {
    let [least, most] = [Infinity, -Infinity];
    for (const voxel of hint) [least, most] = [Math.min(least, voxel[axis]), Math.max(most, voxel[axis])];
    const reach = Math.max(1, Math.round(REACH_MM / spacing[axis]));
    const low = box === null ? least - reach : Math.min(box.low[axis], least);
    const high = box === null ? most + reach + 1 : Math.max(box.high[axis], most + 1);
    return [Math.max(0, low), Math.min(shape[axis], high)];
  };
  const [[k0, k1], [j0, j1], [i0, i1]] = [edge(0), edge(1), edge(2)];
  return { low: [k0, j0, i0], high: [k1, j1, i1] };
}

/** Extents of a box. */
export const extentOf = ({ low, high }: Box): Triple => [high[0] - low[0], high[1] - low[1], high[2] - low[2]];

/** The volume that a structure in a person's box is expected to have. */
export function expectedCc(box: Box, spacing: Triple): number {
  const [k, j, i] = extentOf(box);
  return (FILLED * k * j * i * spacing[0] * spacing[1] * spacing[2]) / 1000;
}

/** The voxels of a box of a volume. */
export function cut<T extends Voxels | Uint8Array<ArrayBuffer>>(volume: T, [, nj, ni]: Triple, box: Box): T {
  const [nk, rows, width] = extentOf(box);
  const all = new (volume.constructor as new (length: number) => T)(nk * rows * width);
  for (let k = 0, out = 0; k < nk; k += 1) {
    for (let j = 0; j < rows; j += 1, out += width) {
      const at = ((k + box.low[0]) * nj + j + box.low[1]) * ni + box.low[2];
      all.set(volume.subarray(at, at + width), out);
    }
  }
  return all;
}

/** 1 for every voxel of the region that the answer flips. */
export function answer(request: Request): Uint8Array<ArrayBuffer> {
  return smallAnswer(request) ?? grown(request);
}

/** A small thing that stands out, where a click begins something new; null where there is none. */
function smallAnswer({ values, shape, spacing, inside, seeds, fresh, add, lasso }: Request): Uint8Array<ArrayBuffer> | null {
  const [click, ...others] = fresh;
  if (!add || lasso !== null || click === undefined || others.length > 0 || seeds.includes(REMOVE)) return null;
  const centre = placeOf(click, shape);
  const near = (axis: 0 | 1 | 2): [number, number] => {
    const reach = Math.ceil(WINDOW_MM / spacing[axis]);
    return [Math.max(0, centre[axis] - reach), Math.min(shape[axis], centre[axis] + reach + 1)];
  };
  const [[k0, k1], [j0, j1], [i0, i1]] = [near(0), near(1), near(2)];
  const box: Box = { low: [k0, j0, i0], high: [k1, j1, i1] };
  if (cut(inside, shape, box).includes(1)) return null;
  const [, nj, ni] = extentOf(box);
  const picture = { values: numbers(cut(values, shape, box)), shape: extentOf(box), spacing };
  const found = smallThing(picture, ((centre[0] - k0) * nj + centre[1] - j0) * ni + centre[2] - i0);
  if (found === null) return null;
  const flips = new Uint8Array(inside.length);
  for (const at of found) {
    const [k, j, i] = placeOf(at, picture.shape);
    flips[((k + k0) * shape[1] + j + j0) * shape[2] + i + i0] = 1;
  }
  return flips;
}

function grown(request: Request): Uint8Array<ArrayBuffer> {
  const { shape, inside, seeds, add } = request;
  const steps = shape.map((extent) => Math.ceil(extent / MOST_ALONG)) as [number, number, number];
  const coarse = new Coarse(shape, steps);
  const fresh = [...new Set(Array.from(request.fresh, (at) => coarse.of(at)))];
  const said = coarse.last(seeds);
  for (const at of fresh) said[at] = add ? ADD : REMOVE;
  const soft = grow({
    picture: {
      values: coarse.mean(request.values), shape: coarse.shape,
      spacing: [request.spacing[0] * steps[0], request.spacing[1] * steps[1], request.spacing[2] * steps[2]],
    },
    inside: coarse.most(inside),
    seeds: said, fresh: Int32Array.from(fresh), add, expectedCc: request.expectedCc,
    open: request.lasso === null ? new Uint8Array(coarse.size).fill(1) : footprint(fresh, coarse.shape, request.lasso),
  }); // prettier-ignore
  const flips = coarse.fine(soft);
  const there = add ? 1 : 0;
  const against = add ? REMOVE : ADD;
  for (let at = 0; at < flips.length; at += 1) flips[at] = flips[at] === 1 && inside[at] !== there && seeds[at] !== against ? 1 : 0;
  for (const at of request.fresh) flips[at] = inside[at] === there ? 0 : 1;
  return flips;
}

/** 1 for the voxels that lie above or below the hint across an axis. */
function footprint(fresh: readonly number[], shape: Triple, axis: 0 | 1 | 2): Uint8Array {
  const [, nj, ni] = shape;
  const open = new Uint8Array(shape[0] * nj * ni);
  const stride = stridesOf(shape)[axis];
  for (const at of fresh) {
    const place = Math.floor(at / stride) % shape[axis];
    for (let n = 0; n < shape[axis]; n += 1) open[at + (n - place) * stride] = 1;
  }
  return open;
}

/** A copy in which what is no number is 0. */
function numbers(values: Voxels | Uint8Array): Float32Array {
  const to = new Float32Array(values);
  if (values instanceof Float32Array) for (let at = 0; at < to.length; at += 1) if (!Number.isFinite(to[at])) to[at] = 0;
  return to;
}

/** A grid of blocks of voxels: steps of 1 along every axis where the region is small enough. */
class Coarse {
  readonly shape: Triple;
  readonly size: number;
  private readonly from: Triple;
  private readonly steps: Triple;

  constructor(from: Triple, steps: Triple) {
    this.from = from;
    this.steps = steps;
    this.shape = [Math.ceil(from[0] / steps[0]), Math.ceil(from[1] / steps[1]), Math.ceil(from[2] / steps[2])];
    this.size = this.shape[0] * this.shape[1] * this.shape[2];
  }

  private get plain(): boolean {
    return this.steps.every((step) => step === 1);
  }

  /** The block of a voxel. */
  of(at: number): number {
    const [, nj, ni] = this.from;
    const row = Math.floor(at / ni);
    return this.block(Math.floor(row / nj), row % nj, at % ni);
  }

  private block(k: number, j: number, i: number): number {
    const [sk, sj, si] = this.steps;
    return (Math.floor(k / sk) * this.shape[1] + Math.floor(j / sj)) * this.shape[2] + Math.floor(i / si);
  }

  private each(visit: (at: number, block: number) => void): void {
    const [nk, nj, ni] = this.from;
    for (let k = 0, at = 0; k < nk; k += 1) {
      for (let j = 0; j < nj; j += 1) for (let i = 0; i < ni; i += 1, at += 1) visit(at, this.block(k, j, i));
    }
  }

  /** What is no number counts as 0. */
  mean(values: Voxels | Uint8Array): Float32Array {
    if (this.plain) return numbers(values);
    const sums = new Float32Array(this.size);
    const counts = new Uint16Array(this.size);
    this.each((at, block) => {
      const value = values[at] ?? 0;
      sums[block] = (sums[block] ?? 0) + (Number.isFinite(value) ? value : 0);
      counts[block] = (counts[block] ?? 0) + 1;
    });
    return sums.map((sum, block) => sum / (counts[block] ?? 1));
  }

  /** 1 for the blocks of which half or more is marked. */
  most(marks: Uint8Array): Uint8Array {
    return this.plain ? marks.slice() : Uint8Array.from(this.mean(marks), (share) => (share >= 0.5 ? 1 : 0));
  }

  /** Any mark in a block marks it. */
  last(marks: Uint8Array): Uint8Array {
    if (this.plain) return marks.slice();
    const to = new Uint8Array(this.size);
    this.each((at, block) => {
      if (marks[at] !== 0) to[block] = marks[at] ?? 0;
    });
    return to;
  }

  /** 1 for the voxels at which the field, interpolated between the blocks' middles, is 128 and more. */
  fine(field: Uint8Array): Uint8Array<ArrayBuffer> {
    const to = new Uint8Array(this.from[0] * this.from[1] * this.from[2]);
    if (this.plain) return to.map((_, at) => ((field[at] ?? 0) >= 128 ? 1 : 0));
    const [ks, js, is] = [this.between(0), this.between(1), this.between(2)];
    const [, nj, ni] = this.shape;
    let out = 0;
    for (const [k0, k1, wk] of ks) {
      for (const [j0, j1, wj] of js) {
        const rows = [(k0 * nj + j0) * ni, (k0 * nj + j1) * ni, (k1 * nj + j0) * ni, (k1 * nj + j1) * ni] as const;
        for (const [i0, i1, wi] of is) {
          const along = (row: number): number => (field[row + i0] ?? 0) * (1 - wi) + (field[row + i1] ?? 0) * wi;
          const near = along(rows[0]) * (1 - wj) + along(rows[1]) * wj;
          const far = along(rows[2]) * (1 - wj) + along(rows[3]) * wj;
          to[out] = near * (1 - wk) + far * wk >= 128 ? 1 : 0;
          out += 1;
        }
      }
    }
    return to;
  }

  /** For every voxel along an axis the two blocks around it and the weight of the second. */
  private between(axis: 0 | 1 | 2): [number, number, number][] {
    const last = this.shape[axis] - 1;
    return Array.from({ length: this.from[axis] }, (_, n) => {
      const at = Math.min(last, Math.max(0, (n + 0.5) / this.steps[axis] - 0.5));
      const low = Math.floor(at);
      return [low, Math.min(last, low + 1), at - low];
    });
  }
}
