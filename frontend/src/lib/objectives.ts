/**
 * Plan objectives, judged as `rt/objectives.py` does: pass up to the limit, an acceptable variation up to the next one,
 * fail beyond. Where a part of the structure has no dose, a verdict stands only if no dose of that part could change it.
 * Some objectives are of several structures at once: one of them is to be spared (`any`), or they count as one volume
 * (`union`), or the one or the other. Where one of them is lacking, a verdict stands only if that one could not change it.
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
export type Reason = 'not-contoured' | 'ambiguous' | 'outside-dose' | 'partly-outside-dose' | 'too-small' | 'part-of-plan';
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

/** Whether a part of a volume can settle an objective of this metric, whatever the rest gets. */
export const partDecides = ({ kind }: Metric): boolean => MORE_VOLUME[kind] !== undefined;

/** Whether no dose of a further volume could change a verdict. */
function stands(target: Target, verdict: Verdict): boolean {
  const furthest = MORE_VOLUME[target.metric.kind];
  return furthest !== undefined && verdictOf(target, furthest) === verdict;
}

/** Whether a structure's histogram keeps an objective. */
export function judge(target: Target, dvh: Dvh): Judgement {
  if (dvh.covered === 0) return { verdict: 'unknown', value: null, reason: 'outside-dose' };
  const partly = 1 - dvh.covered > NEGLIGIBLE_OUTSIDE;
  const value = metricOf(target.metric, dvh);
  if (Number.isNaN(value)) return { verdict: 'unknown', value: null, reason: partly ? 'partly-outside-dose' : 'too-small' };
  const verdict = verdictOf(target, value);
  if (partly && !stands(target, verdict)) return { verdict: 'unknown', value, reason: 'partly-outside-dose' };
  return { verdict, value, reason: null };
}

/** By value, so that of equal verdicts the better counts; what has none comes last. */
function bestFirst({ metric, comparison }: Target, dvhs: readonly Dvh[]): Dvh[] {
  const rank = (dvh: Dvh): number => {
    const value = metricOf(metric, dvh);
    return Number.isNaN(value) ? Infinity : comparison === 'at-most' ? value : -value;
  };
  return dvhs.toSorted((a, b) => rank(a) - rank(b));
}

/**
 * Whether at least one of several structures keeps an objective, with the value of the one that does best. `lacking` is
 * why one more has no histogram: it might keep the objective, so only a pass stands. Null where there is nothing to judge.
 */
export function judgeAny(target: Target, dvhs: readonly Dvh[], lacking: Reason | null): Judgement | null {
  const judged = bestFirst(target, dvhs).map((dvh) => judge(target, dvh));
  if (lacking !== null) judged.push({ verdict: 'unknown', value: judged[0]?.value ?? null, reason: lacking });
  const [best, ...rest] = judged;
  return best === undefined ? null : bestOf([best, ...rest]);
}

/**
 * Whether several structures as one volume keep an objective. With `lacking` the histogram, if any, is of those that are
 * there: their value is told only where no dose of the lacking one could change the verdict.
 */
export function judgeUnion(target: Target, dvh: Dvh | null, lacking: Reason | null): Judgement | null {
  const judged = dvh === null ? null : judge(target, dvh);
  if (lacking === null || (judged !== null && judged.reason === null && stands(target, judged.verdict))) return judged;
  return { verdict: 'unknown', value: null, reason: lacking };
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
