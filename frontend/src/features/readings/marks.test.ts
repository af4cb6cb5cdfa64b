import { describe, expect, it } from 'vitest';
import { add, begin, judge, marksOf, rate } from './marks';

const at = (x: number, confidence = 80) => ({ position_mm: [x, 0, 0] as const, confidence });

describe('the marks of a reading', () => {
  it('are the reader’s own and those of the AI that he accepted', () => {
    const items = begin([], [at(1), at(2)]);
    expect(marksOf(items)).toEqual([]);
    const judged = judge(judge(items, 'ai-0', 'accepted'), 'ai-1', 'dismissed');
    expect(marksOf(add(judged, [9, 0, 0], 55))).toEqual([at(1), at(9, 55)]);
    expect(judged).toHaveLength(2);
  });

  it('come back as they were saved', () => {
    const items = rate(add(begin([], [at(1)]), [5, 0, 0], 50), 'ai-0', 33);
    expect(begin(marksOf(items), [at(1)])).toEqual(items);
  });

  it('of his own go when they are dismissed, and a new one has a name of its own', () => {
    const two = add(add([], [1, 0, 0], 50), [2, 0, 0], 50);
    const one = judge(two, 'own-0', 'dismissed');
    expect(marksOf(one)).toEqual([at(2, 50)]);
    expect(new Set(add(one, [3, 0, 0], 50).map(({ id }) => id)).size).toBe(2);
  });
});
