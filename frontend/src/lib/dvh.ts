/**
 * Cumulative dose-volume histograms of masks on the image's grid: the dose at the centre of every voxel, counted in
 * fine bins. The histogram of a mask is changed by the voxels that an edit flips, so that an edit costs what it
 * changes and not what the structure holds. What lies outside the dose grid is counted, never guessed: all shares
 * and doses are of the part inside (ICRU 83 names the quantities).
 */
import type { BitMask, Runs } from './bits';
import type { DoseSampler } from './dose';

/** With 80 Gy a bin is 2.5 mGy wide. */
const BINS = 1 << 15;
const LEAST_GY = 1e-3;

export class Histogram {
  readonly binGy: number;
  readonly counts = new Int32Array(BINS);
  /** Voxels inside the dose grid, their doses together, and voxels outside. */
  inside = 0;
  sumGy = 0;
  outside = 0;

  constructor(maxGy: number) {
    this.binGy = Math.max(maxGy, LEAST_GY) / (BINS - 1);
  }

  get voxels(): number {
    return this.inside + this.outside;
  }

  /** Counts the first `length` doses (NaN: outside the dose grid), or takes them out again. */
  change(doses: Float32Array, length: number, sign: 1 | -1): void {
    const { counts } = this;
    const gain = 1 / this.binGy;
    let inside = 0;
    let sum = 0;
    for (let n = 0; n < length; n += 1) {
      const gy = doses[n] ?? NaN;
      if (gy !== gy) continue;
      const bin = gy > 0 ? Math.min(BINS - 1, (gy * gain) | 0) : 0;
      counts[bin] = (counts[bin] ?? 0) + sign;
      sum += gy;
      inside += 1;
    }
    this.sumGy += sign * sum;
    this.inside += sign * inside;
    this.outside += sign * (length - inside);
  }
}

/** Counts a mask slice by slice, so that whoever runs it can pause between them. */
export function* histogramOf(mask: BitMask, sampler: DoseSampler): Generator<void, Histogram> {
  const histogram = new Histogram(sampler.maxGy);
  const row = new Float32Array(mask.shape[2]);
  const { low, high } = mask.box;
  for (let slice = low[0]; slice < high[0]; slice += 1) {
    mask.forEachRun((k, j, i, length) => {
      sampler.line([k, j, i], 2, length, row, 0);
      histogram.change(row, length, 1);
    }, slice, slice + 1); // prettier-ignore
    yield;
  }
  return histogram;
}

/** Brings a histogram up to a mask of which the voxels of `runs` have just been flipped. */
export function applyRuns(histogram: Histogram, mask: BitMask, runs: Runs, sampler: DoseSampler): void {
  const [, nj, ni] = mask.shape;
  const row = new Float32Array(ni);
  for (let n = 0; n < runs.length; n += 2) {
    const end = (runs[n] ?? 0) + (runs[n + 1] ?? 0);
    for (let at = runs[n] ?? 0; at < end; ) {
      const line = Math.floor(at / ni);
      const i = at - line * ni;
      const [k, j] = [Math.floor(line / nj), line % nj];
      const set = mask.get(k, j, i);
      let length = 1;
      while (at + length < end && i + length < ni && mask.get(k, j, i + length) === set) length += 1;
      sampler.line([k, j, i], 2, length, row, 0);
      histogram.change(row, length, set ? 1 : -1);
      at += length;
    }
  }
}

/** What a histogram says, at one time. */
export type Dvh = {
  readonly totalCc: number;
  /** The part of the volume inside the dose grid, 0 to 1; everything else is of this part. */
  readonly covered: number;
  readonly insideCc: number;
  readonly meanGy: number;
  /** To half a bin. */
  readonly minGy: number;
  readonly maxGy: number;
  readonly binGy: number;
  /** Voxels with at least the dose of the n-th bin's lower edge; one entry more than there are bins. */
  readonly atLeast: Int32Array;
};

/** The cumulative histogram and what is read off it most. */
export function dvhOf(histogram: Histogram, voxelCc: number): Dvh {
  const { counts, inside, outside, sumGy, binGy } = histogram;
  const atLeast = new Int32Array(BINS + 1);
  let [lowest, highest] = [-1, -1];
  for (let bin = BINS - 1, sum = 0; bin >= 0; bin -= 1) {
    const count = counts[bin] ?? 0;
    if (count > 0) lowest = bin;
    if (count > 0 && highest < 0) highest = bin;
    sum += count;
    atLeast[bin] = sum;
  }
  const middle = (bin: number): number => (bin < 0 ? NaN : (bin + 0.5) * binGy);
  return {
    totalCc: (inside + outside) * voxelCc,
    covered: inside + outside === 0 ? 0 : inside / (inside + outside),
    insideCc: inside * voxelCc,
    meanGy: inside === 0 ? NaN : sumGy / inside,
    minGy: middle(lowest),
    maxGy: middle(highest),
    binGy,
    atLeast,
  };
}

/** V_x: the share of the volume, 0 to 1, that gets at least a dose. */
export function shareAt({ atLeast, binGy }: Dvh, gy: number): number {
  const all = atLeast[0] ?? 0;
  if (all === 0) return NaN;
  const at = Math.max(0, gy) / binGy;
  const bin = Math.min(BINS - 1, Math.floor(at));
  const [from, to] = [atLeast[bin] ?? 0, atLeast[bin + 1] ?? 0];
  return (from + Math.min(1, at - bin) * (to - from)) / all;
}

/** D_x: the dose that a share of the volume, above 0 to 1, gets at least. */
export function doseAt({ atLeast, binGy }: Dvh, share: number): number {
  const all = atLeast[0] ?? 0;
  if (all === 0 || !(share > 0) || share > 1) return NaN;
  const wanted = share * all;
  let [low, high] = [0, BINS];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((atLeast[middle] ?? 0) >= wanted) low = middle;
    else high = middle;
  }
  const [from, to] = [atLeast[low] ?? 0, atLeast[low + 1] ?? 0];
  return (low + (from - wanted) / Math.max(1, from - to)) * binGy;
}

/** D_x of an absolute volume: the dose that the hottest cm³ get at least; NaN where there is less volume. */
export const doseAtCc = (dvh: Dvh, cc: number): number => doseAt(dvh, dvh.insideCc > 0 ? cc / dvh.insideCc : NaN);
