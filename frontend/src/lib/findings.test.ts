import { describe, expect, it } from 'vitest';
import { nearness, nextOpen, percentScore, stepped, type Finding, type FindingState } from './findings';

const finding = (id: string, state: FindingState = 'open'): Finding => ({ id, position_mm: [0, 0, 0], score: 0.5, state });
const THREE = [finding('a'), finding('b', 'dismissed'), finding('c')];

describe('the way through findings', () => {
  it('goes round in both directions, and begins at the first or the last', () => {
    const walk = (id: string | null, step: 1 | -1): string | undefined => stepped(THREE, id, step)?.id;
    expect([walk('a', 1), walk('c', 1), walk('a', -1), walk('b', -1)]).toEqual(['b', 'a', 'c', 'a']);
    expect([walk(null, 1), walk(null, -1), walk('gone', 1)]).toEqual(['a', 'c', 'a']);
    expect(stepped([], null, 1)).toBeNull();
  });

  it('finds the next that nobody has judged, and none where this one is the last', () => {
    expect(nextOpen(THREE, 'a')?.id).toBe('c');
    expect(nextOpen(THREE, 'c')?.id).toBe('a');
    expect(nextOpen([finding('a'), finding('b', 'accepted')], 'a')).toBeNull();
  });
});

describe('marks', () => {
  it('are clear on their slice, faint beside it and gone further away', () => {
    expect(nearness(1.2, 2.5)).toBe(1);
    expect(nearness(2.5, 2.5)).toBeGreaterThan(nearness(5, 2.5));
    expect(nearness(2.5, 2.5)).toBeLessThan(0.6);
    expect(nearness(6, 2.5)).toBe(0);
  });

  it('are never between two thick slices only', () => {
    expect(nearness(5, 10)).toBe(1);
    expect(nearness(10, 10)).toBeGreaterThan(0);
  });

  it('print a score as per cent', () => expect(percentScore(0.874)).toBe('87 %'));
});
