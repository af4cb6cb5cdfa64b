import { describe, expect, it } from 'vitest';
import { setToOpen } from './opening-set';

const set = (id: string, origin: 'ai' | 'import' | 'manual', total: number, approved = 0, by_rule = false) => ({
  id, origin, by_rule, structures: { total, approved, submitted: 0, returned: 0, imported: 0 },
}); // prettier-ignore

describe('the set that a study opens with', () => {
  it('is ours where a network or a person drew in it', () => {
    expect(setToOpen([set('plan', 'import', 13), set('ours', 'ai', 9)])?.id).toBe('ours');
  });

  it('is the approved one, or the fullest that came in, while ours holds nothing but regions by rule', () => {
    const ours = set('ours', 'ai', 1, 0, true);
    expect(setToOpen([set('plan', 'import', 13), set('seg', 'import', 1), ours])?.id).toBe('plan');
    expect(setToOpen([set('plan', 'import', 13), set('signed', 'manual', 2, 2), ours])?.id).toBe('signed');
    expect(setToOpen([set('first', 'import', 13), set('second', 'import', 13), ours])?.id).toBe('second');
  });

  it('is ours where there is nothing better, else the newest', () => {
    expect(setToOpen([set('empty', 'manual', 0), set('ours', 'ai', 1, 0, true)])?.id).toBe('ours');
    expect(setToOpen([set('a', 'manual', 0), set('b', 'manual', 0)])?.id).toBe('b');
    expect(setToOpen([])).toBeUndefined();
  });
});
