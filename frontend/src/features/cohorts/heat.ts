/** Colours of a heat map: z-values on a diverging ramp, annotations by what they are. */
import { seriesColour } from '../training/colours';

export type Rgb = readonly [number, number, number];

/** Where a z-value is as far from the mean as is told apart. */
export const MOST_Z = 3;
const LOW: Rgb = [64, 138, 214];
const MIDDLE: Rgb = [24, 30, 37];
const HIGH: Rgb = [232, 106, 70];
const UNKNOWN: Rgb = [70, 76, 84];

const mixed = (from: Rgb, to: Rgb, share: number): Rgb => [
  Math.round(from[0] + (to[0] - from[0]) * share),
  Math.round(from[1] + (to[1] - from[1]) * share),
  Math.round(from[2] + (to[2] - from[2]) * share),
];

/** Blue below the mean, dark at it, orange above; grey where nothing is known. */
export function zColour(z: number | null): Rgb {
  if (z === null || !Number.isFinite(z)) return UNKNOWN;
  const share = Math.min(1, Math.abs(z) / MOST_Z);
  return mixed(MIDDLE, z < 0 ? LOW : HIGH, share);
}

export const cssColour = (rgb: Rgb): string => `rgb(${rgb.join(' ')})`;

export type Value = number | string | null;
export type AnnotationBar = { readonly name: string; readonly values: readonly Value[] };
/** A bar above the map: a colour a patient, and what the colours mean. */
export type Bar = {
  readonly name: string;
  readonly colours: readonly string[];
  readonly keys: readonly { text: string; colour: string }[];
  readonly range: { low: number; high: number } | null;
};

const GREY = cssColour(UNKNOWN);
const RAMP_LOW: Rgb = [38, 50, 56];
const RAMP_HIGH: Rgb = [255, 213, 79];
const MOST_CATEGORIES = 8;

const isNumber = (value: Value): value is number => typeof value === 'number';

/** Categories by the fixed row of colours, numbers (more than a few different ones) on a ramp from dark to yellow. */
export function barOf({ name, values }: AnnotationBar): Bar {
  const known = values.filter((value) => value !== null);
  const different = [...new Set(known)];
  if (known.every(isNumber) && different.length > MOST_CATEGORIES) {
    const [low, high] = [Math.min(...known), Math.max(...known)];
    const colour = (value: Value): string =>
      isNumber(value) ? cssColour(mixed(RAMP_LOW, RAMP_HIGH, (value - low) / (high - low))) : GREY;
    return { name, colours: values.map(colour), keys: [], range: { low, high } };
  }
  const sorted = different.sort((a, b) => (isNumber(a) && isNumber(b) ? a - b : String(a).localeCompare(String(b))));
  const colours = new Map(sorted.map((value, index) => [value, seriesColour(index)]));
  return {
    name,
    colours: values.map((value) => (value === null ? GREY : (colours.get(value) ?? GREY))),
    keys: sorted.map((value) => ({ text: String(value), colour: colours.get(value) ?? GREY })),
    range: null,
  };
}

export const RAMP = `linear-gradient(90deg, ${cssColour(RAMP_LOW)}, ${cssColour(RAMP_HIGH)})`;
export const Z_RAMP = `linear-gradient(90deg, ${cssColour(LOW)}, ${cssColour(MIDDLE)}, ${cssColour(HIGH)})`;
