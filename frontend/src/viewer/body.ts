/**
 * Where the patient is in the picture: the views open on the patient, not on the scanner's field of view. A loaded
 * outline of the body says it; without one it is the box of what is denser than air in the slices that have arrived.
 * Along the slices nothing is left out before all are there.
 */
import type { Box } from '../lib/bits';
import type { Volume } from './volume';

const AIR_HU = -300;
/** Of the display window, where the unit is another one: what is not black. */
const DARK = 0.1;
/** Every second voxel is looked at; so many in a row are more than noise. */
const STEP = 2;
const FEWEST = 3;

export class BodyFinder {
  private readonly volume: Volume;
  private readonly lowest: number;
  private readonly seen: Uint8Array;
  private low = [Infinity, Infinity, Infinity];
  private high = [0, 0, 0];
  private outline: Box | null = null;

  constructor(volume: Volume) {
    this.volume = volume;
    const { unit, slope, window } = volume.description;
    this.lowest = (unit === 'HU' ? AIR_HU : window.low + DARK * (window.high - window.low)) / slope;
    this.seen = new Uint8Array(volume.grid.shape_kji[0]);
  }

  /** The outline of the body was loaded: nothing else is asked any more. */
  outlined(box: Box): void {
    this.outline = box;
  }

  /** The box of the body as far as it is known; the whole grid while nothing is. */
  get box(): Box {
    if (this.outline !== null) return this.outline;
    const { arrived, complete, grid } = this.volume;
    const [nk, nj, ni] = grid.shape_kji;
    for (let k = 0; k < nk; k += 1) if (arrived[k] === 1 && this.seen[k] === 0) this.look(k);
    const [k0 = 0, j0 = 0, i0 = 0] = this.low;
    const [k1 = 0, j1 = 0, i1 = 0] = this.high;
    if (k1 === 0 || j1 === 0 || i1 === 0) return { low: [0, 0, 0], high: [nk, nj, ni] };
    return { low: [complete ? k0 : 0, j0, i0], high: [complete ? k1 : nk, Math.min(nj, j1), Math.min(ni, i1)] };
  }

  private look(k: number): void {
    this.seen[k] = 1;
    const { data, grid } = this.volume;
    const [, nj, ni] = grid.shape_kji;
    const columns = new Uint16Array(ni);
    for (let j = 0; j < nj; j += STEP) {
      let found = 0;
      for (let i = 0, at = (k * nj + j) * ni; i < ni; i += STEP, at += STEP) {
        if ((data[at] ?? 0) < this.lowest) continue;
        found += 1;
        columns[i] = (columns[i] ?? 0) + 1;
      }
      if (found >= FEWEST) this.grow(1, j, STEP);
    }
    for (let i = 0; i < ni; i += STEP) if ((columns[i] ?? 0) >= FEWEST) this.grow(2, i, STEP);
    if (columns.some((found) => found >= FEWEST)) this.grow(0, k, 1);
  }

  private grow(axis: 0 | 1 | 2, from: number, length: number): void {
    this.low[axis] = Math.min(this.low[axis] ?? 0, from);
    this.high[axis] = Math.max(this.high[axis] ?? 0, from + length);
  }
}
