import { expect, test } from 'vitest';
import type { DictionaryEntry } from '../../api/types';
import { readAs, withRole } from './dictionary';

const ENTRY: DictionaryEntry = {
  column: 'os',
  role: 'variable',
  name: 'os',
  kind: 'category',
  unit: 'mm',
  endpoint: '',
  missing: [],
  coding: {},
  decimal: '.',
  date_order: null,
};

test('a column that becomes a time is read as a number in a unit of time', () => {
  expect(withRole(ENTRY, 'time')).toEqual({ ...ENTRY, role: 'time', kind: 'number', unit: 'month' });
});

test('a decimal comma stays', () => {
  expect(readAs(withRole({ ...ENTRY, kind: 'number', decimal: ',' }, 'time'))).toBe('decimal.comma');
});

test('a column that becomes a date is read as one', () => {
  expect(readAs(withRole(ENTRY, 'start'))).toBe('date.auto');
});

test('an event keeps its texts', () => {
  expect(withRole(ENTRY, 'event')).toEqual({ ...ENTRY, role: 'event' });
});
