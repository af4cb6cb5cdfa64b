/**
 * Ways through a picture: two fronts start from two sets of voxels and each takes the voxels that it reaches first.
 * Dijkstra's algorithm with a ring of doubly linked buckets, so that a voxel costs the same however many wait.
 */
import type { Triple } from './bits';

export const OWN = 1;
export const OTHER = 2;
/** Stretches of a millimetre that the queue tells apart. */
const FINENESS = 8;
const UNREACHED = 0x7fffffff;

export type Ways = {
  readonly shape: Triple;
  readonly spacing: Triple;
  /** What a millimetre through each voxel costs the front of OWN and that of OTHER, from 1 to `most`. */
  readonly cost: readonly [Float32Array, Float32Array];
  /** What a millimetre across the face between two neighbours costs more. */
  readonly across: (from: number, to: number) => number;
  /** The most that a millimetre costs, with its face. */
  readonly most: number;
  /** 1 where the fronts may go. */
  readonly open: Uint8Array;
};

/**
 * Lets the fronts run; `owner` says where they start (OWN, OTHER) and, afterwards, whose each voxel became.
 * `reached` hears of every voxel of OWN in the order of its distance (mm) and ends it all by returning false.
 */
export function spread(ways: Ways, owner: Uint8Array, reached: (at: number, mm: number) => boolean): void {
  const { shape, spacing, cost, across, most, open } = ways;
  const [, nj, ni] = shape;
  const length = new Int32Array(owner.length).fill(UNREACHED);
  const queue = new Buckets(Math.ceil(Math.max(...spacing) * most * FINENESS) + 2, owner.length);
  for (let at = 0; at < owner.length; at += 1) {
    if (owner[at] === 0) continue;
    length[at] = 0;
    queue.put(at, 0);
  }
  const strides = [nj * ni, ni, 1];
  for (let at = queue.take(); at >= 0; at = queue.take()) {
    const mine = owner[at] ?? 0;
    const here = length[at] ?? 0;
    if (mine === OWN && !reached(at, here / FINENESS)) return;
    const i = at % ni;
    const row = (at - i) / ni;
    const j = row % nj;
    const k = (row - j) / nj;
    const own = cost[mine - 1] ?? cost[0];
    for (let move = 0; move < 6; move += 1) {
      const axis = move >> 1;
      const place = axis === 0 ? k : axis === 1 ? j : i;
      if (move & 1 ? place + 1 >= (shape[axis] ?? 0) : place === 0) continue;
      const next = move & 1 ? at + (strides[axis] ?? 1) : at - (strides[axis] ?? 1);
      if (open[next] !== 1 || (length[next] ?? 0) <= here) continue;
      const perMm = Math.min(most, ((own[at] ?? 1) + (own[next] ?? 1)) * 0.5 + across(at, next));
      const there = here + Math.max(1, Math.round(perMm * (spacing[axis] ?? 1) * FINENESS));
      if (there >= (length[next] ?? 0)) continue;
      if (length[next] !== UNREACHED) queue.drop(next, length[next] ?? 0);
      length[next] = there;
      owner[next] = mine;
      queue.put(next, there);
    }
  }
}

/** A queue by whole numbers that never reach further ahead than its ring is long. */
class Buckets {
  private level = 0;
  private waiting = 0;
  private readonly heads: Int32Array;
  private readonly next: Int32Array;
  private readonly previous: Int32Array;

  constructor(reach: number, capacity: number) {
    this.heads = new Int32Array(reach).fill(-1);
    this.next = new Int32Array(capacity);
    this.previous = new Int32Array(capacity);
  }

  put(at: number, level: number): void {
    const bucket = level % this.heads.length;
    const head = this.heads[bucket] ?? -1;
    this.next[at] = head;
    this.previous[at] = -1;
    if (head >= 0) this.previous[head] = at;
    this.heads[bucket] = at;
    this.waiting += 1;
  }

  drop(at: number, level: number): void {
    const before = this.previous[at] ?? -1;
    const after = this.next[at] ?? -1;
    if (before >= 0) this.next[before] = after;
    else this.heads[level % this.heads.length] = after;
    if (after >= 0) this.previous[after] = before;
    this.waiting -= 1;
  }

  /** One of the lowest level, or -1. */
  take(): number {
    if (this.waiting === 0) return -1;
    while ((this.heads[this.level % this.heads.length] ?? -1) < 0) this.level += 1;
    const at = this.heads[this.level % this.heads.length] ?? -1;
    this.drop(at, this.level);
    return at;
  }
}
