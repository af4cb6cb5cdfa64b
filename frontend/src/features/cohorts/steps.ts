/** Step functions of survival: corners for a line, the value at a time, the patients still watched. */
import type { Point, Range } from './plot';

/** The corners of a function that stays until the next point. */
export function stepped(points: readonly Point[]): Point[] {
  return points.flatMap((point, index) => {
    const before = points[index - 1];
    return before === undefined ? [point] : [{ x: point.x, y: before.y }, point];
  });
}

/** The same of two limits. */
export function steppedRanges(ranges: readonly Range[]): Range[] {
  return ranges.flatMap((range, index) => {
    const before = ranges[index - 1];
    return before === undefined ? [range] : [{ ...before, x: range.x }, range];
  });
}

/** What the function is at a time; `before` what it is before its first point. */
export function valueAt(points: readonly Point[], time: number, before: number): number {
  let value = before;
  for (const { x, y } of points) {
    if (x > time) break;
    value = y;
  }
  return value;
}
