import { describe, expect, test } from 'vitest';
import { Problem } from '../api/problem';
import { en } from './en';
import { fill, firstLanguage, isKey, translate, type Translate } from './index';
import { ja } from './ja';
import { problemText, slugText } from './problems';

const phrases: Record<string, string> = en;
const translated: Record<string, string> = ja;
const parameters = (phrase: string): string[] => [...phrase.matchAll(/\{\w+\}/g)].map(([name]) => name).sort();
const t: Translate = (key, params) => translate('en', key, params);

describe('phrases', () => {
  test('both languages have the same keys', () => {
    expect(Object.keys(ja).sort()).toEqual(Object.keys(en).sort());
  });

  test('a phrase has the same parameters in both languages', () => {
    const differing = Object.keys(phrases).filter(
      (key) => parameters(phrases[key] ?? '').join() !== parameters(translated[key] ?? '').join(),
    );
    expect(differing).toEqual([]);
  });

  test('no phrase is empty', () => {
    const empty = Object.keys(phrases).filter((key) => phrases[key] === '' || translated[key] === '');
    expect(empty).toEqual([]);
  });

  test('a missing parameter stays visible and a given one is filled in', () => {
    expect(fill('{n} of {total}', { n: 2 })).toBe('2 of {total}');
  });

  test('names of objects are not taken for keys', () => {
    expect(isKey('toString')).toBe(false);
  });
});

describe('first language', () => {
  test('what was chosen wins over what the browser prefers', () => {
    expect(firstLanguage('en', ['ja'])).toBe('en');
  });

  test('the first known language of the browser is taken', () => {
    expect(firstLanguage(null, ['de-DE', 'ja-JP', 'en-US'])).toBe('ja');
  });

  test('an unknown language means English', () => {
    expect(firstLanguage('fr', ['de'])).toBe('en');
  });
});

describe('problems in words', () => {
  test('a known slug gets its phrase before the detail', () => {
    expect(slugText('missing-slices', '3 between 10 and 14', t)).toBe('Slices are missing: 3 between 10 and 14');
  });

  test('a detail that repeats the phrase stands alone', () => {
    expect(slugText('not-dicom', 'not a DICOM file: no DICM', t)).toBe('not a DICOM file: no DICM');
  });

  test('an unknown slug shows what the server said', () => {
    expect(slugText('brand-new', 'the reason', t)).toBe('the reason');
    expect(problemText(new Problem({ status: 418, slug: 'brand-new', title: 'Teapot', detail: 'short' }), t)).toBe(
      'Teapot: short',
    );
  });

  test('what is not a problem of the server does not leak', () => {
    expect(problemText(new TypeError('x is undefined'), t)).toBe(t('common.unexpected'));
  });
});
