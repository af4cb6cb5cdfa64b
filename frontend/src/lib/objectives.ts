/**
 * Plan objectives, judged as `rt/objectives.py` does: pass up to the limit, an acceptable variation up to the next one,
 * fail beyond. Where a part of the structure has no dose, a verdict stands only if no dose of that part could change it.
 * Some objectives are of several structures at once: one of them is to be spared (`any`), or they count as one volume
 * (`union`), or the one or the other.
 */
import { metricOf, type Metric, type MetricKind } from './dose-metric';
import type { Dvh } from './dvh';

export type Target = {
  readonly metric: Metric;
  readonly comparison: 'at-most' | 'at-least';
  readonly limit: number;
  readonly variation: number | null;
};
export type Verdict = 'pass' | 'variation' | 'fail' | 'unknown';
export type Reason = 'not-contoured' | 'ambiguous' | 'outside-dose' | 'partly-outside-dose' | 'too-small';
export type Judgement = {
  readonly verdict: Verdict;
  /** Of the part within the dose grid; null where there is none. */
  readonly value: number | null;
  /** Of a verdict that is unknown. */
  readonly reason: Reason | null;
};

/** Part of a volume without dose that leaves every verdict standing. */
const NEGLIGIBLE_OUTSIDE = 0.001;
/** Which way alone more volume can move a value; the others it can move both ways. */
const MORE_VOLUME: Partial<Record<MetricKind, number>> = { max: Infinity, 'dose-at-cc': Infinity, 'cc-at-gy': Infinity, min: -Infinity };

function verdictOf({ comparison, limit, variation }: Target, value: number): Verdict {
  const sign = comparison === 'at-most' ? 1 : -1;
  if (sign * value <= sign * limit) return 'pass';
  return variation !== null && sign * value <= sign * variation ? 'variation' : 'fail';
}

/** Whether a structure's histogram keeps an objective. */
export function judge(target: Target, dvh: Dvh): Judgement {
  if (dvh.covered === 0) return { verdict: 'unknown', value: null, reason: 'outside-dose' };
  const partly = 1 - dvh.covered > NEGLIGIBLE_OUTSIDE;
  const value = metricOf(target.metric, dvh);
  if (Number.isNaN(value)) return { verdict: 'unknown', value: null, reason: partly ? 'partly-outside-dose' : 'too-small' };
  const verdict = verdictOf(target, value);
  if (partly) {
    const furthest = MORE_VOLUME[target.metric.kind];
    if (furthest === undefined || verdictOf(target, furthest) !== verdict) return { verdict: 'unknown', value, reason: 'partly-outside-dose' };
  }
  return { verdict, value, reason: null };
}

const ORDER: readonly Verdict[] = ['pass', 'unknown', 'variation', 'fail'];

/**
 * The judgement that counts where keeping one of several is enough, the first of equals. One that passes settles it;
 * else one that is unknown leaves it unknown, for it might have passed.
 */
export function bestOf(judgements: readonly [Judgement, ...Judgement[]]): Judgement {
  const rank = ({ verdict }: Judgement): number => ORDER.indexOf(verdict);
  return judgements.reduce((best, one) => (rank(one) < rank(best) ? one : best));
}
