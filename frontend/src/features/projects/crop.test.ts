import { describe, expect, it } from 'vitest';
import { cropOf, NO_CROP } from './crop';

describe('cropOf', () => {
  it('asks for nothing when nothing is filled in', () => {
    expect(cropOf(NO_CROP)).toBeNull();
    expect(cropOf({ ...NO_CROP, join: 'any', structures: ' ' })).toBeNull();
  });

  it('takes names between commas of either language, dose and margin', () => {
    const fields = { structures: 'Lung_L、 Lung_R,', join: 'any', without: 'GTV', isodose: '20', margin: '2.5' };
    expect(cropOf(fields)).toEqual({
      structures: ['Lung_L', 'Lung_R'],
      any_of: true,
      without: ['GTV'],
      isodose_gy: 20,
      margin_mm: 2.5,
    });
  });

  it('leaves a region of nothing for the server to refuse', () => {
    expect(cropOf({ ...NO_CROP, without: 'GTV' })).toMatchObject({ structures: [], isodose_gy: null, margin_mm: 0 });
  });
});
