import { describe, expect, it } from 'vitest';
import { colourDoses, doseColour, LEVELS } from './dose-colours';

/** Perceived lightness, roughly: the luma of sRGB. */
const luma = (colour: string): number => {
  const [red = 0, green = 0, blue = 0] = (colour.match(/\d+/g) ?? []).map(Number);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};

describe('colours of dose', () => {
  it('grow lighter up to 95 % of the reference, and no two isodoses have the same', () => {
    const shares = Array.from({ length: 20 }, (_, n) => 0.05 * n);
    const lightness = shares.map((share) => luma(doseColour(share)));
    expect([...lightness].sort((a, b) => a - b)).toEqual(lightness);
    expect(new Set(LEVELS.map(doseColour)).size).toBe(LEVELS.length);
  });

  it('follow the reference, and leave clear what is below the threshold or unknown', () => {
    const out = new Uint32Array(5);
    colourDoses(Float32Array.from([NaN, 6.9, 7, 70, 500]), 70, 7, out);
    const alpha = [...out].map((pixel) => pixel >>> 24);
    expect(alpha).toEqual([0, 0, 255, 255, 255]);
    const [red, green, blue] = [(out[3] ?? 0) & 255, ((out[3] ?? 0) >> 8) & 255, ((out[3] ?? 0) >> 16) & 255];
    expect([red, green, blue].join(' ')).toBe('255 138 24');
    colourDoses(Float32Array.from([0, -1]), 70, 0, out);
    expect([out[0], out[1]]).toEqual([0, 0]);
  });
});
