import { expect, test } from 'vitest';
import { barOf, MOST_Z, zColour } from './heat';

test('the mean is dark, and beyond the ends nothing changes', () => {
  expect(zColour(0)).toEqual([24, 30, 37]);
  expect(zColour(MOST_Z)).toEqual(zColour(99));
  expect(zColour(-MOST_Z)).not.toEqual(zColour(MOST_Z));
});

test('what is not known is neither high nor low', () => {
  expect([zColour(-1), zColour(0), zColour(1)]).not.toContainEqual(zColour(null));
});

test('categories get a colour each, in their order, and the missing none', () => {
  const bar = barOf({ name: 'stage', values: ['III', 'I', null, 'III'] });
  expect(bar.keys.map(({ text }) => text)).toEqual(['I', 'III']);
  expect(bar.colours[0]).toBe(bar.colours[3]);
  expect(new Set(bar.colours).size).toBe(3);
});

test('many numbers are on a ramp between the least and the most', () => {
  const bar = barOf({ name: 'age', values: [40, 41, 42, 43, 44, 45, 46, 47, 80, null] });
  expect(bar.range).toEqual({ low: 40, high: 80 });
  expect(bar.keys).toEqual([]);
});

test('0 and 1 are categories', () => {
  expect(barOf({ name: 'hpv', values: [1, 0, 0] }).keys.map(({ text }) => text)).toEqual(['0', '1']);
});
