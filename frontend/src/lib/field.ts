/**
 * A field of values (a dose distribution, a map of an analysis) on the grid of an image, as `rt/dose.py` has it:
 * trilinear between the centres of its voxels, whatever its spacing, offset and orientation. Its voxels reach half a
 * voxel beyond the outermost centres, with the values of these; further out it is not known, which is NaN and never zero.
 */
import type { Triple } from './bits';
import { toPatient, toVoxel, type Axis, type GridGeometry, type Plane } from './planes';

/** Voxels (k slowest, i fastest) and what one unit of them is in the unit of the field: a dose is in gray. */
export type FieldGrid = {
  readonly grid: GridGeometry;
  readonly voxels: Float32Array | Int16Array;
  readonly slope: number;
};

/** Of a voxel of the field: how far it reaches beyond its centre, and by how much rounding may put a point outside. */
const REACH = 0.5 + 1e-6;
/** Of a voxel of the field: a line that leaves a row of its grid by less runs along it. */
const ALONG = 1e-4;

/** Where a voxel position of one grid lies on another one: `at` of the first voxel, and the step per voxel of each axis. */
export type IndexMap = { readonly at: Triple; readonly steps: readonly [Triple, Triple, Triple] };

/** The position in `to` (k, j, i; a centre is a whole number) of every voxel of `from`. */
export function indexMap(from: GridGeometry, to: GridGeometry): IndexMap {
  const locate = (voxel: Triple): Triple => toVoxel(to, toPatient(from, voxel));
  const at = locate([0, 0, 0]);
  const step = (voxel: Triple): Triple => {
    const next = locate(voxel);
    return [next[0] - at[0], next[1] - at[1], next[2] - at[2]];
  };
  return { at, steps: [step([1, 0, 0]), step([0, 1, 0]), step([0, 0, 1])] };
}

export class FieldSampler {
  readonly field: FieldGrid;
  readonly least: number;
  readonly most: number;
  readonly map: IndexMap;
  private readonly image: GridGeometry;

  constructor(field: FieldGrid, image: GridGeometry) {
    this.field = field;
    this.image = image;
    this.map = indexMap(image, field.grid);
    let [least, most] = [Infinity, -Infinity];
    for (const voxel of field.voxels) {
      if (voxel < least) least = voxel;
      if (voxel > most) most = voxel;
    }
    this.least = least * field.slope;
    this.most = most * field.slope;
  }

  /** The value at a voxel position of the image; NaN outside the field. */
  at(voxel: Triple): number {
    const out = new Float32Array(1);
    this.line(voxel, 2, 1, out, 0);
    return out[0] ?? NaN;
  }

  /** Values of a slice of the image, columns fastest; NaN outside the field. */
  slice(plane: Plane, slice: number, out: Float32Array): void {
    const shape = this.image.shape_kji;
    const [nu, nv] = [shape[plane.columns], shape[plane.rows]];
    const voxel: [number, number, number] = [0, 0, 0];
    voxel[plane.across] = slice;
    for (let v = 0; v < nv; v += 1) {
      voxel[plane.rows] = v;
      this.line(voxel, plane.columns, nu, out, v * nu);
    }
  }

  /** Values of `length` voxels of the image from `voxel` along an axis, written to `out` from `first`. */
  private line(voxel: Triple, axis: Axis, length: number, out: Float32Array, first: number): void {
    const start = this.place(voxel);
    const step = this.map.steps[axis];
    const [begin, end] = this.inside(start, step, length);
    out.fill(NaN, first, first + begin);
    out.fill(NaN, first + end, first + length);
    if (end > begin) this.sample(start, step, begin, end, out, first);
  }

  /** The position on the grid of the field of a voxel position of the image. */
  place(voxel: Triple): Triple {
    const { at, steps } = this.map;
    const from = (of: Axis): number => at[of] + voxel[0] * steps[0][of] + voxel[1] * steps[1][of] + voxel[2] * steps[2][of];
    return [from(0), from(1), from(2)];
  }

  /** The part of `length` positions on the grid of the field, each a step further, that lies inside its voxels; its end is exclusive. */
  inside(start: Triple, step: Triple, length: number): readonly [number, number] {
    let [begin, end] = [0, length];
    for (const axis of [0, 1, 2] as const) {
      const last = this.field.grid.shape_kji[axis] - 1;
      const [low, high] = [-REACH - start[axis], last + REACH - start[axis]];
      const d = step[axis];
      if (Math.abs(d) * length < ALONG) {
        if (low > 0 || high < 0) return [0, 0];
        continue;
      }
      begin = Math.max(begin, Math.ceil((d > 0 ? low : high) / d));
      end = Math.min(end, Math.floor((d > 0 ? high : low) / d) + 1);
    }
    return end > begin ? [begin, end] : [0, 0];
  }

  /** Values at the positions `start + n step` of the grid of the field, n in [begin, end), at `first + n`; beyond the outermost centres theirs. */
  sample(start: Triple, step: Triple, begin: number, end: number, out: Float32Array, first: number): void {
    const drifts = Math.max(Math.abs(step[0]), Math.abs(step[1])) * (end - begin) > ALONG;
    if (drifts) this.oblique(start, step, begin, end, out, first);
    else this.along(start, step[2], begin, end, out, first);
  }

  /** A line along a row of the grid of the field: the four rows around it are mixed once per voxel of it. */
  private along([k, j, i]: Triple, step: number, begin: number, end: number, out: Float32Array, first: number): void {
    const { voxels, slope, grid } = this.field;
    const [nk, nj, ni] = grid.shape_kji;
    const [k0, fk] = cell(k, nk);
    const [j0, fj] = cell(j, nj);
    const up = nk > 1 ? nj * ni : 0;
    const back = nj > 1 ? ni : 0;
    const base = (k0 * nj + j0) * ni;
    const [a, b, c, d] = [(1 - fk) * (1 - fj), (1 - fk) * fj, fk * (1 - fj), fk * fj];
    const column = (at: number): number =>
      slope * (a * (voxels[at] ?? 0) + b * (voxels[at + back] ?? 0) + c * (voxels[at + up] ?? 0) + d * (voxels[at + up + back] ?? 0));
    const lastCell = Math.max(0, ni - 2);
    let known = -1;
    let [low, high] = [0, 0];
    for (let n = begin; n < end; n += 1) {
      const x = Math.min(ni - 1, Math.max(0, i + n * step));
      const x0 = Math.min(lastCell, x | 0);
      if (x0 !== known) {
        known = x0;
        low = column(base + x0);
        high = ni > 1 ? column(base + x0 + 1) : low;
      }
      out[first + n] = low + (high - low) * (x - x0);
    }
  }

  /** A line that crosses the rows of the grid of the field. */
  private oblique(start: Triple, step: Triple, begin: number, end: number, out: Float32Array, first: number): void {
    const { voxels, slope, grid } = this.field;
    const [nk, nj, ni] = grid.shape_kji;
    const up = nk > 1 ? nj * ni : 0;
    const back = nj > 1 ? ni : 0;
    const right = ni > 1 ? 1 : 0;
    for (let n = begin; n < end; n += 1) {
      const k = Math.min(nk - 1, Math.max(0, start[0] + n * step[0]));
      const j = Math.min(nj - 1, Math.max(0, start[1] + n * step[1]));
      const i = Math.min(ni - 1, Math.max(0, start[2] + n * step[2]));
      const k0 = Math.max(0, Math.min(nk - 2, k | 0));
      const j0 = Math.max(0, Math.min(nj - 2, j | 0));
      const i0 = Math.max(0, Math.min(ni - 2, i | 0));
      const [fk, fj, fi] = [nk > 1 ? k - k0 : 0, j - j0, i - i0];
      const at = (k0 * nj + j0) * ni + i0;
      const row = (from: number): number => (voxels[from] ?? 0) * (1 - fi) + (voxels[from + right] ?? 0) * fi;
      const near = row(at) * (1 - fj) + row(at + back) * fj;
      const far = row(at + up) * (1 - fj) + row(at + up + back) * fj;
      out[first + n] = slope * (near * (1 - fk) + far * fk);
    }
  }
}

/** The cell that a position inside a row of `count` voxels lies in, and how far into it. */
function cell(position: number, count: number): [number, number] {
  const within = Math.min(count - 1, Math.max(0, position));
  const index = Math.max(0, Math.min(count - 2, Math.floor(within)));
  return [index, count > 1 ? within - index : 0];
}
