/**
 * The colours of a map of an analysis, as shares of the end of its range. A map of what counts (0 to 1) runs from dark
 * violet to pale yellow; a signed one has two colours that grow lighter away from 0. Neither is taken for a dose, which
 * runs over green, and more looks like more in both.
 */
export type Range = { readonly low: number; readonly high: number };
type Anchor = readonly [share: number, red: number, green: number, blue: number];

const RISING: readonly Anchor[] = [
  [0, 58, 20, 96],
  [0.3, 132, 30, 128],
  [0.6, 222, 66, 92],
  [0.8, 250, 132, 56],
  [1, 255, 236, 120],
];
const SIGNED: readonly Anchor[] = [
  [-1, 150, 220, 255],
  [-0.5, 48, 128, 236],
  [0, 66, 66, 80],
  [0.5, 226, 88, 40],
  [1, 255, 206, 110],
];

/** Whether values below 0 count: then 0 is in the middle of the colours. */
export const isSigned = ({ low }: Range): boolean => low < 0;
/** The value that has the last colour. */
export const endOf = (range: Range): number => (isSigned(range) ? Math.max(-range.low, range.high) : range.high);

function mixed(anchors: readonly Anchor[], share: number): readonly [number, number, number] {
  const next = anchors.findIndex(([at]) => at > share);
  const to = anchors[next < 0 ? anchors.length - 1 : next];
  const from = next < 0 ? to : anchors[Math.max(0, next - 1)];
  if (from === undefined || to === undefined) return [0, 0, 0];
  const t = to[0] === from[0] ? 0 : (share - from[0]) / (to[0] - from[0]);
  const part = (n: 1 | 2 | 3): number => Math.round(from[n] + t * (to[n] - from[n]));
  return [part(1), part(2), part(3)];
}

/** The colour of a share of the end of the range (below 0 on the other side), for CSS. */
export const mapColour = (range: Range, share: number): string => `rgb(${mixed(isSigned(range) ? SIGNED : RISING, share).join(' ')})`;

const STEPS = 512;
const OPAQUE = 0xff000000;

/** One RGBA pixel (as a little-endian number) per step from `first` to 1. */
const tableOf = (anchors: readonly Anchor[], first: number): Uint32Array =>
  Uint32Array.from({ length: STEPS + 1 }, (_, step) => {
    const [red, green, blue] = mixed(anchors, first + (step / STEPS) * (1 - first));
    return OPAQUE | (blue << 16) | (green << 8) | red;
  });

const RISING_TABLE = tableOf(RISING, 0);
const SIGNED_TABLE = tableOf(SIGNED, -1);

/** Colours values; what is nearer to 0 than `threshold` (a share), exactly 0 or unknown (NaN) stays clear. */
export function colourMap(values: Float32Array, range: Range, threshold: number, out: Uint32Array): void {
  const signed = isSigned(range);
  const table = signed ? SIGNED_TABLE : RISING_TABLE;
  const end = endOf(range);
  const lowest = threshold * end;
  const gain = STEPS / (signed ? 2 * end : end);
  const shift = signed ? STEPS / 2 : 0;
  for (let n = 0; n < values.length; n += 1) {
    const value = values[n] ?? NaN;
    const size = signed ? Math.abs(value) : value;
    out[n] = size >= lowest && size > 0 ? (table[Math.min(STEPS, Math.max(0, Math.round(value * gain + shift)))] ?? 0) : 0;
  }
}
