import { describe, expect, it } from 'vitest';
import { metricOf, parseMetric, type Metric } from './dose-metric';
import { dvhOf, Histogram, type Dvh } from './dvh';
import { bestOf, judge, judgeAny, judgeUnion, partDecides, type Judgement, type Target, type Verdict } from './objectives';

/** 1000 voxels of 0.01 cm³ from 0 to 100 Gy, evenly, and as many outside the dose grid as asked for. */
function even(outside = 0): Dvh {
  const histogram = new Histogram(0, 100);
  for (let n = 0; n < 1000; n += 1) histogram.change((n + 0.5) / 10, 0.05, 1);
  histogram.outside = outside;
  return dvhOf(histogram, 0.01);
}

function metric(text: string): Metric {
  const found = parseMetric(text);
  if (found === null) throw new Error(text);
  return found;
}

const target = (text: string, limit: number, variation: number | null = null, comparison: Target['comparison'] = 'at-most'): Target =>
  ({ metric: metric(text), limit, variation, comparison }); // prettier-ignore

describe('metrics', () => {
  it('are read in the form that the server writes, and nothing else is', () => {
    expect(['mean', 'D95', 'D0.03cc', 'V20Gy', 'V80.5Gycc'].map((text) => Object.values(metric(text)))).toEqual([
      ['mean', 0, 'Gy', 'D', 'mean'],
      ['dose-at-percent', 95, 'Gy', 'D', '95%'],
      ['dose-at-cc', 0.03, 'Gy', 'D', '0.03cc'],
      ['percent-at-gy', 20, '%', 'V', '20Gy'],
      ['cc-at-gy', 80.5, 'cc', 'V', '80.5Gy'],
    ]);
    expect(['', 'D', 'V20', 'Dmean', 'D1.2.3', 'D95%', 'EUD'].map(parseMetric)).toEqual(Array(7).fill(null));
  });

  it('answer what they ask', () => {
    const values: [string, number][] = [['mean', 50], ['min', 0], ['max', 100], ['D95', 5], ['D1cc', 90], ['V20Gy', 80], ['V20Gycc', 8]]; // prettier-ignore
    for (const [text, value] of values) expect(metricOf(metric(text), even())).toBeCloseTo(value, 0);
    expect(metricOf(metric('D11cc'), even())).toBeNaN();
  });
});

describe('an objective', () => {
  const verdict = (wanted: Target, dvh = even()): string => judge(wanted, dvh).verdict;

  it('passes up to its limit, varies up to the variation and fails beyond', () => {
    expect([60, 49].map((limit) => verdict(target('mean', limit)))).toEqual(['pass', 'fail']);
    expect([51, 49].map((variation) => verdict(target('mean', 40, variation)))).toEqual(['variation', 'fail']);
    expect(verdict(target('D95', 4, null, 'at-least'))).toBe('pass');
    expect([4, 5.5].map((variation) => verdict(target('D95', 6, variation, 'at-least')))).toEqual(['variation', 'fail']);
  });

  it('is unknown for a reason', () => {
    expect(judge(target('D11cc', 50), even())).toEqual({ verdict: 'unknown', value: null, reason: 'too-small' });
    expect(judge(target('D11cc', 50), even(500)).reason).toBe('partly-outside-dose');
    const partly = judge(target('mean', 60), even(500));
    expect(partly).toMatchObject({ verdict: 'unknown', reason: 'partly-outside-dose' });
    expect(partly.value).toBeCloseTo(50, 3);
    const nowhere = new Histogram(0, 100);
    nowhere.outside = 1;
    expect(judge(target('mean', 60), dvhOf(nowhere, 1)).reason).toBe('outside-dose');
  });

  it('is judged where the part without dose cannot change the verdict', () => {
    expect(['max', 'D0.03cc', 'V50Gycc'].map((text) => verdict(target(text, 4), even(500)))).toEqual(['fail', 'fail', 'fail']);
    expect(verdict(target('max', 101), even(500))).toBe('unknown');
    expect(verdict(target('max', 4, 101), even(500))).toBe('unknown');
    expect(verdict(target('min', 1, null, 'at-least'), even(500))).toBe('fail');
    expect(verdict(target('mean', 60), even(1))).toBe('pass');
  });
});

describe('one of several that is enough', () => {
  const of = (verdict: Verdict, value = 0): Judgement => ({ verdict, value, reason: null });

  it('is the one that passes; else one that is unknown might have', () => {
    const best = (first: Verdict, second: Verdict): Verdict => bestOf([of(first), of(second)]).verdict;
    const pairs: [Verdict, Verdict, Verdict][] = [
      ['fail', 'pass', 'pass'], ['unknown', 'pass', 'pass'], ['fail', 'unknown', 'unknown'], ['variation', 'unknown', 'unknown'],
      ['fail', 'variation', 'variation'], ['fail', 'fail', 'fail'],
    ]; // prettier-ignore
    for (const [a, b, kept] of pairs) expect([best(a, b), best(b, a)]).toEqual([kept, kept]);
    expect(bestOf([of('fail', 27), of('fail', 26)]).value).toBe(27);
  });

  it('is told by those that are there where another one lacks, if it passes', () => {
    const told = (limit: number, dvhs: readonly Dvh[]) => judgeAny(target('mean', limit), dvhs, 'not-contoured');
    expect(told(51, [even()])).toMatchObject({ verdict: 'pass', reason: null });
    expect(told(49, [even()])).toMatchObject({ verdict: 'unknown', reason: 'not-contoured' });
    expect(told(49, [even()])?.value).toBeCloseTo(50, 3);
    expect(told(51, [])).toEqual({ verdict: 'unknown', value: null, reason: 'not-contoured' });
    expect(judgeAny(target('mean', 51), [], null)).toBeNull();
    expect(judgeAny(target('mean', 49), [even()], null)?.verdict).toBe('fail');
  });
});

describe('one volume of several', () => {
  it('is judged without one of them where that could not change the verdict', () => {
    const told = (text: string, limit: number, variation: number | null = null) => judgeUnion(target(text, limit, variation), even(), 'ambiguous');
    expect(told('max', 99)).toMatchObject({ verdict: 'fail', reason: null });
    expect(told('max', 101)).toEqual({ verdict: 'unknown', value: null, reason: 'ambiguous' });
    expect(told('max', 99, 101)).toMatchObject({ verdict: 'unknown' });
    expect([40, 60].map((limit) => told('mean', limit)?.verdict)).toEqual(['unknown', 'unknown']);
    expect(judgeUnion(target('max', 99), null, 'not-contoured')).toEqual({ verdict: 'unknown', value: null, reason: 'not-contoured' });
    expect(judgeUnion(target('mean', 60), even(), null)?.verdict).toBe('pass');
    expect(judgeUnion(target('mean', 60), null, null)).toBeNull();
    expect(['max', 'min', 'D1cc', 'V20Gycc', 'mean', 'D95', 'V20Gy'].map((text) => partDecides(metric(text)))).toEqual([
      true, true, true, true, false, false, false,
    ]); // prettier-ignore
  });
});
