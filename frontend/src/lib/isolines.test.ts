import { describe, expect, it } from 'vitest';
import { isoSegments } from './isolines';

const field = (width: number, height: number, of: (u: number, v: number) => number): Float32Array =>
  Float32Array.from({ length: width * height }, (_, n) => of(n % width, Math.floor(n / width)));

const ends = (segments: Float32Array | undefined): [number, number][] =>
  Array.from({ length: (segments?.length ?? 0) / 2 }, (_, n) => [segments?.[2 * n] ?? NaN, segments?.[2 * n + 1] ?? NaN]);

const length = (segments: Float32Array | undefined): number => {
  let sum = 0;
  for (let at = 0; at < (segments?.length ?? 0); at += 4) {
    const [u0 = 0, v0 = 0, u1 = 0, v1 = 0] = segments?.subarray(at, at + 4) ?? [];
    sum += Math.hypot(u1 - u0, v1 - v0);
  }
  return sum;
};

describe('lines of equal value', () => {
  it('of a slope are straight, where the value says, from edge to edge', () => {
    const [line] = isoSegments(field(12, 9, (u) => 10 * u), 12, [43]);
    for (const [u] of ends(line)) expect(u).toBeCloseTo(4.3, 5);
    expect(length(line)).toBeCloseTo(8, 5);
  });

  it('of a cone are closed circles of the right radius, one a level', () => {
    const away = (u: number, v: number): number => 70 - Math.hypot(u - 30, v - 30);
    const lines = isoSegments(field(61, 61, away), 61, [59.7, 49.7]);
    for (const [n, radius] of [10.3, 20.3].entries()) {
      const met = new Map<string, number>();
      for (const [u, v] of ends(lines[n])) {
        expect(Math.abs(Math.hypot(u - 30, v - 30) - radius)).toBeLessThan(0.02);
        const name = `${u.toFixed(4)} ${v.toFixed(4)}`;
        met.set(name, (met.get(name) ?? 0) + 1);
      }
      expect([...met.values()].every((count) => count === 2)).toBe(true);
      expect(length(lines[n])).toBeCloseTo(2 * Math.PI * radius, 0);
    }
  });

  it('do not cross what is unknown', () => {
    const half = field(10, 10, (u, v) => (u > 5 ? NaN : v));
    const [line] = isoSegments(half, 10, [4.5]);
    expect(Math.max(...ends(line).map(([u]) => u))).toBe(5);
    expect(length(line)).toBeCloseTo(5, 5);
  });

  it('leave two hot corners apart where the middle is cold, and join them where it is hot', () => {
    const pieces = (values: number[]): string[] => {
      const [line] = isoSegments(Float32Array.from(values), 2, [5]);
      const named = ends(line).map(([u, v]) => `${u.toFixed(2)} ${v.toFixed(2)}`);
      return [0, 2].map((n) => named.slice(n, n + 2).sort().join(', ')).sort(); // prettier-ignore
    };
    expect(pieces([8, 0, 0, 8])).toEqual(['0.00 0.38, 0.38 0.00', '0.63 1.00, 1.00 0.63']);
    expect(pieces([12, 0, 0, 12])).toEqual(['0.00 0.58, 0.42 1.00', '0.58 0.00, 1.00 0.42']);
    expect(pieces([0, 8, 8, 0])).toEqual(['0.00 0.63, 0.38 1.00', '0.63 0.00, 1.00 0.38']);
    expect(pieces([0, 12, 12, 0])).toEqual(['0.00 0.42, 0.42 0.00', '0.58 1.00, 1.00 0.58']);
  });

  it('have no pieces where all is equal or below', () => {
    expect(isoSegments(field(5, 5, () => 5), 5, [5, 4, 9]).map((one) => one.length)).toEqual([0, 0, 0]);
  });
});
