import { describe, expect, test } from 'vitest';
import { nearestIndex, niceScale, roundStep, tickLabel, toPixel } from './scale';

describe('scale', () => {
  test.each([
    [0.031, 0.05],
    [1, 1],
    [2.2, 2.5],
    [7, 10],
    [130, 200],
  ])('a step of %d becomes the round %d', (raw, round) => {
    expect(roundStep(raw)).toBeCloseTo(round, 12);
  });

  test('all values lie inside and ticks are round', () => {
    const scale = niceScale([0.13, 0.87], 5);
    expect(scale.ticks).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect([scale.low, scale.high]).toEqual([0, 1]);
  });

  test('one value gets a band around it', () => {
    const scale = niceScale([400], 5);
    expect(scale.low).toBeLessThan(400);
    expect(scale.high).toBeGreaterThan(400);
  });

  test('whole numbers have whole ticks, also few of them', () => {
    expect(niceScale([1, 4], 6, { whole: true }).ticks).toEqual([1, 2, 3, 4]);
    expect(niceScale([0, 12], 5, { whole: true }).ticks).toEqual([0, 5, 10, 15]);
    expect(niceScale([0, 250], 10, { whole: true }).ticks.slice(0, 3)).toEqual([0, 25, 50]);
    expect(niceScale([2], 6, { whole: true }).ticks.every(Number.isInteger)).toBe(true);
  });

  test('a Dice fills its axis and never goes beyond one', () => {
    const dice = { low: 0, high: 1 };
    expect(niceScale([0.71, 0.78], 5, dice)).toEqual({ low: 0.7, high: 0.78, ticks: [0.7, 0.72, 0.74, 0.76, 0.78] });
    const single = niceScale([0.98], 5, dice);
    expect([single.high, single.ticks.at(-1)]).toEqual([1, 1]);
  });

  test('nothing, or nothing finite, still makes a scale', () => {
    expect(niceScale([], 5).high).toBeGreaterThan(niceScale([], 5).low);
    expect(niceScale([Number.NaN], 5)).toEqual(niceScale([], 5));
  });

  test('ends of the data are ends of the axis', () => {
    const scale = { low: 10, high: 20, ticks: [] };
    expect([toPixel(scale, 10, 100, 300), toPixel(scale, 15, 100, 300), toPixel(scale, 20, 300, 100)]).toEqual([
      100, 200, 100,
    ]);
  });

  test('the nearest entry is found, none in an empty list', () => {
    expect(nearestIndex([0, 50, 100], 70)).toBe(1);
    expect(nearestIndex([], 70)).toBe(-1);
  });

  test('ticks have no needless digits', () => {
    expect([0.30000000000000004, 1200, 0.05].map(tickLabel)).toEqual(['0.3', '1200', '0.05']);
  });
});
