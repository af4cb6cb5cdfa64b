import { describe, expect, it } from 'vitest';
import { colourMap, endOf, mapColour, type Range } from './map-colours';

const COUNTS: Range = { low: 0, high: 1 };
const SIGNED: Range = { low: -0.02, high: 0.01 };
/** Perceived lightness, roughly: the luma of sRGB. */
const luma = (colour: string): number => {
  const [red = 0, green = 0, blue = 0] = (colour.match(/\d+/g) ?? []).map(Number);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const pixels = (values: number[], range: Range, threshold: number): Uint32Array => {
  const out = new Uint32Array(values.length);
  colourMap(Float32Array.from(values), range, threshold, out);
  return out;
};
const css = (pixel = 0): string => `rgb(${pixel & 255} ${(pixel >> 8) & 255} ${(pixel >> 16) & 255})`;

describe('colours of a map', () => {
  it('grow lighter with what counts, and away from 0 on both sides where a map is signed', () => {
    const shares = Array.from({ length: 21 }, (_, n) => n / 20);
    for (const [range, side] of [[COUNTS, 1], [SIGNED, 1], [SIGNED, -1]] as const) {
      const lightness = shares.map((share) => luma(mapColour(range, side * share)));
      expect([...lightness].sort((a, b) => a - b)).toEqual(lightness);
    }
  });

  it('are blue below 0 and warm above, as far from the middle for as large a value', () => {
    expect(endOf(SIGNED)).toBe(0.02);
    const [below, above, farAbove] = pixels([-0.02, 0.01, 0.02], SIGNED, 0);
    expect([css(below), css(above), css(farAbove)]).toEqual([mapColour(SIGNED, -1), mapColour(SIGNED, 0.5), mapColour(SIGNED, 1)]);
    const [red = 0, , blue = 0] = (css(below).match(/\d+/g) ?? []).map(Number);
    expect(blue).toBeGreaterThan(red);
  });

  it('leave clear what is below the threshold, exactly 0 or not known', () => {
    const alpha = (out: Uint32Array): number[] => [...out].map((pixel) => pixel >>> 24);
    expect(alpha(pixels([NaN, 0, 0.19, 0.2, 1, 2, -1], COUNTS, 0.2))).toEqual([0, 0, 0, 255, 255, 255, 0]);
    expect(alpha(pixels([NaN, 0, -0.003, 0.003, -0.005, 0.005], SIGNED, 0.2))).toEqual([0, 0, 0, 0, 255, 255]);
    expect(alpha(pixels([0, 1e-9], COUNTS, 0))).toEqual([0, 255]);
  });

  it('end with the range: what is beyond has the last colour', () => {
    expect(css(pixels([3], COUNTS, 0)[0])).toBe(mapColour(COUNTS, 1));
    expect(css(pixels([-1], SIGNED, 0)[0])).toBe(mapColour(SIGNED, -1));
  });
});
