import { describe, expect, test } from 'vitest';
import { alsoWaiting, isFiltered, modalitiesText, nextSort, readFilters, readSort, sortOf, writeSort } from './filters';

const search = (text: string): URLSearchParams => new URLSearchParams(text);

describe('worklist view', () => {
  test('the address holds the filters', () => {
    const filters = readFilters(search('state=submitted&q=yamada'));
    expect(filters).toMatchObject({ state: 'submitted', q: 'yamada', ai: '' });
    expect(isFiltered(filters)).toBe(true);
    expect(isFiltered(readFilters(search('sort=patient_id')))).toBe(false);
  });

  test('a returned study still says how much of it waits for review', () => {
    expect([alsoWaiting('returned', 2), alsoWaiting('submitted', 2), alsoWaiting('approved', 0)]).toEqual([2, 0, 0]);
  });

  test('clicks on a head go through its orders and back to the server’s', () => {
    const first = nextSort(null, 'date');
    const second = nextSort(first, 'date');
    expect([first, second, nextSort(second, 'date')].map(writeSort)).toEqual(['-study_date', 'study_date', '']);
  });

  test('an order written to the address is read back', () => {
    const sort = nextSort(null, 'patient');
    expect(readSort(search(`sort=${writeSort(sort)}`))).toEqual(sort);
    expect(sortOf('patient', sort)).toBe('ascending');
    expect(sortOf('id', sort)).toBeNull();
  });

  test('modalities are short, with the images first', () => {
    expect(modalitiesText(['CT', 'RTDOSE', 'RTPLAN', 'RTSTRUCT', 'SEG'])).toBe('CT · DOSE · PLAN · STRUCT · SEG');
    expect(modalitiesText(['RTSTRUCT', 'MR', 'RTIMAGE'])).toBe('MR · STRUCT · IMAGE');
  });

  test('an unknown order is ignored', () => {
    expect(readSort(search('sort=password'))).toBeNull();
  });
});
