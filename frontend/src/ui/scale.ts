/** Scales of charts: round ticks and the line from data to pixels. */

export type Scale = { low: number; high: number; ticks: number[] };

const STEPS = [1, 2, 2.5, 5, 10] as const;

/** The smallest of 1, 2, 2.5, 5 × 10ⁿ that is not below `raw`. */
export function roundStep(raw: number): number {
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = STEPS.find((candidate) => candidate * power >= raw * (1 - 1e-9)) ?? 10;
  return step * power;
}

export type Bounds = { readonly low: number; readonly high: number; readonly whole: boolean };
const UNBOUND: Bounds = { low: -Infinity, high: Infinity, whole: false };

/** The same, in whole numbers. */
function wholeStep(raw: number): number {
  const step = Math.max(1, roundStep(raw));
  return Number.isInteger(step) ? step : 2 * step;
}

/**
 * A scale with about `count` round ticks that encloses all values; one value gets a band around it. It does not go
 * beyond the bounds; where they are `whole`, ticks are whole numbers.
 */
export function niceScale(values: readonly number[], count: number, bounds: Partial<Bounds> = {}): Scale {
  const within = { ...UNBOUND, ...bounds };
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return { low: 0, high: 1, ticks: [0, 1] };
  let low = Math.min(...finite);
  let high = Math.max(...finite);
  if (low === high) {
    const band = low === 0 ? 1 : Math.abs(low) * 0.1;
    low -= band;
    high += band;
  }
  const raw = (high - low) / Math.max(1, count);
  const step = within.whole ? wholeStep(raw) : roundStep(raw);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
  const inside = (tick: number): boolean => tick >= within.low && tick <= within.high;
  const [bottom = 0, top = 1] = [ticks[0], ticks.at(-1)];
  return { low: Math.max(within.low, bottom), high: Math.min(within.high, top), ticks: ticks.filter(inside) };
}

/** The pixel of a value on an axis that starts at `from` and ends at `to`. */
export const toPixel = (scale: Scale, value: number, from: number, to: number): number =>
  from + ((value - scale.low) / (scale.high - scale.low)) * (to - from);

/** The index of the entry of a sorted list that lies nearest to `target`; -1 for an empty list. */
export function nearestIndex(sorted: readonly number[], target: number): number {
  let best = -1;
  let distance = Number.POSITIVE_INFINITY;
  for (const [index, value] of sorted.entries()) {
    const gap = Math.abs(value - target);
    if (gap < distance) {
      best = index;
      distance = gap;
    }
  }
  return best;
}

/** A tick without needless zeros: `1200`, `0.05`. */
export const tickLabel = (value: number): string =>
  Math.abs(value) >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(4)));
