import { expect, test } from 'vitest';
import { ratioLimits, ratioTicks } from './forest-plot';

test('ticks of ratios are round and within the limits', () => {
  expect(ratioTicks(0.4, 6)).toEqual([0.5, 1, 2, 5]);
});

test('over many decades only their beginnings are marked', () => {
  expect(ratioTicks(0.001, 1000)).toEqual([0.001, 0.01, 0.1, 1, 10, 100, 1000]);
});

test('no effect is always within, and an endless interval is cut', () => {
  const [low, high] = ratioLimits([{ low: 3, high: 1e12 }]);
  expect(low).toBeLessThan(1);
  expect(high).toBeCloseTo(11_000);
});
