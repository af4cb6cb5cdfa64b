/**
 * Outlines of a binary slice by marching squares at one half: every loop runs through the middles between
 * voxel centres, inside always on the same hand, so an even-odd or non-zero fill gives the region back.
 */
import type { BitSlice } from './bits';

/** Closed loops, each as u, v, u, v, ... in voxel indices (a voxel's centre is a whole number). */
export type Loops = Float32Array[];

/** Directed segments of a cell by its corners TL 8, TR 4, BR 2, BL 1; edges T 0, R 1, B 2, L 3. */
const SEGMENTS: readonly (readonly number[])[] = [
  [], [3, 2], [2, 1], [3, 1], [1, 0], [3, 2, 1, 0], [2, 0], [3, 0],
  [0, 3], [0, 2], [0, 3, 2, 1], [0, 1], [1, 3], [1, 2], [2, 3], [],
]; // prettier-ignore

/** The loops around the set pixels of a slice. */
export function outline(slice: BitSlice): Loops {
  const width = slice.width + 2;
  const height = slice.height + 2;
  const next = new Int32Array(2 * width * height).fill(-1);
  const starts = linkCells(slice, width, next);
  const loops: Loops = [];
  for (const start of starts) {
    if ((next[start] ?? -1) >= 0) loops.push(trace(start, next, width, slice));
  }
  return loops;
}

/** Writes for every crossed edge the edge that follows it; returns the edges that have one. */
function linkCells(slice: BitSlice, width: number, next: Int32Array): number[] {
  const { width: w, height: h, pixels } = slice;
  const starts: number[] = [];
  const at = (x: number, y: number): number => (x < 1 || x > w || y < 1 || y > h ? 0 : (pixels[(y - 1) * w + x - 1] ?? 0));
  for (let y = 0; y <= h; y += 1) {
    let left = (at(0, y) << 3) | at(0, y + 1);
    for (let x = 0; x <= w; x += 1) {
      const right = (at(x + 1, y) << 3) | at(x + 1, y + 1);
      const code = left | ((right & 8) >> 1) | ((right & 1) << 1);
      left = right;
      if (code === 0 || code === 15) continue;
      const cell = 2 * (y * width + x);
      const edges = [cell, cell + 3, cell + 2 * width, cell + 1];
      const segments = SEGMENTS[code] ?? [];
      for (let n = 0; n < segments.length; n += 2) {
        const from = edges[segments[n] ?? 0] ?? 0;
        next[from] = edges[segments[n + 1] ?? 0] ?? 0;
        starts.push(from);
      }
    }
  }
  return starts;
}

/** Follows one loop, forgetting its edges, and leaves out points on straight stretches. */
function trace(start: number, next: Int32Array, width: number, slice: BitSlice): Float32Array {
  const points: number[] = [];
  let edge = start;
  do {
    const cell = edge >> 1;
    const vertical = edge & 1;
    const u = (cell % width) + (vertical ? 0 : 0.5) - 1 + slice.u0;
    const v = Math.floor(cell / width) + (vertical ? 0.5 : 0) - 1 + slice.v0;
    const n = points.length;
    const straight = n >= 4 && isStraight(points, n, u, v);
    if (straight) points.splice(n - 2, 2, u, v);
    else points.push(u, v);
    const following = next[edge] ?? -1;
    next[edge] = -1;
    edge = following;
  } while (edge !== start && edge >= 0);
  return Float32Array.from(points);
}

function isStraight(points: number[], n: number, u: number, v: number): boolean {
  const [au = 0, av = 0, bu = 0, bv = 0] = points.slice(n - 4, n);
  return (bu - au) * (v - bv) === (bv - av) * (u - bu);
}
