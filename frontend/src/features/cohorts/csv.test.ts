import { expect, test } from 'vitest';
import { codingText, parseCoding, parseCsv, splitMarkers, toBase64 } from './csv';

test('quoted cells hold delimiters, line ends and quotes', () => {
  expect(parseCsv('id,note\r\n1,"a, ""b""\nc"\r\n', ',')).toEqual([
    ['id', 'note'],
    ['1', 'a, "b"\nc'],
  ]);
});

test('semicolons of a European spreadsheet are understood, and an empty last line is no row', () => {
  expect(parseCsv('id;age\nA;61,5\n\n', ';')).toEqual([
    ['id', 'age'],
    ['A', '61,5'],
  ]);
});

test('the last cell needs no line end, and an empty one is kept', () => {
  expect(parseCsv('a,b\n1,', ',')).toEqual([
    ['a', 'b'],
    ['1', ''],
  ]);
});

test('bytes go as base64, also many of them', () => {
  expect(toBase64(new Uint8Array([0x8a, 0xb3]))).toBe('irM=');
  expect(toBase64(new Uint8Array(100_000)).length).toBe(133_336);
});

test('a coding goes to text and back', () => {
  const coding = { 'dead=yes': 1, alive: 0 };
  expect(parseCoding(codingText(coding))).toEqual(coding);
  expect(parseCoding('yes')).toBeNull();
  expect(parseCoding('yes=')).toBeNull();
  expect(parseCoding('')).toEqual({});
});

test('markers are separated by commas', () => {
  expect(splitMarkers(' NA, -99 ,,')).toEqual(['NA', '-99']);
});
