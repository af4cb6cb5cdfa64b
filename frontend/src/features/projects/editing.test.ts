import { describe, expect, test } from 'vitest';
import { doubled, isStructureName, moved, replaced, without } from './editing';

describe('editing a list', () => {
  test('a row moves by one and the ends stay', () => {
    expect(moved(['a', 'b', 'c'], 1, -1)).toEqual(['b', 'a', 'c']);
    expect(moved(['a', 'b'], 1, 1)).toEqual(['a', 'b']);
    expect(moved(['a', 'b'], 0, -1)).toEqual(['a', 'b']);
  });

  test('changing and removing leave the original alone', () => {
    const rows = [{ n: 1 }, { n: 2 }];
    expect(replaced(rows, 1, { n: 3 })).toEqual([{ n: 1 }, { n: 3 }]);
    expect(without(rows, 0)).toEqual([{ n: 2 }]);
    expect(rows).toEqual([{ n: 1 }, { n: 2 }]);
  });

  test('names that stand twice are found', () => {
    expect([...doubled(['A', 'B', 'A'])]).toEqual(['A']);
  });

  test.each([
    ['Parotid_L', true],
    ['PTV^70', true],
    ['', false],
    ['_x', false],
    ['左耳下腺', false],
    ['a'.repeat(65), false],
  ])('%s as a structure name: %s', (name, valid) => {
    expect(isStructureName(name)).toBe(valid);
  });
});
