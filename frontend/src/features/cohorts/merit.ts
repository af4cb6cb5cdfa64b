/** How good predictions are (`models.statistics.merit.summary`), and what plots need of it. */
import type { NamedCurve } from './decision-plots';
import { formatEstimate, type Estimate } from './figures';
import type { Point } from './plot';

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
  calibration: {
    intercept: Estimate | null;
    slope: Estimate | null;
    brier: number;
    brier_scaled: number;
    curve: { n: number; predicted: number; observed: number; low: number; high: number }[];
  };
  decision_curve: { threshold: number[]; model: number[]; all: number[] };
};

/** One of the models that stand side by side. */
export type Contender = { readonly name: string; readonly merit: Merit };

const joined = (xs: readonly number[], ys: readonly number[]): Point[] => xs.map((x, index) => ({ x, y: ys[index] ?? 0 }));

export const rocOf = ({ name, merit }: Contender): NamedCurve => ({
  name,
  note: formatEstimate(merit.auc),
  points: joined(merit.roc.false_positive_rate, merit.roc.true_positive_rate),
});

export const calibrationOf = ({ name, merit }: Contender): NamedCurve => ({
  name,
  note: formatEstimate(merit.calibration.slope),
  points: merit.calibration.curve.map(({ predicted, observed }) => ({ x: predicted, y: observed })),
});

export const benefitOf = ({ name, merit }: Contender): NamedCurve => ({
  name,
  points: joined(merit.decision_curve.threshold, merit.decision_curve.model),
});

/** Net benefit of treating everybody. */
export const everybodyOf = ({ merit }: Contender): Point[] => joined(merit.decision_curve.threshold, merit.decision_curve.all);

/** Whether the interval of the AUC says more than chance. */
export const tellsApart = ({ auc }: Merit): boolean => auc.low !== null && auc.low > 0.5;

/** Whether figures are those of a yes-or-no endpoint. */
export const isMerit = (figures: Merit | object): figures is Merit => 'auc' in figures;
