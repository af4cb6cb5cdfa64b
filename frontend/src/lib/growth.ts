/**
 * What a click adds or takes away, on any image and without having learnt anything. From the click a front runs
 * along the shortest ways through the picture; a way is long where it crosses an edge and where the picture is
 * unlike what lies under the click. Clicks of the other kind send a front against it. Of all the regions that the
 * front passes through, the one counts whose surface lies best on edges, with a mild preference for a size: that of
 * an organ where nothing is drawn yet, else about twice the ball that reaches to what is drawn.
 * Principles: Bai and Sapiro, Int J Comput Vis 82 (2009), geodesic segmentation; Grady, IEEE TPAMI 28 (2006), seeds.
 */
import type { Triple } from './bits';
import { OTHER, OWN, spread, type Ways } from './fronts';
import { blurred, nearestMm, noiseNear, placeOf, stridesOf, under, type Likeness, type Picture } from './picture';

export const ADD = 1;
export const REMOVE = 2;

export type Question = {
  readonly picture: Picture;
  /** 1 where the structure is now. */
  readonly inside: Uint8Array;
  /** ADD, REMOVE or 0: all that the person has said, the newest included. */
  readonly seeds: Uint8Array;
  /** Voxels of the newest hint, at least one. */
  readonly fresh: Int32Array;
  readonly add: boolean;
  /** 1 where the answer may reach. */
  readonly open: Uint8Array;
  /** Volume (cm³) that is expected where nothing is drawn yet; null for that of an organ. */
  readonly expectedCc: number | null;
};

/** Chosen on training patients of OpenKBP (docs/clicks.md). Scores count differences in units of the scatter under the click. */
const BLUR_MM = 1.7;
const SMOOTH_MM = 2.5;
const SEED_MM = 4;
const NOISE_MM = 15;
const EDGE = 2;
const UNLIKE = 4;
const MOST_PER_MM = 40;
const EDGE_FREE = 0.5;
const UNLIKE_FREE = 1;
const CERTAIN = 12;
const RING = 1;
const ORGAN_CC = 20;
const ORGAN_SPREAD = 1.3;
const CORRECTION = 2;
const CORRECTION_SPREAD = 0.8;
const FLAT = 0.02;

/** How much each voxel belongs to what the newest hint adds (or takes away): 0 to 255, 128 and more is in. */
export function grow(question: Question): Uint8Array<ArrayBuffer> {
  const picture = blurred(question.picture, BLUR_MM);
  const noise = noiseNear(picture, middleOf(question.fresh), NOISE_MM);
  const like = under(picture, question.fresh, SEED_MM, noise);
  const size = expectedSize(question);
  const surface = new Surface(question, picture, like, size);
  const { owner, others } = starts(question);
  const own = unlikeness(picture.values, like);
  const cost: Ways['cost'] = [own, others.length === 0 ? own : unlikeness(picture.values, under(picture, others, SEED_MM, noise))];
  const { values } = picture;
  const across = (from: number, to: number): number =>
    EDGE * Math.max(0, Math.abs((values[from] ?? 0) - (values[to] ?? 0)) / like.scatter - EDGE_FREE);
  const { shape, spacing } = picture;
  spread({ shape, spacing, cost, across, most: MOST_PER_MM, open: openTo(question) }, owner, (at) => surface.take(at));
  return softened(question, surface.best(), others);
}

const middleOf = (voxels: Int32Array): number => voxels[voxels.length >> 1] ?? 0;

/** The front may go where the newest hint would change something. */
function openTo({ inside, open, add }: Question): Uint8Array {
  const there = add ? 1 : 0;
  return open.map((one, at) => (one === 1 && inside[at] !== there ? 1 : 0));
}

function starts({ seeds, fresh, add }: Question): { owner: Uint8Array; others: Int32Array } {
  const label = add ? ADD : REMOVE;
  const owner = new Uint8Array(seeds.length);
  const others: number[] = [];
  for (let at = 0; at < seeds.length; at += 1) {
    if (seeds[at] === 0 || seeds[at] === label) continue;
    owner[at] = OTHER;
    others.push(at);
  }
  for (const at of fresh) owner[at] = OWN;
  return { owner, others: Int32Array.from(others) };
}

function unlikeness(values: Float32Array, { middle, scatter }: Likeness): Float32Array {
  return values.map((value) => Math.min(MOST_PER_MM, 1 + UNLIKE * Math.max(0, Math.abs(value - middle) / scatter - UNLIKE_FREE)));
}

/** Expected volume in voxels, and how many times (as a natural logarithm) it may well be missed. */
function expectedSize({ picture, inside, fresh, add, expectedCc }: Question): { voxels: number; spread: number } {
  const [k, j, i] = picture.spacing;
  const perCc = 1000 / (k * j * i);
  const mm = nearestMm(picture, middleOf(fresh), inside, add ? 1 : 0);
  const least = 2 * fresh.length;
  if (!Number.isFinite(mm)) return { voxels: Math.max(least, (expectedCc ?? ORGAN_CC) * perCc), spread: ORGAN_SPREAD };
  const ballCc = ((4 / 3) * Math.PI * mm ** 3) / 1000;
  return { voxels: Math.max(least, CORRECTION * ballCc * perCc), spread: CORRECTION_SPREAD };
}

/** The surface of what the front holds, kept up voxel by voxel, and the moment at which it was best. */
class Surface {
  private readonly order: Int32Array;
  private readonly held: Uint8Array;
  private readonly there: number;
  private readonly faces: Triple;
  private readonly strides: Triple;
  private count = 0;
  private area = 0;
  private strength = 0;
  private bestScore = -Infinity;
  private bestCount = 0;
  private readonly question: Question;
  private readonly picture: Picture;
  private readonly like: Likeness;
  private readonly size: { voxels: number; spread: number };

  constructor(question: Question, picture: Picture, like: Likeness, size: { voxels: number; spread: number }) {
    this.question = question;
    this.picture = picture;
    this.like = like;
    this.size = size;
    this.order = new Int32Array(question.inside.length);
    this.held = new Uint8Array(question.inside.length);
    this.there = question.add ? 1 : 0;
    const [k, j, i] = picture.spacing;
    this.faces = [j * i, k * i, k * j];
    this.strides = stridesOf(picture.shape);
  }

  /** The front holds another voxel; false when none that follows can be better than the best so far. */
  take(at: number): boolean {
    const { inside } = this.question;
    const { shape } = this.picture;
    const [, nj, ni] = shape;
    const i = at % ni;
    const row = (at - i) / ni;
    const j = row % nj;
    this.held[at] = 1;
    this.order[this.count] = at;
    this.count += 1;
    for (let move = 0; move < 6; move += 1) {
      const axis = move >> 1;
      const place = axis === 0 ? (row - j) / nj : axis === 1 ? j : i;
      const mm2 = this.faces[axis] ?? 1;
      const ends = move & 1 ? place + 1 >= (shape[axis] ?? 0) : place === 0;
      const next = move & 1 ? at + (this.strides[axis] ?? 1) : at - (this.strides[axis] ?? 1);
      if (ends) this.area += mm2;
      else if (inside[next] !== this.there) this.face(at, next, mm2);
    }
    return this.count < this.question.fresh.length || this.judge();
  }

  /** A face to a neighbour that the front does not hold is new surface; one that it holds was surface till now. */
  private face(at: number, next: number, mm2: number): void {
    const { values } = this.picture;
    const { middle, scatter } = this.like;
    const here = values[at] ?? 0;
    const there = values[next] ?? 0;
    const sign = this.held[next] === 1 ? -1 : 1;
    const outwards = (Math.abs(there - middle) - Math.abs(here - middle)) * sign;
    const step = (Math.abs(there - here) + RING * Math.max(0, outwards)) / scatter;
    this.area += sign * mm2;
    this.strength += sign * (step / (step + CERTAIN)) * mm2;
  }

  private judge(): boolean {
    const off = Math.log(this.count / this.size.voxels) / this.size.spread;
    const onEdges = this.area > 0 ? Math.max(0, this.strength) / this.area : 0;
    const score = Math.log(onEdges + FLAT) - 0.5 * off * off;
    if (score > this.bestScore) {
      this.bestScore = score;
      this.bestCount = this.count;
    }
    return off < 0 || Math.log(1 + FLAT) - 0.5 * off * off > this.bestScore;
  }

  best(): Int32Array {
    return this.order.subarray(0, this.bestCount);
  }
}

/**
 * The region with its surface smoothed together with what was drawn before, whose own surface stays as it is; hints
 * are obeyed at their places.
 */
function softened({ picture, inside, add, fresh, open }: Question, region: Int32Array, others: Int32Array): Uint8Array<ArrayBuffer> {
  const there = add ? 1 : 0;
  const soft = new Uint8Array(inside.length);
  for (const at of region) soft[at] = 255;
  const { places, shape } = neighbourhood(picture, region);
  const before = Float32Array.from(places, (at) => (inside[at] === there ? 255 : 0));
  const after = before.map((value, n) => (soft[places[n] ?? 0] === 255 ? 255 : value));
  const { spacing } = picture;
  const was = blurred({ values: before, shape, spacing }, SMOOTH_MM).values;
  const is = blurred({ values: after, shape, spacing }, SMOOTH_MM).values;
  places.forEach((at, n) => {
    const drawsItself = soft[at] === 0 && (was[n] ?? 0) >= 127.5;
    soft[at] = open[at] === 1 && !drawsItself ? Math.round(is[n] ?? 0) : 0;
  });
  for (const at of others) soft[at] = 0;
  for (const at of fresh) soft[at] = 255;
  return soft;
}

/** The voxels of the box around some voxels and as far as smoothing reaches. */
function neighbourhood({ shape, spacing }: Picture, voxels: Int32Array): { places: Int32Array; shape: Triple } {
  const low: [number, number, number] = [...shape];
  const high: [number, number, number] = [0, 0, 0];
  for (const at of voxels) {
    const place = placeOf(at, shape);
    for (const axis of [0, 1, 2] as const) {
      low[axis] = Math.min(low[axis], place[axis]);
      high[axis] = Math.max(high[axis], place[axis] + 1);
    }
  }
  for (const axis of [0, 1, 2] as const) {
    const reach = Math.ceil((3 * SMOOTH_MM) / spacing[axis]);
    low[axis] = Math.max(0, low[axis] - reach);
    high[axis] = Math.min(shape[axis], high[axis] + reach);
  }
  const extent: Triple = [high[0] - low[0], high[1] - low[1], high[2] - low[2]];
  const places = new Int32Array(extent[0] * extent[1] * extent[2]);
  for (let k = low[0], n = 0; k < high[0]; k += 1) {
    for (let j = low[1]; j < high[1]; j += 1) for (let i = low[2]; i < high[2]; i += 1, n += 1) places[n] = (k * shape[1] + j) * shape[2] + i;
  }
  return { places, shape: extent };
}
