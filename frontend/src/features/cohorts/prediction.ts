/** What analyses say of a patient whom they have not learnt from, in one shape for all kinds. */
import type { ModelInput, Prediction } from '../../api/types';
import type { Applicability, OutcomePrediction } from './outcome';

type SubtypePrediction = { subtype: number; margin: number; inside: boolean; missing: string[] };
type NetworkPrediction = { value: number; threshold: number; high: boolean; members: number[]; imputed?: string[]; unseen?: OutcomePrediction['unseen'] };
type Interval = { low?: number | null; high?: number | boolean | null; cause_specific?: boolean };

export type Told = {
  probability: number | null;
  /** Limits of the probability where the model gives them. */
  interval: readonly [number, number] | null;
  /** Lowest and highest of the networks by themselves: no interval of confidence. */
  members: readonly [number, number] | null;
  risk: number | null;
  positive: boolean | null;
  survival: readonly { time: number; share: number }[];
  /** The share is of patients to whom nothing else happens, as there were competing events. */
  causeSpecific: boolean;
  subtype: number | null;
  /** Percentage of the patients learnt from that are nearer to the rest; null where only yes or no is said. */
  farther: number | null;
  unlike: boolean | null;
  cutOff: number;
  imputed: readonly string[];
  outside: readonly { column: string; value: number; low: number; high: number }[];
  unseen: readonly { column: string; level: string }[];
};

/** Columns of terms: each level of a category is one (`stage = T3`). */
const columnsOf = (terms: readonly string[]): string[] => [...new Set(terms.map((one) => one.split(' = ')[0] ?? one))];

const NOTHING: Told = {
  probability: null, interval: null, members: null, risk: null, positive: null, survival: [], causeSpecific: false, subtype: null,
  farther: null, unlike: null, cutOff: 0, imputed: [], outside: [], unseen: [],
};

function ofSubtypes({ subtype, inside, missing }: SubtypePrediction): Told {
  return { ...NOTHING, subtype, unlike: !inside, imputed: missing };
}

function ofNetwork(value: NetworkPrediction, applicability: Prediction['applicability'], survival: boolean): Told {
  const { distance = null, unlike = null, cut_off: cutOff = 0 } = (applicability ?? {}) as { distance?: number | null; unlike?: boolean | null; cut_off?: number };
  const spread = value.members.length > 1 ? ([Math.min(...value.members), Math.max(...value.members)] as const) : null;
  return {
    ...NOTHING,
    ...(survival ? { risk: value.value } : { probability: value.value, members: spread }),
    positive: value.high, farther: distance === null ? null : distance * 100, unlike, cutOff,
    imputed: value.imputed ?? [], unseen: value.unseen ?? [],
  };
}

function ofModel(value: OutcomePrediction & Interval): Told {
  const near: Applicability | null = value.applicability ?? null;
  const limits = typeof value.low === 'number' && typeof value.high === 'number' ? ([value.low, value.high] as const) : null;
  return {
    ...NOTHING,
    probability: value.probability ?? null, interval: limits, risk: value.risk ?? null,
    positive: value.positive ?? (typeof value.high === 'boolean' ? value.high : null),
    survival: (value.survival?.time ?? []).map((time, index) => ({ time, share: value.survival?.share[index] ?? 0 })),
    causeSpecific: value.cause_specific === true,
    farther: near?.percentile ?? null, unlike: near === null ? null : !near.inside,
    imputed: columnsOf(value.imputed ?? []), outside: value.outside ?? [], unseen: value.unseen ?? [],
  };
}

/** What was told; null until the job is done. `survival`: the endpoint is a time. */
export function toldOf({ value, applicability }: Pick<Prediction, 'value' | 'applicability'>, survival: boolean): Told | null {
  if (value === null) return null;
  if ('subtype' in value) return ofSubtypes(value as SubtypePrediction);
  if ('members' in value) return ofNetwork(value as NetworkPrediction, applicability, survival);
  return ofModel(value as OutcomePrediction & Interval);
}

/** Values by column as they are typed. */
export type Typed = Readonly<Record<string, string>>;

/** The first column whose typed value is no number; null where all are right. */
export const wrongValue = (inputs: readonly ModelInput[], typed: Typed): ModelInput | null =>
  inputs.find(({ name, kind }) => kind === 'number' && !Number.isFinite(Number(typed[name] ?? ''))) ?? null;

/**
 * Values as the server takes them. A clinical variable that is not known is said to be so; a feature that was not typed is left
 * out, so that the server may measure it on the contour.
 */
export function valuesOf(inputs: readonly ModelInput[], typed: Typed): Record<string, number | string | null> {
  const found: Record<string, number | string | null> = {};
  for (const { name, kind, source } of inputs) {
    const text = (typed[name] ?? '').trim();
    if (text !== '') found[name] = kind === 'number' ? Number(text) : text;
    else if (source === 'clinical') found[name] = null;
  }
  return found;
}
