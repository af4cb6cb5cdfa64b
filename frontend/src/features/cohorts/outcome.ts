/** What analyses of outcomes found: classical models (`models.statistics.outcomes`) and networks (`models.outcome.analysis`). */
import type { Figures } from './merit';

export type Why = { slug: string; detail: string };
type Paired = { difference: number; low: number; high: number; p: number; p_adjusted?: number };
export type Applicability = { distance: number; percentile: number; inside: boolean };

/** Of one patient, by a classical model. */
export type OutcomePrediction = {
  probability?: number;
  positive?: boolean;
  risk?: number;
  survival?: { time: number[]; share: number[] };
  applicability?: Applicability;
  imputed?: string[];
  outside?: { column: string; value: number; low: number; high: number }[];
  unseen?: { column: string; level: string }[];
};

export type OutcomeModel = {
  group: 'clinical' | 'radiomics' | 'both';
  model: 'elastic-net' | 'random-forest' | 'gradient-boosting';
  terms: number;
  figures: Figures;
  predictions: { probability?: number[]; threshold?: number[]; risk?: number[] };
  selection: { column: string; share: number; importance: number }[];
  not_converged: number;
};

export type OutcomeResults = {
  kind: 'outcome';
  config: { adjustment: 'none' | 'holm' | 'bh'; folds: number; repeats: number };
  endpoint: { name: string; kind: 'binary' | 'survival'; unit: string };
  cohort: { patients: number; events: number; competing: number; test_patients: number; test_events: number; unknown: number; incomplete: number };
  columns: { dropped: ({ column: string } & Why)[]; separating: string[]; redundant: { column: string; by: string; correlation: number }[] };
  patients: string[];
  labels: { event: number[]; time: number[] | null };
  models: OutcomeModel[];
  comparisons: ({ model: OutcomeModel['model']; first: OutcomeModel['group']; second: OutcomeModel['group'] } & Paired)[];
  chosen: { group: OutcomeModel['group']; model: OutcomeModel['model']; of: number };
  test: { patients: string[]; predictions: OutcomePrediction[]; inside: number; figures: Figures | null; refused: Why | null } | null;
  permutation: { permutations: number; mean: number; p: number } | null;
};

export type NetworkModel = 'network' | 'clinical' | 'radiomics' | 'combined';
export type NetworkResults = {
  kind: 'outcome-network';
  endpoint: { name: string; kind: 'binary' | 'survival' };
  config: NetworkSettings & { network: '3d' | '2d'; folds: number; members: number; clinical: string[]; clinical_in_network: boolean };
  patients: { train: number; test: number; events: number };
  left_out: ({ patient: string } & Why)[];
  models: Partial<Record<NetworkModel, Figures>>;
  comparisons: ({ first: NetworkModel; second: NetworkModel } & Paired)[];
  set_aside: Partial<Record<NetworkModel, Figures | null>> | null;
  predictions: {
    patient: string;
    fold: number;
    event: number;
    time: number | null;
    predictions: Partial<Record<NetworkModel, number>>;
    thresholds: Partial<Record<NetworkModel, number>>;
    map_in_region: number | null;
    region_share: number;
  }[];
  network?: { parameters: number; members: number; epochs: number[]; weights_sha256: string };
};

/** What a network looks at, as settings say it. */
export type RegionSettings = { structures: string[]; any_of: boolean; without: string[]; isodose_gy: number | null; margin_mm: number };
export type NetworkSettings = {
  crop: { region: RegionSettings; spacing_mm: number; size: number; outside: 'blank' | 'keep'; dose: boolean; modality?: 'CT' | 'MR' };
};

/** The region as set algebra, the dose in the words of the page; null for the whole image. */
export function regionText({ structures, any_of, without, isodose_gy, margin_mm }: RegionSettings, dosedAt: (gy: number) => string): string | null {
  if (structures.length + without.length === 0 && isodose_gy === null) return null;
  const parts = structures.join(any_of ? ' ∪ ' : ' ∩ ');
  const inside = any_of && structures.length > 1 && (without.length > 0 || isodose_gy !== null) ? `(${parts})` : parts;
  const dosed = isodose_gy === null ? inside : [inside, dosedAt(isodose_gy)].filter((one) => one !== '').join(' ∩ ');
  const less = without.map((name) => ` ∖ ${name}`).join('');
  return `${dosed}${less}${margin_mm > 0 ? ` + ${margin_mm} mm` : ''}`.trim();
}

/** One line of the list of patients: what was predicted out of fold, or of those set aside by the final model. */
export type PredictedPatient = {
  patient: string;
  part: 'train' | 'test';
  event: number | null;
  time: number | null;
  /** A probability, or of times a risk. */
  predicted: number | null;
  positive: boolean | null;
  unlike: boolean;
  mapInRegion?: number | null;
};

/** The model that became the final one. */
export const finalOf = ({ models, chosen }: OutcomeResults): OutcomeModel | undefined =>
  models.find(({ group, model }) => group === chosen.group && model === chosen.model);

const aboveOf = (value: number | undefined, threshold: number | undefined): boolean | null =>
  value === undefined || threshold === undefined ? null : value >= threshold;

/** Everybody of a classical analysis by the final model: training patients out of fold, then those set aside. */
export function patientsOf(results: OutcomeResults): PredictedPatient[] {
  const said = finalOf(results)?.predictions ?? {};
  const train = results.patients.map((patient, index): PredictedPatient => {
    const probability = said.probability?.[index];
    return {
      patient,
      part: 'train',
      event: results.labels.event[index] ?? null,
      time: results.labels.time?.[index] ?? null,
      predicted: probability ?? said.risk?.[index] ?? null,
      positive: aboveOf(probability, said.threshold?.[index]),
      unlike: false,
    };
  });
  const test = (results.test?.patients ?? []).map((patient, index): PredictedPatient => {
    const found = results.test?.predictions[index];
    return {
      patient,
      part: 'test',
      event: null,
      time: null,
      predicted: found?.probability ?? found?.risk ?? null,
      positive: found?.positive ?? null,
      unlike: found?.applicability?.inside === false,
    };
  });
  return [...train, ...test];
}

/** Everybody whom a fold of a network's analysis tested. */
export const networkPatientsOf = (results: NetworkResults): PredictedPatient[] =>
  results.predictions.map(({ patient, event, time, predictions, thresholds, map_in_region }) => ({
    patient,
    part: 'train',
    event,
    time,
    predicted: predictions.network ?? null,
    positive: aboveOf(predictions.network, thresholds.network),
    unlike: false,
    mapInRegion: map_in_region,
  }));
