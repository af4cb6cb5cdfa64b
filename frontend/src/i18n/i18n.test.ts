import { describe, expect, test } from 'vitest';
import { Problem } from '../api/problem';
import { en } from './en';
import { fill, firstLanguage, isKey, translators } from './index';
import { ja } from './ja';
import { logText, problemText, slugText, stageText } from './problems';

const phrases: Record<string, string> = en;
const translated: Record<string, string> = ja;
const parameters = (phrase: string): string[] => [...phrase.matchAll(/\{\w+\}/g)].map(([name]) => name).sort();
const t = translators.en;

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
    expect(slugText({ slug: 'missing-slices', detail: '3 after 10 mm' }, t)).toBe('Slices are missing: 3 after 10 mm');
  });

  test('a detail that repeats the phrase is not said twice', () => {
    expect(slugText({ slug: 'not-dicom', detail: 'not a DICOM file: no DICM' }, t)).toBe('Not a DICOM file: no DICM');
    const nifti = { slug: 'nifti-not-allowed', detail: 'this project takes no NIfTI' };
    expect(slugText(nifti, t)).toBe('NIfTI is not allowed in this project');
  });

  test('an unknown slug shows what the server said', () => {
    expect(slugText({ slug: 'brand-new', detail: 'the reason' }, t)).toBe('the reason');
    expect(problemText(new Problem({ status: 418, slug: 'brand-new', title: 'Teapot', detail: 'short' }), t)).toBe(
      'Teapot: short',
    );
  });

  test('numbers of a finding are said in the language of the page', () => {
    const said = { slug: 'volume-small', detail: '1.2 cc; 3 to 9 cc in training', values: { cc: 1.2, low: 3, high: 9 } };
    expect(slugText(said, translators.ja)).toBe('体積が通常より小さい：1.2 cc（学習データでは 3～9 cc）');
  });

  test('a Japanese page shows names, and no English sentence', () => {
    const problem = { status: 409, slug: 'own-work', title: 'Your own', detail: 'you drew Brain yourself' };
    expect(problemText(new Problem({ ...problem, extensions: { name: 'Brain' } }), translators.ja)).toBe(
      '自分が描画・確認・提出したものは、別のアカウントをもつ同僚の承認が必要です：Brain',
    );
    expect(problemText(new Problem(problem), translators.ja)).toBe('自分が描画・確認・提出したものは、別のアカウントをもつ同僚の承認が必要です');
  });

  test('a stage is said in the language of the page, an unknown one in the server’s words', () => {
    const stage = { slug: 'case', values: { n: 2, total: 7 } };
    expect(stageText({ stage, message: 'Case 2 of 7' }, translators.ja)).toBe('症例 2 / 7');
    expect(stageText({ stage: { slug: 'new', values: {} }, message: 'Something new' }, translators.ja)).toBe('Something new');
  });

  test('a line of a log is said in the language of the page, an old one as it was written', () => {
    const said = { slug: 'evaluating', values: { n: 3 } };
    expect(logText({ said, line: 'evaluating on 3 locked test scans' }, translators.ja)).toBe('固定テストの画像 3 件で評価中');
    expect(logText({ said: null, line: 'as it was' }, translators.ja)).toBe('as it was');
  });

  test('what is not a problem of the server does not leak', () => {
    expect(problemText(new TypeError('x is undefined'), t)).toBe(t('common.unexpected'));
  });
});
