/**
 * Cumulative dose-volume histograms of masks on the image's grid, by the mathematics of `rt/dvh.py`: a voxel (or each
 * part of one that is larger than the dose's voxels) has its dose spread evenly over the interval that a linear dose
 * spans in it, so that D_x and V_x do not jump from voxel to voxel and small structures keep their maxima. What lies
 * outside the dose grid is counted, never guessed: all shares and doses are of the part inside (ICRU 83 names them).
 *
 * The histogram of a mask is changed by the voxels that an edit flips, so that an edit costs what it changes and not
 * what the structure holds. Volumes are whole numbers until they are read: what was added can be taken away exactly.
 */
import type { BitMask, Runs, Triple } from './bits';
import type { FieldSampler } from './field';

/** Parts of the dose's range: 1.2 mGy each at 80 Gy. */
const BINS = 1 << 16;
const LEAST_RANGE_GY = 1e-3;
/** An interval begins up to one bin below the range and ends up to two above it. */
const EDGES = BINS + 4;
/** The volume of one part of a voxel; 2⁵³ holds that of a hundred million. */
const ONE = 2 ** 26;
/** Parts along one axis that a voxel is cut into at most, and what it may be larger than the dose's by without being cut. */
const MOST_PARTS = 4;
const SLACK = 0.05;

/** Parts along k, j, i of a voxel of the image so that none is longer than the dose's voxels. */
export function partsOf({ map, field }: FieldSampler): Triple {
  const along = (step: Triple): number => {
    const longest = Math.max(...step.map((of, axis) => ((field.grid.shape_kji[axis] ?? 1) > 1 ? Math.abs(of) : 0)));
    return Math.min(MOST_PARTS, Math.max(1, Math.ceil(longest - SLACK)));
  };
  const [k, j, i] = map.steps;
  return [along(k), along(j), along(i)];
}

export class Histogram {
  readonly lowestGy: number;
  readonly highestGy: number;
  readonly stepGy: number;
  /** How many parts a voxel has. */
  readonly parts: number;
  /** How steeply the cumulated volume begins and ceases to rise at each edge. */
  readonly bends = new Float64Array(EDGES);
  /** Parts inside the dose grid, their doses together, and parts outside. */
  inside = 0;
  sumGy = 0;
  outside = 0;

  constructor(lowestGy: number, highestGy: number, parts = 1) {
    this.lowestGy = lowestGy;
    this.highestGy = highestGy;
    this.stepGy = Math.max(highestGy - lowestGy, LEAST_RANGE_GY) / BINS;
    this.parts = parts;
  }

  get voxels(): number {
    return (this.inside + this.outside) / this.parts;
  }

  /** Counts a part whose dose is spread over `gy` ± `half`, or takes it out again. */
  change(gy: number, half: number, sign: 1 | -1): void {
    const { bends, stepGy } = this;
    const middle = (gy - this.lowestGy) / stepGy + 1;
    // an interval reaches over the end of the dose's range on neither side, and keeps its middle
    const reach = Math.min(half / stepGy, middle, BINS + 2 - middle);
    const lower = (middle - reach + 0.5) | 0;
    const upper = Math.max(lower + 1, (middle + reach + 0.5) | 0);
    const rise = sign * Math.round(ONE / (upper - lower));
    bends[lower] = (bends[lower] ?? 0) + rise;
    bends[upper] = (bends[upper] ?? 0) - rise;
    this.sumGy += sign * gy;
    this.inside += sign;
  }
}

/** Counts runs of voxels in a dose. */
class Counter {
  private readonly parts: Triple;
  /** From part to part on the dose grid along k, j, i. */
  private readonly steps: readonly [Triple, Triple, Triple];
  /** Doses of a row of parts with one more at either end, and of the rows before and after it along j and along k. */
  private readonly row: Float32Array;
  private readonly beside: readonly [Float32Array, Float32Array, Float32Array, Float32Array];
  private readonly sampler: FieldSampler;

  constructor(sampler: FieldSampler, width: number) {
    this.sampler = sampler;
    this.parts = partsOf(sampler);
    const [k, j, i] = sampler.map.steps;
    this.steps = [moved(ORIGIN, k, 1 / this.parts[0]), moved(ORIGIN, j, 1 / this.parts[1]), moved(ORIGIN, i, 1 / this.parts[2])];
    const room = width * this.parts[2] + 2;
    const line = (): Float32Array => new Float32Array(room);
    this.row = line();
    this.beside = [line(), line(), line(), line()];
  }

  start(): Histogram {
    return new Histogram(this.sampler.least, this.sampler.most, this.parts[0] * this.parts[1] * this.parts[2]);
  }

  /** Counts a run of voxels along i, or takes it out again. */
  run(histogram: Histogram, [k, j, i]: Triple, length: number, sign: 1 | -1): void {
    const [nk, nj, ni] = this.parts;
    const first = 0.5 / ni - 0.5;
    for (let pk = 0; pk < nk; pk += 1)
      for (let pj = 0; pj < nj; pj += 1) this.line(histogram, [k + (pk + 0.5) / nk - 0.5, j + (pj + 0.5) / nj - 0.5, i + first], length * ni, sign);
  }

  /** A row of parts; a linear dose that changes by a, b, c along a part's axes varies as an even spread of the width √(a² + b² + c²). */
  private line(histogram: Histogram, voxel: Triple, length: number, sign: 1 | -1): void {
    const { sampler, row, beside } = this;
    const [before, after, below, above] = beside;
    const [sk, sj, si] = this.steps;
    const start = sampler.place(voxel);
    const [begin, end] = sampler.inside(start, si, length);
    histogram.outside += sign * (length - (end - begin));
    if (end === begin) return;
    sampler.sample(start, si, begin - 1, end + 1, row, 1);
    sampler.sample(moved(start, sj, -1), si, begin, end, before, 0);
    sampler.sample(moved(start, sj, 1), si, begin, end, after, 0);
    sampler.sample(moved(start, sk, -1), si, begin, end, below, 0);
    sampler.sample(moved(start, sk, 1), si, begin, end, above, 0);
    for (let n = begin; n < end; n += 1) {
      const a = (row[n + 2] ?? 0) - (row[n] ?? 0);
      const b = (after[n] ?? 0) - (before[n] ?? 0);
      const c = (above[n] ?? 0) - (below[n] ?? 0);
      // the changes are over two parts, and half of the width is wanted
      histogram.change(row[n + 1] ?? 0, Math.sqrt(a * a + b * b + c * c) / 4, sign);
    }
  }
}

const ORIGIN: Triple = [0, 0, 0];
const moved = (from: Triple, step: Triple, times: number): Triple => [
  from[0] + times * step[0],
  from[1] + times * step[1],
  from[2] + times * step[2],
];

/** Counts a mask slice by slice, so that whoever runs it can pause between them. */
export function* histogramOf(mask: BitMask, sampler: FieldSampler): Generator<void, Histogram> {
  const counter = new Counter(sampler, mask.shape[2]);
  const histogram = counter.start();
  const { low, high } = mask.box;
  for (let slice = low[0]; slice < high[0]; slice += 1) {
    mask.forEachRun((k, j, i, length) => counter.run(histogram, [k, j, i], length, 1), slice, slice + 1);
    yield;
  }
  return histogram;
}

/** Brings a histogram up to a mask of which the voxels of `runs` have just been flipped. */
export function applyRuns(histogram: Histogram, mask: BitMask, runs: Runs, sampler: FieldSampler): void {
  const [, nj, ni] = mask.shape;
  const counter = new Counter(sampler, ni);
  for (let n = 0; n < runs.length; n += 2) {
    const end = (runs[n] ?? 0) + (runs[n + 1] ?? 0);
    for (let at = runs[n] ?? 0; at < end; ) {
      const line = Math.floor(at / ni);
      const i = at - line * ni;
      const [k, j] = [Math.floor(line / nj), line % nj];
      const set = mask.get(k, j, i);
      let length = 1;
      while (at + length < end && i + length < ni && mask.get(k, j, i + length) === set) length += 1;
      counter.run(histogram, [k, j, i], length, set ? 1 : -1);
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
  /** To a bin. */
  readonly minGy: number;
  readonly maxGy: number;
  /** The dose of the first edge, and from one edge to the next. */
  readonly firstGy: number;
  readonly stepGy: number;
  /** For each edge the volume in cm³ with a smaller dose. */
  readonly belowCc: Float64Array;
};

/** The cumulative histogram and what is read off it most. */
export function dvhOf(histogram: Histogram, voxelCc: number): Dvh {
  const { bends, inside, outside, sumGy, stepGy, parts, lowestGy, highestGy } = histogram;
  const belowCc = new Float64Array(EDGES);
  const unit = voxelCc / parts / ONE;
  const insideCc = (inside * voxelCc) / parts;
  let [lowest, highest, rising, below] = [-1, 0, 0, 0];
  for (let edge = 0; edge + 1 < EDGES; edge += 1) {
    rising += bends[edge] ?? 0;
    if (rising > 0) {
      if (lowest < 0) lowest = edge;
      highest = edge + 1;
    }
    below += rising;
    belowCc[edge + 1] = Math.min(insideCc, below * unit);
  }
  belowCc.fill(insideCc, highest);
  const firstGy = lowestGy - stepGy;
  return {
    totalCc: insideCc + (outside * voxelCc) / parts,
    covered: inside + outside === 0 ? 0 : inside / (inside + outside),
    insideCc,
    meanGy: inside === 0 ? NaN : sumGy / inside,
    minGy: inside === 0 ? NaN : Math.max(lowestGy, firstGy + lowest * stepGy),
    maxGy: inside === 0 ? NaN : Math.min(highestGy, firstGy + highest * stepGy),
    firstGy,
    stepGy,
    belowCc,
  };
}

/** V_x: the share of the volume, 0 to 1, that gets at least a dose. */
export function shareAt({ belowCc, insideCc, firstGy, stepGy }: Dvh, gy: number): number {
  if (insideCc === 0) return NaN;
  const at = Math.min(EDGES - 1, Math.max(0, (gy - firstGy) / stepGy));
  const edge = Math.min(EDGES - 2, Math.floor(at));
  const [from, to] = [belowCc[edge] ?? 0, belowCc[edge + 1] ?? 0];
  return 1 - (from + (at - edge) * (to - from)) / insideCc;
}

/** D_x: the dose that the hottest share of the volume, 0 to 1, gets at least. */
export function doseAt({ belowCc, insideCc, firstGy, stepGy, minGy, maxGy }: Dvh, share: number): number {
  if (insideCc === 0 || !(share >= 0) || share > 1) return NaN;
  const colder = insideCc - insideCc * share;
  // the last edge below which there is no more than the colder rest
  let [low, high] = [0, EDGES];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((belowCc[middle] ?? 0) <= colder) low = middle;
    else high = middle;
  }
  const [from, to] = [belowCc[low] ?? 0, belowCc[low + 1] ?? 0];
  const part = to > from ? (colder - from) / (to - from) : 0;
  return Math.min(maxGy, Math.max(minGy, firstGy + (low + part) * stepGy));
}

/** D_x of an absolute volume: the dose that the hottest cm³ get at least; NaN where there is less volume. */
export const doseAtCc = (dvh: Dvh, cc: number): number => doseAt(dvh, dvh.insideCc > 0 ? cc / dvh.insideCc : NaN);
