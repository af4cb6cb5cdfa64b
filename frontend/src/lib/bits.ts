/**
 * A binary mask as bits inside a box that grows with the drawing. One structure costs an eighth of a byte
 * per voxel of its box, so forty structures on a 512x512x200 grid fit in a few megabytes and may overlap.
 *
 * Axes are (k, j, i) as everywhere; inside the box i runs fastest and bit 0 of byte 0 comes first, as in the
 * wire form (docs/contracts.md).
 */
export type Triple = readonly [number, number, number];
export type Box = { readonly low: Triple; readonly high: Triple };
/** Pairs (start, length) of voxel indices on the whole grid, ascending: the voxels that an edit flipped. */
export type Runs = Int32Array;
/** One slice of a mask cut to its box: `pixels[v * width + u]` is 0 or 1; (u0, v0) is its first pixel. */
export type BitSlice = { u0: number; v0: number; width: number; height: number; pixels: Uint8Array };

/** Voxels kept free around an edit, so that the box is not copied at every step of a stroke. */
const PAD: Triple = [4, 16, 16];

let versions = 0;

export class BitMask {
  readonly shape: Triple;
  /** No two masks and no two states of one mask have the same; whoever draws a mask compares it. */
  version = 0;
  /** Number of voxels that are set. */
  count = 0;
  private low: Triple = [0, 0, 0];
  private high: Triple = [0, 0, 0];
  private bits = new Uint8Array(0);

  constructor(shape: Triple) {
    this.shape = shape;
    this.touch();
  }

  /** Says that the mask has changed, after a series of writes. */
  touch(): void {
    versions += 1;
    this.version = versions;
  }

  /** A mask over the bits of a box; `bits` is taken over, not copied. */
  static over(shape: Triple, box: Box, bits: Uint8Array<ArrayBuffer>): BitMask {
    const mask = new BitMask(shape);
    mask.low = box.low;
    mask.high = box.high;
    mask.bits = bits;
    mask.count = countBits(bits);
    return mask;
  }

  get box(): Box {
    return { low: this.low, high: this.high };
  }

  private offset(k: number, j: number, i: number): number {
    const [k0, j0, i0] = this.low;
    return ((k - k0) * (this.high[1] - j0) + (j - j0)) * (this.high[2] - i0) + (i - i0);
  }

  private holds(k: number, j: number, i: number): boolean {
    const { low, high } = this;
    return k >= low[0] && k < high[0] && j >= low[1] && j < high[1] && i >= low[2] && i < high[2];
  }

  get(k: number, j: number, i: number): boolean {
    if (!this.holds(k, j, i)) return false;
    const at = this.offset(k, j, i);
    return (((this.bits[at >> 3] ?? 0) >> (at & 7)) & 1) === 1;
  }

  /** Inverts one voxel inside the box. */
  private flip(k: number, j: number, i: number): void {
    const at = this.offset(k, j, i);
    const byte = (this.bits[at >> 3] ?? 0) ^ (1 << (at & 7));
    this.bits[at >> 3] = byte;
    this.count += (byte >> (at & 7)) & 1 ? 1 : -1;
  }

  /** Sets one voxel of the grid; true when that changed it. The box grows when it has to. */
  write(k: number, j: number, i: number, value: boolean): boolean {
    if (this.get(k, j, i) === value) return false;
    if (!this.holds(k, j, i)) this.reserve([k, j, i], [k + 1, j + 1, i + 1]);
    this.flip(k, j, i);
    return true;
  }

  /** Makes room for a box; a little more than asked, never more than the grid. */
  reserve(low: Triple, high: Triple): void {
    const empty = this.bits.length === 0;
    const from = low.map((value, axis) => grown(value, this.low[axis], PAD[axis], 0, empty));
    const to = high.map((value, axis) => grown(value, this.high[axis], PAD[axis], this.shape[axis] ?? 0, empty));
    const newLow: Triple = [from[0] ?? 0, from[1] ?? 0, from[2] ?? 0];
    const newHigh: Triple = [to[0] ?? 0, to[1] ?? 0, to[2] ?? 0];
    if (!empty && sameTriple(newLow, this.low) && sameTriple(newHigh, this.high)) return;
    const next = new BitMask(this.shape);
    next.low = newLow;
    next.high = newHigh;
    next.bits = new Uint8Array((voxels(newLow, newHigh) + 7) >> 3);
    if (!empty) this.forEachRun((k, j, i, length) => next.setRow(k, j, i, length));
    this.low = newLow;
    this.high = newHigh;
    this.bits = next.bits;
  }

  private setRow(k: number, j: number, i: number, length: number): void {
    let at = this.offset(k, j, i);
    for (let n = 0; n < length; n += 1, at += 1) this.bits[at >> 3] = (this.bits[at >> 3] ?? 0) | (1 << (at & 7));
  }

  /** Inverts the voxels of runs: an edit, its undoing and its redoing are the same thing. */
  flipRuns(runs: Runs): void {
    if (runs.length === 0) return;
    const [, nj, ni] = this.shape;
    const { low, high } = boxOfRuns(runs, this.shape);
    this.reserve(low, high);
    for (let n = 0; n < runs.length; n += 2) {
      const start = runs[n] ?? 0;
      const end = start + (runs[n + 1] ?? 0);
      for (let at = start; at < end; at += 1) {
        const row = Math.floor(at / ni);
        this.flip(Math.floor(row / nj), row % nj, at % ni);
      }
    }
    this.touch();
  }

  /** Calls back for every stretch of set voxels along i, in all slices or in those of [from, end). */
  forEachRun(visit: (k: number, j: number, i: number, length: number) => void, from = 0, end = Infinity): void {
    const { bits, low, high } = this;
    const width = high[2] - low[2];
    const first = Math.max(low[0], from);
    let at = (first - low[0]) * (high[1] - low[1]) * width;
    for (let k = first; k < Math.min(high[0], end); k += 1) {
      for (let j = low[1]; j < high[1]; j += 1) {
        const rowEnd = at + width;
        let start = -1;
        for (; at < rowEnd; at += 1) {
          if ((at & 7) === 0 && start < 0 && bits[at >> 3] === 0 && at + 8 <= rowEnd) at += 7;
          else if (((bits[at >> 3] ?? 0) >> (at & 7)) & 1) start = start < 0 ? at : start;
          else if (start >= 0) {
            visit(k, j, low[2] + width - (rowEnd - start), at - start);
            start = -1;
          }
        }
        if (start >= 0) visit(k, j, low[2] + width - (rowEnd - start), rowEnd - start);
      }
    }
  }

  /** One slice across `axis` (0 k, 1 j, 2 i), cut to the box; rows run along the slower remaining axis. */
  slice(axis: 0 | 1 | 2, index: number): BitSlice | null {
    if (index < (this.low[axis] ?? 0) || index >= (this.high[axis] ?? 0)) return null;
    const [rows, columns] = axis === 0 ? [1, 2] : axis === 1 ? [0, 2] : [0, 1];
    const u0 = this.low[columns] ?? 0;
    const v0 = this.low[rows] ?? 0;
    const width = (this.high[columns] ?? 0) - u0;
    const height = (this.high[rows] ?? 0) - v0;
    const strides = this.strides();
    const [du, dv] = [strides[columns] ?? 1, strides[rows] ?? 1];
    const first = (index - (this.low[axis] ?? 0)) * (strides[axis] ?? 1);
    const pixels = new Uint8Array(width * height);
    for (let v = 0, out = 0; v < height; v += 1) {
      let at = first + v * dv;
      for (let u = 0; u < width; u += 1, at += du, out += 1) {
        pixels[out] = ((this.bits[at >> 3] ?? 0) >> (at & 7)) & 1;
      }
    }
    return { u0, v0, width, height, pixels };
  }

  private strides(): Triple {
    const ni = this.high[2] - this.low[2];
    return [(this.high[1] - this.low[1]) * ni, ni, 1];
  }

  /** The tightest box around the set voxels, or null when there are none. */
  tightBox(): Box | null {
    const low = [Infinity, Infinity, Infinity];
    const high = [0, 0, 0];
    this.forEachRun((k, j, i, length) => {
      low[0] = Math.min(low[0] ?? k, k);
      low[1] = Math.min(low[1] ?? j, j);
      low[2] = Math.min(low[2] ?? i, i);
      high[0] = Math.max(high[0] ?? 0, k + 1);
      high[1] = Math.max(high[1] ?? 0, j + 1);
      high[2] = Math.max(high[2] ?? 0, i + length);
    });
    if (high[0] === 0) return null;
    return { low: [low[0] ?? 0, low[1] ?? 0, low[2] ?? 0], high: [high[0] ?? 0, high[1] ?? 0, high[2] ?? 0] };
  }

  /** The bits of the tightest box, packed as the wire form wants them; null when the mask is empty. */
  packed(): { box: Box; bits: Uint8Array } | null {
    const box = this.tightBox();
    if (box === null) return null;
    const tight = new BitMask(this.shape);
    tight.low = box.low;
    tight.high = box.high;
    tight.bits = new Uint8Array((voxels(box.low, box.high) + 7) >> 3);
    this.forEachRun((k, j, i, length) => tight.setRow(k, j, i, length));
    return { box, bits: tight.bits };
  }

  copy(): BitMask {
    return BitMask.over(this.shape, this.box, this.bits.slice());
  }
}

const sameTriple = (a: Triple, b: Triple): boolean => a[0] === b[0] && a[1] === b[1] && a[2] === b[2];
const voxels = (low: Triple, high: Triple): number => (high[0] - low[0]) * (high[1] - low[1]) * (high[2] - low[2]);

/** An edge moved outwards to `value` with padding, towards the grid's `limit` (0 or the shape). */
function grown(value: number, old = 0, pad = 0, limit = 0, empty = false): number {
  if (limit === 0) return !empty && value >= old ? old : Math.max(0, value - pad);
  return !empty && value <= old ? old : Math.min(limit, value + pad);
}

function countBits(bits: Uint8Array): number {
  let count = 0;
  for (let byte of bits) {
    byte -= (byte >> 1) & 0x55;
    byte = (byte & 0x33) + ((byte >> 2) & 0x33);
    count += (byte + (byte >> 4)) & 0x0f;
  }
  return count;
}

function boxOfRuns(runs: Runs, [, nj, ni]: Triple): Box {
  const low = [Infinity, Infinity, Infinity];
  const high = [0, 0, 0];
  for (let n = 0; n < runs.length; n += 2) {
    const start = runs[n] ?? 0;
    const last = start + (runs[n + 1] ?? 1) - 1;
    const first = [Math.floor(start / (nj * ni)), Math.floor(start / ni) % nj, start % ni];
    const end = [Math.floor(last / (nj * ni)), Math.floor(last / ni) % nj, last % ni];
    for (let axis = 0; axis < 3; axis += 1) {
      low[axis] = Math.min(low[axis] ?? 0, first[axis] ?? 0, end[axis] ?? 0);
      high[axis] = Math.max(high[axis] ?? 0, (first[axis] ?? 0) + 1, (end[axis] ?? 0) + 1);
    }
  }
  if ((high[2] ?? 0) - (low[2] ?? 0) < ni && hasWrappedRow(runs, ni)) [low[2], high[2]] = [0, ni];
  if (spansRows(runs, ni * nj)) [low[1], high[1]] = [0, nj];
  return { low: [low[0] ?? 0, low[1] ?? 0, low[2] ?? 0], high: [high[0] ?? 0, high[1] ?? 0, high[2] ?? 0] };
}

/** Whether any run reaches over the end of a row, so that its ends do not bound i. */
function hasWrappedRow(runs: Runs, period: number): boolean {
  for (let n = 0; n < runs.length; n += 2) {
    if (((runs[n] ?? 0) % period) + (runs[n + 1] ?? 0) > period) return true;
  }
  return false;
}
const spansRows = hasWrappedRow;

/** The runs of a list of voxel indices, each once. */
export function runsOf(indices: Int32Array): Runs {
  const sorted = indices.slice().sort();
  const runs: number[] = [];
  let start = -1;
  let end = -1;
  for (const index of sorted) {
    if (index === end) end += 1;
    else {
      if (start >= 0) runs.push(start, end - start);
      start = index;
      end = index + 1;
    }
  }
  if (start >= 0) runs.push(start, end - start);
  return Int32Array.from(runs);
}

/** The voxels in which two masks of one grid differ: flipping them in one gives the other. */
export function difference(a: BitMask, b: BitMask): Runs {
  const [, nj, ni] = a.shape;
  const edges: number[] = [];
  const collect = (k: number, j: number, i: number, length: number): void => {
    const at = (k * nj + j) * ni + i;
    edges.push(at, at + length);
  };
  a.forEachRun(collect);
  b.forEachRun(collect);
  const sorted = Int32Array.from(edges).sort();
  const runs: number[] = [];
  for (let n = 0; n < sorted.length; n += 2) {
    const start = sorted[n] ?? 0;
    const end = sorted[n + 1] ?? 0;
    if (end === start) continue;
    if (runs.length > 0 && (runs[runs.length - 2] ?? 0) + (runs[runs.length - 1] ?? 0) === start) {
      runs[runs.length - 1] = (runs[runs.length - 1] ?? 0) + end - start;
    } else runs.push(start, end - start);
  }
  return Int32Array.from(runs);
}

/** The voxels that any of some masks of one grid holds, as a mask of its own. */
export function unionOf([first, ...others]: readonly [BitMask, ...BitMask[]]): BitMask {
  const all = first.copy();
  for (const other of others) {
    other.forEachRun((k, j, i, length) => {
      for (let n = 0; n < length; n += 1) all.write(k, j, i + n, true);
    });
  }
  all.touch();
  return all;
}

/** Number of voxels in runs. */
export function runVoxels(runs: Runs): number {
  let count = 0;
  for (let n = 1; n < runs.length; n += 2) count += runs[n] ?? 0;
  return count;
}
