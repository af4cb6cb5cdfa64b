import { describe, expect, test } from 'vitest';
import { formatAgo, formatBytes, formatDate, formatPersonName, formatRatio, formatSeconds, formatSigned } from './format';

describe('format', () => {
  test('DICOM and ISO dates look the same', () => {
    expect([formatDate('20261120'), formatDate('2026-11-20T10:00:00Z'), formatDate('')]).toEqual([
      '2026-11-20',
      '2026-11-20',
      '–',
    ]);
  });

  test('a person name prefers its ideographic group', () => {
    expect(formatPersonName('Yamada^Tarou=山田^太郎=やまだ^たろう')).toBe('山田 太郎');
    expect(formatPersonName('DOE^JANE^^DR')).toBe('DOE JANE DR');
    expect(formatPersonName('')).toBe('');
  });

  test('times that have passed use the largest unit', () => {
    const now = Date.parse('2026-11-20T12:00:00Z');
    expect(formatAgo('2026-11-20T11:57:00Z', now, 'en')).toBe('3 min. ago');
    expect(formatAgo('2026-11-19T11:57:00Z', now, 'ja')).toBe('昨日');
  });

  test('durations and sizes', () => {
    expect([5, 65, 7800].map((one) => formatSeconds(one, 'en'))).toEqual(['5 s', '1 min 5 s', '2 h 10 min']);
    expect([5, 65, 7800].map((one) => formatSeconds(one, 'ja'))).toEqual(['5秒', '1分5秒', '2時間10分']);
    expect([0, 999, 1500, 123_456_789].map(formatBytes)).toEqual(['0 B', '999 B', '1.5 kB', '123 MB']);
  });

  test('figures keep their sign and their absence', () => {
    expect([formatSigned(0.01), formatSigned(-0.01), formatSigned(-1e-9)]).toEqual(['+0.010', '−0.010', '±0.000']);
    expect(formatRatio(null)).toBe('–');
  });
});
