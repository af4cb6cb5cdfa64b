import { expect, it } from 'vitest';
import { barLabel, barMm } from './scale-bar';

it.each([
  [1, 160, 100],
  [1, 49.9, 20],
  [1, 50, 50],
  [10, 160, 10],
  [60, 160, 2],
  [0.2, 160, 500],
  [0.16, 160, 1000],
])('at %d pixels a millimetre in %d pixels the bar is %d mm long', (pixelsPerMm, most, mm) => {
  expect(barMm(pixelsPerMm, most)).toBe(mm);
});

it('is left out where a millimetre is too long for the view', () => {
  expect(barMm(60, 30)).toBeNull();
  expect(barMm(NaN, 30)).toBeNull();
});

it('says centimetres from one on', () => {
  expect([1, 5, 10, 50, 1000].map(barLabel)).toEqual(['1 mm', '5 mm', '1 cm', '5 cm', '100 cm']);
});
