/** How good predictions are (`models.statistics.merit.summary`, `judge_survival`, `models.outcome.judging`), and what plots need of it. */
import type { NamedCurve } from './decision-plots';
import { formatEstimate, type Estimate } from './figures';
import type { Point } from './plot';

type Calibrated = { n: number; predicted: number; observed: number; low: number; high: number };
type Benefit = { threshold: number[]; model: number[]; all: number[] };

/** Of a yes-or-no endpoint. */
export type Merit = {
  n: number;
  events: number;
  auc: Estimate;
  roc: { false_positive_rate: number[]; true_positive_rate: number[] };
  operating_point: {
    tp: number;
    fn: number;
    fp: number;
    tn: number;
    sensitivity: Estimate | null;
    specificity: Estimate | null;
    accuracy: Estimate | null;
    ppv: Estimate | null;
    npv: Estimate | null;
  };
  calibration: { intercept: Estimate | null; slope: Estimate | null; brier: number; brier_scaled: number; curve: Calibrated[] };
  decision_curve: Benefit;
};

/** Of times: of classical models Harrell's and Uno's C, calibration and use at a time; of networks the concordance alone. */
export type SurvivalMerit = {
  n: number;
  events: number;
  harrell_c?: Estimate;
  uno_c?: Partial<Estimate>;
  concordance?: Estimate;
  calibration?: { time: number; curve: Calibrated[] };
  decision_curve?: Benefit & { time: number };
};
export type Figures = Merit | SurvivalMerit;

/** One of the models that stand side by side. */
export type Contender<F extends Figures = Figures> = { readonly name: string; readonly figures: F };

/** Whether figures are those of a yes-or-no endpoint. */
export const isMerit = (figures: Figures): figures is Merit => 'auc' in figures;

/** Those whose endpoint is yes or no. */
export const binaryOf = (contenders: readonly Contender[]): Contender<Merit>[] =>
  contenders.flatMap(({ name, figures }) => (isMerit(figures) ? [{ name, figures }] : []));

/** Those whose endpoint is a time. */
export const timedOf = (contenders: readonly Contender[]): Contender<SurvivalMerit>[] =>
  contenders.flatMap(({ name, figures }) => (isMerit(figures) ? [] : [{ name, figures }]));

const joined = (xs: readonly number[], ys: readonly number[]): Point[] => xs.map((x, index) => ({ x, y: ys[index] ?? 0 }));

/** The ROC curve; patients of one score are a slope. */
export function rocOf({ name, figures }: Contender<Merit>): NamedCurve {
  const { false_positive_rate: xs, true_positive_rate: ys } = figures.roc;
  return { name, note: formatEstimate(figures.auc), points: joined(xs, ys) };
}

/** Observed shares with their Wilson intervals over predicted ones. */
export function calibrationOf({ name, figures }: Contender): NamedCurve | null {
  const curve = figures.calibration?.curve;
  if (curve === undefined) return null;
  return {
    name,
    ...(isMerit(figures) ? { note: formatEstimate(figures.calibration.slope) } : {}),
    points: curve.map(({ predicted, observed }) => ({ x: predicted, y: observed })),
    limits: curve.map(({ predicted, low, high }) => ({ x: predicted, low, high })),
  };
}

export function benefitOf({ name, figures }: Contender): NamedCurve | null {
  const curve = figures.decision_curve;
  return curve === undefined ? null : { name, points: joined(curve.threshold, curve.model) };
}

/** Net benefit of treating everybody. */
export const everybodyOf = ({ figures }: Contender): Point[] =>
  figures.decision_curve === undefined ? [] : joined(figures.decision_curve.threshold, figures.decision_curve.all);

/** Whether the interval of the AUC or of the concordance says more than chance. */
export function tellsApart(figures: Figures): boolean {
  const found = isMerit(figures) ? figures.auc : (figures.harrell_c ?? figures.concordance);
  return found !== undefined && found.low !== null && found.low > 0.5;
}
