/** What the start dialog asks of models and networks of an outcome; defaults are the server's but where a hint says why not. */
import type { Cohort, FeatureSet } from '../../api/types';
import type { Translate } from '../../i18n';
import { keyed, manyOf, namesOf, number, numberOf, numbersOf, plain, SEED, textOf, type Draft, type FormField, type KindForm } from './fields';
import { seenText } from './network-words';
import type { NetworkSettings } from './outcome';

const endpointField = (cohort: Cohort): FormField => ({
  kind: 'choice',
  name: 'endpoint',
  label: 'cohort.form.endpoint',
  hint: 'cohort.form.endpointHint',
  choices: plain(cohort.endpoints.map(({ name }) => name)),
  needed: 'cohort.form.needsEndpoint',
});

/** Where every feature has an ICC those that do not hold are left out; where none has, a filter would leave nothing. */
const iccDefault = (sets: readonly FeatureSet[]): string => (sets.length > 0 && sets.every(({ perturbations }) => perturbations > 0) ? '0.75' : '0');

export function outcomeForm(cohort: Cohort, sets: readonly FeatureSet[]): KindForm {
  const clinical = cohort.columns.map(({ name }) => name);
  return {
    features: 'optional',
    fields: [
      endpointField(cohort),
      number('folds', 'cohort.form.folds', { low: 2, high: 20, whole: true }, 'cohort.form.foldsHint'),
      number('min_icc', 'cohort.form.iccMinimum', { low: 0, high: 1 }, 'cohort.form.minIccHint'),
      number('permutations', 'cohort.form.permutations', { low: 0, high: 1000, whole: true }, 'cohort.form.permutationsHint'),
      { kind: 'several', name: 'models', label: 'cohort.form.models', hint: 'cohort.form.modelsHint', choices: keyed('cohort.model', ['elastic-net', 'random-forest', 'gradient-boosting']), needed: 'cohort.form.needsModel' },
      { kind: 'several', name: 'clinical', label: 'cohort.form.clinical', hint: 'cohort.form.clinicalHint', choices: plain(clinical) },
    ],
    further: [
      number('repeats', 'cohort.form.repeats', { low: 1, high: 100, whole: true }, 'cohort.form.repeatsHint'),
      number('inner_folds', 'cohort.form.innerFolds', { low: 2, high: 20, whole: true }, 'cohort.form.innerFoldsHint'),
      number('keep', 'cohort.form.keep', { low: 1, high: 1000, whole: true }, 'cohort.form.keepHint'),
      number('max_correlation', 'cohort.form.correlation', { low: 0.1, high: 1 }, 'cohort.form.maxCorrelationHint'),
      { kind: 'choice', name: 'missing', label: 'cohort.form.missing', hint: 'cohort.form.missingHint', choices: keyed('cohort.missing', ['impute', 'drop', 'refuse']) },
      number('max_missing', 'cohort.form.maxMissing', { low: 0, high: 1 }, 'cohort.form.maxMissingHint'),
      { kind: 'choice', name: 'class_weight', label: 'cohort.form.classWeight', hint: 'cohort.form.classWeightHint', choices: keyed('cohort.weight', ['balanced', 'none']) },
      { kind: 'choice', name: 'adjustment', label: 'cohort.form.adjustment', hint: 'cohort.form.adjustmentHint', choices: keyed('cohort.adjustment', ['holm', 'bh', 'none']) },
      number('trees', 'cohort.form.trees', { low: 1, high: 2000, whole: true }, 'cohort.form.treesHint'),
      number('seed', 'cohort.seed', SEED, 'cohort.form.seedHint'),
    ],
    start: {
      endpoint: cohort.endpoints[0]?.name ?? '',
      folds: '5',
      min_icc: iccDefault(sets),
      permutations: '0',
      models: ['elastic-net'],
      clinical,
      repeats: '1',
      inner_folds: '3',
      keep: '20',
      max_correlation: '0.9',
      missing: 'impute',
      max_missing: '0.5',
      class_weight: 'balanced',
      adjustment: 'holm',
      trees: '200',
      seed: '0',
    },
    config: (draft) => ({
      ...numbersOf(draft, ['folds', 'min_icc', 'permutations', 'repeats', 'inner_folds', 'keep', 'max_correlation', 'max_missing', 'trees', 'seed']),
      endpoint: textOf(draft, 'endpoint'),
      models: manyOf(draft, 'models'),
      clinical: manyOf(draft, 'clinical'),
      missing: textOf(draft, 'missing'),
      class_weight: textOf(draft, 'class_weight'),
      adjustment: textOf(draft, 'adjustment'),
    }),
  };
}

/** The region, by structure algebra. */
function regionFields(): FormField[] {
  return [
    { kind: 'names', name: 'structures', label: 'cohort.form.structures', hint: 'cohort.form.structuresHint' },
    { kind: 'choice', name: 'any_of', label: 'cohort.form.joined', hint: 'cohort.form.joinedHint', choices: keyed('cohort.joined', ['all', 'any']) },
    { kind: 'names', name: 'without', label: 'cohort.form.without', hint: 'cohort.form.withoutHint' },
    number('isodose_gy', 'cohort.form.isodose', { low: 0.01, high: 200, optional: true }, 'cohort.form.isodoseHint'),
    number('margin_mm', 'cohort.form.margin', { low: 0, high: 100 }, 'cohort.form.marginHint'),
    { kind: 'choice', name: 'dose', label: 'cohort.form.doseChannel', hint: 'cohort.form.doseChannelHint', choices: keyed('cohort.doseChannel', ['no', 'yes']) },
  ];
}

const cropOf = (draft: Draft): NetworkSettings['crop'] => ({
  region: {
    structures: namesOf(draft, 'structures'),
    any_of: textOf(draft, 'any_of') === 'any',
    without: namesOf(draft, 'without'),
    isodose_gy: numberOf(draft, 'isodose_gy'),
    margin_mm: numberOf(draft, 'margin_mm') ?? 0,
  },
  spacing_mm: numberOf(draft, 'spacing_mm') ?? 0,
  size: Number(textOf(draft, 'size')),
  outside: textOf(draft, 'outside') === 'blank' ? 'blank' : 'keep',
  dose: textOf(draft, 'dose') === 'yes',
  modality: textOf(draft, 'modality') === 'MR' ? 'MR' : 'CT',
});

function furtherNetworkFields(): FormField[] {
  return [
    { kind: 'choice', name: 'source', label: 'cohort.features.source', hint: 'cohort.form.sourceHint', choices: keyed('cohort.source', ['approved', 'latest', 'ai']) },
    { kind: 'choice', name: 'outside', label: 'cohort.form.outside', hint: 'cohort.form.outsideHint', choices: keyed('cohort.outsideChoice', ['keep', 'blank']) },
    number('spacing_mm', 'cohort.form.spacing', { low: 0.5, high: 20 }, 'cohort.form.spacingHint'),
    { kind: 'choice', name: 'size', label: 'cohort.form.size', hint: 'cohort.form.sizeHint', choices: plain(['16', '24', '32', '48', '64', '96', '128']) },
    number('members', 'cohort.form.members', { low: 2, high: 10, whole: true }, 'cohort.form.membersHint'),
    number('epochs', 'cohort.form.epochs', { low: 1, high: 1000, whole: true }, 'cohort.form.epochsHint'),
    number('patience', 'cohort.form.patience', { low: 1, high: 1000, whole: true }, 'cohort.form.patienceHint'),
    number('batch', 'cohort.form.batch', { low: 4, high: 256, whole: true }, 'cohort.form.batchHint'),
    { kind: 'choice', name: 'channels', label: 'cohort.form.channels', hint: 'cohort.form.channelsHint', choices: plain(['4, 8, 16', '8, 16, 32', '16, 32, 64']) },
    number('dropout', 'cohort.form.dropout', { low: 0, high: 0.95 }, 'cohort.form.dropoutHint'),
    number('learning_rate', 'cohort.form.learningRate', { low: 0.00001, high: 1 }, 'cohort.form.learningRateHint'),
    number('weight_decay', 'cohort.form.weightDecay', { low: 0, high: 10 }, 'cohort.form.weightDecayHint'),
    number('shift_mm', 'cohort.form.shift', { low: 0, high: 100 }, 'cohort.form.shiftHint'),
    number('rotation_deg', 'cohort.form.rotation', { low: 0, high: 180 }, 'cohort.form.rotationHint'),
    { kind: 'choice', name: 'flip', label: 'cohort.form.flip', hint: 'cohort.form.flipHint', choices: keyed('cohort.doseChannel', ['no', 'yes']) },
    number('seed', 'cohort.seed', SEED, 'cohort.form.seedHint'),
  ];
}

export function networkForm(cohort: Cohort): KindForm {
  const columns = cohort.columns.map(({ name }) => name);
  return {
    features: 'optional',
    fields: [
      endpointField(cohort),
      { kind: 'choice', name: 'modality', label: 'cohort.features.modality', hint: 'cohort.form.modalityHint', choices: keyed('cohort.modality', ['CT', 'MR']) },
      ...regionFields(),
      { kind: 'choice', name: 'network', label: 'cohort.form.network', hint: 'cohort.form.networkHint', choices: keyed('cohort.networkKind', ['3d', '2d']) },
      number('folds', 'cohort.form.folds', { low: 2, high: 20, whole: true }, 'cohort.form.foldsHint'),
      { kind: 'choice', name: 'clinical_in_network', label: 'cohort.form.combine', hint: 'cohort.form.combineHint', choices: keyed('cohort.combine', ['after', 'inside']) },
      { kind: 'several', name: 'clinical', label: 'cohort.form.clinical', hint: 'cohort.form.clinicalNetworkHint', choices: plain(columns) },
    ],
    further: furtherNetworkFields(),
    start: {
      endpoint: cohort.endpoints[0]?.name ?? '', modality: 'CT', structures: '', any_of: 'all', without: '', isodose_gy: '', margin_mm: '0',
      dose: 'no', network: '3d', folds: '5', clinical_in_network: 'after', clinical: columns, source: 'approved', outside: 'keep', spacing_mm: '4',
      size: '32', members: '3', epochs: '40', patience: '12', batch: '16', channels: '8, 16, 32', dropout: '0.3', learning_rate: '0.002',
      weight_decay: '0.05', shift_mm: '8', rotation_deg: '10', flip: 'no', seed: '1',
    },
    problem: (draft) =>
      textOf(draft, 'clinical_in_network') === 'inside' && manyOf(draft, 'clinical').length === 0 ? 'cohort.form.needsClinical' : null,
    said: (draft: Draft, t: Translate) => seenText({ crop: cropOf(draft) }, t),
    config: (draft) => ({
      ...numbersOf(draft, ['folds', 'members', 'epochs', 'patience', 'batch', 'dropout', 'learning_rate', 'weight_decay', 'seed']),
      endpoint: textOf(draft, 'endpoint'),
      crop: cropOf(draft),
      source: textOf(draft, 'source'),
      clinical: manyOf(draft, 'clinical'),
      clinical_in_network: textOf(draft, 'clinical_in_network') === 'inside',
      network: textOf(draft, 'network'),
      channels: textOf(draft, 'channels').split(',').map(Number),
      augmentation: { ...numbersOf(draft, ['shift_mm', 'rotation_deg']), flip: textOf(draft, 'flip') === 'yes' },
    }),
  };
}
