import { describe, expect, it } from 'vitest';
import { readTruth } from './truth';

const HEAD = 'study_id,x_mm,y_mm,z_mm,radius_mm\n';

describe('a table of true lesions', () => {
  it('gives the lesions of each study', () => {
    const { lesions, wrongLine } = readTruth(`${HEAD}a,1,-2,3.5,8\r\na,4,5,6,2\nb,0,0,0,1\n\n`, new Set(['a', 'b']));
    expect(wrongLine).toBeNull();
    expect(lesions.get('a')).toEqual([
      { position_mm: [1, -2, 3.5], radius_mm: 8 },
      { position_mm: [4, 5, 6], radius_mm: 2 },
    ]);
    expect(lesions.get('b')).toHaveLength(1);
  });

  it.each([
    ['another head', 'id,x\n', 1],
    ['an unknown study', `${HEAD}c,1,2,3,4\n`, 2],
    ['an empty cell', `${HEAD}a,1,,3,4\n`, 2],
    ['a radius of 0', `${HEAD}a,1,2,3,4\na,1,2,3,0\n`, 3],
  ])('names the line of %s', (_, text, line) => {
    expect(readTruth(text, new Set(['a'])).wrongLine).toBe(line);
  });
});
