/**
 * Where the patient is in the picture: the views open on the patient, not on the scanner's field of view. A loaded
 * outline of the body says it; without one it is what is denser than air in the slices that have arrived. Along the
 * slices nothing is left out before all are there.
 */
import type { BitMask, Box } from '../lib/bits';
import type { Axis, Plane } from '../lib/planes';
import type { Rectangle } from './camera';
import type { Volume } from './volume';

const AIR_HU = -300;
/** Of the display window, where the unit is another one: what is not black. */
const DARK = 0.1;
/** Every second voxel is looked at; so many in a line are more than noise. */
const STEP = 2;
const FEWEST = 3;
/** A slice through the tip of the nose is not shown as large as the head. */
const LEAST = 0.5;

type Cut = Pick<Plane, 'across' | 'columns' | 'rows'>;
const STORED: Cut = { across: 0, columns: 2, rows: 1 };

export class BodyFinder {
  private readonly volume: Volume;
  private readonly lowest: number;
  private readonly seen: Uint8Array;
  private low = [Infinity, Infinity, Infinity];
  private high = [0, 0, 0];
  private outline: BitMask | null = null;

  constructor(volume: Volume) {
    this.volume = volume;
    const { unit, slope, window } = volume.description;
    this.lowest = (unit === 'HU' ? AIR_HU : window.low + DARK * (window.high - window.low)) / slope;
    this.seen = new Uint8Array(volume.grid.shape_kji[0]);
  }

  /** The outline of the body was loaded: nothing else is asked any more. */
  outlined(mask: BitMask): void {
    this.outline = mask;
  }

  /** The box of the body as far as it is known; the whole grid while nothing is. */
  get box(): Box {
    if (this.outline !== null) return this.outline.box;
    const { arrived, complete, grid } = this.volume;
    const [nk, nj, ni] = grid.shape_kji;
    for (let k = 0; k < nk; k += 1) if (arrived[k] === 1 && this.seen[k] === 0) this.look(k);
    const [k0 = 0, j0 = 0, i0 = 0] = this.low;
    const [k1 = 0, j1 = 0, i1 = 0] = this.high;
    if (k1 === 0) return { low: [0, 0, 0], high: [nk, nj, ni] };
    return { low: [complete ? k0 : 0, j0, i0], high: [complete ? k1 : nk, j1, i1] };
  }

  /** The body as one slice cuts it: a head is not shown as small as its shoulders would have it. */
  on(cut: Cut, slice: number): Rectangle {
    const box = this.box;
    const found = this.outline === null ? this.dense(cut, slice) : outlineOn(this.outline, cut, slice);
    const side = (axis: Axis, end: 0 | 1): readonly [number, number] => {
      const whole = [box.low[axis], box.high[axis]] as const;
      return found === null || (axis === 0 && this.outline === null) ? whole : widened(found.low[end], found.high[end], whole);
    };
    const [[u0, u1], [v0, v1]] = [side(cut.columns, 0), side(cut.rows, 1)];
    return { low: [u0, v0], high: [u1, v1] };
  }

  private look(k: number): void {
    this.seen[k] = 1;
    const found = this.dense(STORED, k);
    if (found === null) return;
    this.low = [k, found.low[1], found.low[0]].map((value, axis) => Math.min(value, this.low[axis] ?? value));
    this.high = [k + 1, found.high[1], found.high[0]].map((value, axis) => Math.max(value, this.high[axis] ?? value));
  }

  /** What is denser than air on one slice of the volume, where it has arrived. */
  private dense({ across, columns, rows }: Cut, slice: number): Rectangle | null {
    const { data, arrived, grid } = this.volume;
    const shape = grid.shape_kji;
    const strides = [shape[1] * shape[2], shape[2], 1] as const;
    const [inColumn, inRow] = [new Uint16Array(shape[columns]), new Uint16Array(shape[rows])];
    const { lowest } = this;
    for (let v = 0; v < shape[rows]; v += STEP) {
      if (columns !== 0 && arrived[rows === 0 ? v : slice] !== 1) continue;
      let at = slice * strides[across] + v * strides[rows];
      let inThis = 0;
      for (let u = 0; u < shape[columns]; u += STEP, at += STEP * strides[columns]) {
        if ((data[at] ?? 0) < lowest || (columns === 0 && arrived[u] !== 1)) continue;
        inColumn[u] = (inColumn[u] ?? 0) + 1;
        inThis += 1;
      }
      inRow[v] = inThis;
    }
    const [across0, across1] = ends(inColumn);
    const [down0, down1] = ends(inRow);
    return across1 === 0 || down1 === 0 ? null : { low: [across0, down0], high: [across1, down1] };
  }
}

/** First and end of what is counted often enough; 0, 0 where nothing is. */
function ends(counts: Uint16Array): [number, number] {
  const first = counts.findIndex((count) => count >= FEWEST);
  const last = counts.findLastIndex((count) => count >= FEWEST);
  return first < 0 ? [0, 0] : [first, Math.min(counts.length, last + STEP)];
}

/** A stretch that is made as long as a part of the whole, and stays inside it. */
function widened(low: number, high: number, [from, to]: readonly [number, number]): readonly [number, number] {
  const length = Math.max(high - low, Math.ceil(LEAST * (to - from)));
  const start = Math.max(from, Math.min(Math.floor((low + high - length) / 2), to - length));
  return [start, start + length];
}

/** What an outline holds on one slice. */
function outlineOn(mask: BitMask, { across, columns, rows }: Cut, slice: number): Rectangle | null {
  const cut = mask.slice(across, slice);
  if (cut === null) return null;
  const { u0, v0, width, height, pixels } = cut;
  const low = [Infinity, Infinity];
  const high = [0, 0];
  pixels.forEach((set, at) => {
    if (set === 0) return;
    const point = [u0 + (at % width), v0 + Math.floor(at / width)];
    for (const end of [0, 1]) {
      low[end] = Math.min(low[end] ?? 0, point[end] ?? 0);
      high[end] = Math.max(high[end] ?? 0, (point[end] ?? 0) + 1);
    }
  });
  if (height === 0 || high[0] === 0) return null;
  const [fast, slow] = columns > rows ? [0, 1] : [1, 0]; // slices of a mask run along the faster axis
  return { low: [low[fast] ?? 0, low[slow] ?? 0], high: [high[fast] ?? 0, high[slow] ?? 0] };
}
