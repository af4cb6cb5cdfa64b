import { expect, test } from 'vitest';
import { stepped, steppedRanges, valueAt } from './steps';

const FALL = [
  { x: 0, y: 1 },
  { x: 4, y: 0.5 },
  { x: 9, y: 0.25 },
];

test('a survival function stays until its next event', () => {
  expect(stepped(FALL)).toEqual([
    { x: 0, y: 1 },
    { x: 4, y: 1 },
    { x: 4, y: 0.5 },
    { x: 9, y: 0.5 },
    { x: 9, y: 0.25 },
  ]);
});

test('so do its limits', () => {
  expect(steppedRanges([{ x: 0, low: 1, high: 1 }, { x: 4, low: 0.3, high: 0.7 }])).toEqual([
    { x: 0, low: 1, high: 1 },
    { x: 4, low: 1, high: 1 },
    { x: 4, low: 0.3, high: 0.7 },
  ]);
});

test('at the time of an event it has fallen already', () => {
  expect([-1, 0, 3.9, 4, 100].map((time) => valueAt(FALL, time, 1))).toEqual([1, 1, 1, 0.5, 0.25]);
});
