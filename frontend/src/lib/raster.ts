/**
 * Shapes on a slice as spans of voxels. Positions are voxel indices (a voxel's centre is a whole number),
 * sizes are millimetres.
 */
export type Span = (u0: number, u1: number, v: number) => void;
export type Point = readonly [number, number];
export type Spacing = readonly [number, number];

/** The voxels whose centre lies within `radiusMm` of `centre`; at least the one nearest to it. `u1` is exclusive. */
export function disk(centre: Point, radiusMm: number, spacing: Spacing, span: Span): void {
  const [u, v] = centre;
  const ru = radiusMm / spacing[0];
  const rv = radiusMm / spacing[1];
  let drawn = false;
  for (let y = Math.ceil(v - rv); y <= Math.floor(v + rv); y += 1) {
    const half = ru * Math.sqrt(Math.max(0, 1 - ((y - v) / rv) ** 2));
    const u0 = Math.ceil(u - half);
    const u1 = Math.floor(u + half) + 1;
    if (u1 > u0) {
      span(u0, u1, y);
      drawn = true;
    }
  }
  if (!drawn) span(Math.round(u), Math.round(u) + 1, Math.round(v));
}

/** Centres of disks along a stroke, near enough that their union has a smooth edge; `from` is left out. */
export function stepsBetween(from: Point, to: Point, radiusMm: number, spacing: Spacing): Point[] {
  const length = Math.hypot((to[0] - from[0]) * spacing[0], (to[1] - from[1]) * spacing[1]);
  const step = Math.max(radiusMm / 4, 0.5 * Math.min(...spacing));
  const count = Math.max(1, Math.ceil(length / step));
  return Array.from({ length: count }, (_, n) => {
    const t = (n + 1) / count;
    return [from[0] + (to[0] - from[0]) * t, from[1] + (to[1] - from[1]) * t];
  });
}

/** The voxels whose centre lies inside a closed polygon (non-zero winding, so a crossing stroke leaves no hole). */
export function polygon(points: readonly Point[], span: Span): void {
  const rows = points.map((point) => point[1]);
  const last = Math.floor(Math.max(...rows));
  for (let y = Math.ceil(Math.min(...rows)); y <= last; y += 1) {
    let winding = 0;
    let start = 0;
    for (const [u, step] of crossings(points, y)) {
      if (winding === 0) start = u;
      winding += step;
      if (winding === 0 && Math.ceil(u) > Math.ceil(start)) span(Math.ceil(start), Math.ceil(u), y);
    }
  }
}

/** Where the polygon crosses a row, from left to right, and in which sense. */
function crossings(points: readonly Point[], y: number): [number, 1 | -1][] {
  const found: [number, 1 | -1][] = [];
  let before = points[points.length - 1];
  for (const point of points) {
    if (before !== undefined && before[1] <= y !== point[1] <= y) {
      const t = (y - before[1]) / (point[1] - before[1]);
      found.push([before[0] + t * (point[0] - before[0]), point[1] > before[1] ? 1 : -1]);
    }
    before = point;
  }
  return found.sort((a, b) => a[0] - b[0]);
}
