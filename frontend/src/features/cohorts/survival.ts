/** What an analysis of survival found (`models.statistics.survival.analyse`). */
import type { ForestRow } from './forest-plot';
import type { SurvivalCurve } from './survival-plot';
import { formatRatio } from '../../ui/format';

type Test = { statistic: number; df?: number; p: number };
type Limited = { value: number | null; low: number | null; high: number | null };
type Incidence = { event: number; time: number[]; incidence: number[]; low: number[]; high: number[] };

export type SurvivalGroup = {
  name: string;
  n: number;
  events: number;
  median: Limited;
  restricted_mean: { horizon: number; value: number; low: number; high: number };
  curve: { time: number[]; survival: number[]; low: number[]; high: number[] };
  censored_at: number[];
  at_risk: number[];
};

export type SurvivalGrouping = {
  column: string;
  unit: string;
  cut: { kind: 'given' | 'median' | 'optimal'; value: number; p?: number } | null;
  missing: number;
  groups: SurvivalGroup[];
  test: Test & { p_unadjusted_for_cut?: number };
  p_adjusted: number;
  pairwise: { first: string; second: string; p: number; p_adjusted: number }[];
  competing: { groups: { name: string; events: Incidence[] }[]; gray: Test } | null;
};

export type CoxTerm = {
  column: string;
  level: string;
  reference: string;
  hazard_ratio: number;
  low: number;
  high: number;
  p: number;
  vif: number | null;
  proportional_hazards: Test;
};
type PlainTerm = Pick<CoxTerm, 'column' | 'level' | 'reference' | 'hazard_ratio' | 'low' | 'high' | 'p'>;

export type CoxModel = {
  columns: string[];
  n: number;
  events: number;
  penalty: 'none' | 'firth' | 'ridge';
  cause_specific: boolean;
  terms: CoxTerm[];
  proportional_hazards: Test;
  p_adjusted?: number;
  subdistribution: { refused: { slug: string; detail: string } | null; terms: PlainTerm[] } | null;
};

export type SurvivalResults = {
  kind: 'survival';
  config: { endpoint: string; adjustment: 'none' | 'holm' | 'bh' };
  cohort: { patients: number; events: number; competing: number; unknown: number; median_follow_up: Limited; unit: string };
  at_risk_times: number[];
  overall: SurvivalGroup;
  groupings: SurvivalGrouping[];
  univariable: CoxModel[];
  multivariable: CoxModel | null;
  competing: Incidence[] | null;
  refused: { where: string; slug: string; detail: string }[];
};

const pointsOf = (xs: readonly number[], ys: readonly number[]) => xs.map((x, index) => ({ x, y: ys[index] ?? 0 }));
const limitsOf = (xs: readonly number[], lows: readonly number[], highs: readonly number[]) =>
  xs.map((x, index) => ({ x, low: lows[index] ?? 0, high: highs[index] ?? 1 }));

/** The curve of a group, with the numbers at risk at the table's times. */
export function curveOf(group: SurvivalGroup, times: readonly number[]): SurvivalCurve {
  const { time, survival, low, high } = group.curve;
  return {
    name: group.name,
    n: group.n,
    points: pointsOf(time, survival),
    limits: limitsOf(time, low, high),
    censored: group.censored_at,
    atRisk: (at) => group.at_risk[times.indexOf(at)],
  };
}

/** The cumulative incidence of one cause. */
export const incidenceOf = (found: Incidence, name: string, n: number): SurvivalCurve => ({
  name,
  n,
  points: pointsOf(found.time, found.incidence),
  limits: limitsOf(found.time, found.low, found.high),
  censored: [],
  atRisk: null,
});

/** `column: level (against reference)`. */
export const termName = ({ column, level, reference }: Pick<CoxTerm, 'column' | 'level' | 'reference'>): string =>
  level === '' ? column : `${column}: ${level} / ${reference}`;

export const ratioText = ({ hazard_ratio, low, high }: Pick<CoxTerm, 'hazard_ratio' | 'low' | 'high'>): string =>
  `${formatRatio(hazard_ratio, 2)} (${formatRatio(low, 2)}–${formatRatio(high, 2)})`;

export const forestOf = (terms: readonly PlainTerm[]): ForestRow[] =>
  terms.map((term) => ({ name: termName(term), ratio: term.hazard_ratio, low: term.low, high: term.high, text: ratioText(term) }));
