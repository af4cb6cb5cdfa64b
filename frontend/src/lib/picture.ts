/** Pieces of a picture with millimetres: blurring, neighbourhoods, and what values lie under some voxels. */
import type { Triple } from './bits';

/** A box of a picture: values with i fastest, extents and millimetres in the order k, j, i. */
export type Picture = { readonly values: Float32Array; readonly shape: Triple; readonly spacing: Triple };
/** Median of some values and how far they scatter about it, never 0. */
export type Likeness = { readonly middle: number; readonly scatter: number };

/** Steps in the flat array along k, j and i. */
export const stridesOf = ([, nj, ni]: Triple): Triple => [nj * ni, ni, 1];

/** The place (k, j, i) of an index of the flat array. */
export function placeOf(at: number, [, nj, ni]: Triple): Triple {
  const i = at % ni;
  const row = (at - i) / ni;
  return [(row - (row % nj)) / nj, row % nj, i];
}

/** The picture blurred to a standard deviation of `mm` by passes of three voxels; less across thick slices. */
export function blurred({ values, shape, spacing }: Picture, mm: number): Picture {
  let from = values;
  let spare: Float32Array | null = null;
  for (let axis = 0; axis < 3; axis += 1) {
    let variance = (mm / (spacing[axis] ?? 1)) ** 2;
    while (variance > 0.01 && (shape[axis] ?? 1) > 1) {
      const weight = Math.min(1 / 3, variance / 2);
      variance -= 2 * weight;
      const to: Float32Array = spare ?? new Float32Array(values.length);
      pass(from, to, stridesOf(shape)[axis] ?? 1, shape[axis] ?? 1, weight);
      spare = from === values ? null : from;
      from = to;
    }
  }
  return { values: from, shape, spacing };
}

function pass(from: Float32Array, to: Float32Array, stride: number, extent: number, weight: number): void {
  if (stride === 1) return passAlong(from, to, extent, weight);
  for (let base = 0; base < from.length; base += stride * extent) {
    for (let place = 0; place < extent; place += 1) {
      const first = base + place * stride;
      const down = place > 0 ? stride : 0;
      const up = place + 1 < extent ? stride : 0;
      for (let at = first; at < first + stride; at += 1) {
        to[at] = (1 - 2 * weight) * (from[at] ?? 0) + weight * ((from[at - down] ?? 0) + (from[at + up] ?? 0));
      }
    }
  }
}

/** Along the axis whose voxels are neighbours in the array. */
function passAlong(from: Float32Array, to: Float32Array, extent: number, weight: number): void {
  for (let base = 0; base < from.length; base += extent) {
    let before = from[base] ?? 0;
    let here = before;
    for (let at = base; at < base + extent; at += 1) {
      const after = at + 1 < base + extent ? (from[at + 1] ?? 0) : here;
      to[at] = (1 - 2 * weight) * here + weight * (before + after);
      before = here;
      here = after;
    }
  }
}

/** Calls back for every voxel whose centre is within `mm` of a voxel. */
export function around({ shape, spacing }: Picture, centre: number, mm: number, visit: (at: number) => void): void {
  const at = placeOf(centre, shape);
  const reach = (axis: 0 | 1 | 2): [number, number] => {
    const voxels = Math.floor(mm / spacing[axis]);
    return [Math.max(0, at[axis] - voxels), Math.min(shape[axis] - 1, at[axis] + voxels)];
  };
  const [[k0, k1], [j0, j1], [i0, i1]] = [reach(0), reach(1), reach(2)];
  for (let k = k0; k <= k1; k += 1) {
    for (let j = j0; j <= j1; j += 1) {
      for (let i = i0; i <= i1; i += 1) {
        const far = Math.hypot((k - at[0]) * spacing[0], (j - at[1]) * spacing[1], (i - at[2]) * spacing[2]);
        if (far <= mm) visit((k * shape[1] + j) * shape[2] + i);
      }
    }
  }
}

/** The typical difference between neighbours within `mm` of a voxel: what says nothing. Never 0. */
export function noiseNear(picture: Picture, centre: number, mm: number): number {
  const { values, shape } = picture;
  const found: number[] = [];
  around(picture, centre, mm, (at) => {
    const difference = Math.abs((values[at + 1] ?? 0) - (values[at] ?? 0));
    if ((at % shape[2]) + 1 < shape[2] && difference > 0) found.push(difference);
  });
  return part(Float64Array.from(found).sort(), 0.5) || 1;
}

/** Voxels asked for their neighbourhood: a long scribble says no more than this many of its points. */
const MOST_ASKED = 200;

/** What lies within `mm` of some voxels. */
export function under(picture: Picture, voxels: Int32Array, mm: number, noise: number): Likeness {
  const found: number[] = [];
  const step = Math.max(1, Math.floor(voxels.length / MOST_ASKED));
  for (let n = 0; n < voxels.length; n += step) {
    around(picture, voxels[n] ?? 0, mm, (at) => found.push(picture.values[at] ?? 0));
  }
  const sorted = Float64Array.from(found).sort();
  return { middle: part(sorted, 0.5), scatter: Math.max(noise, (part(sorted, 0.84) - part(sorted, 0.16)) / 2) };
}

const part = (sorted: Float64Array, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;

/** Millimetres from a voxel to the nearest one where `marks` is `value`; Infinity when there is none. */
export function nearestMm({ shape: [nk, nj, ni], spacing }: Omit<Picture, 'values'>, from: number, marks: Uint8Array, value: number): number {
  const [k0, j0, i0] = placeOf(from, [nk, nj, ni]);
  let best = Infinity;
  for (let k = 0, at = 0; k < nk; k += 1) {
    for (let j = 0; j < nj; j += 1) {
      const row = ((k - k0) * spacing[0]) ** 2 + ((j - j0) * spacing[1]) ** 2;
      for (let i = 0; i < ni; i += 1, at += 1) {
        if (marks[at] === value) best = Math.min(best, row + ((i - i0) * spacing[2]) ** 2);
      }
    }
  }
  return Math.sqrt(best);
}
