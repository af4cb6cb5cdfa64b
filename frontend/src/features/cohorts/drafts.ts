/** What a start dialog asks for each kind of analysis, and the settings that come of the answers. */
import type { Analysis, Cohort, FeatureSet } from '../../api/types';
import { doseMapForm } from './dose-map-form';
import { keyed, manyOf, number, numberOf, plain, SEED, textOf, type KindForm } from './fields';
import { networkForm, outcomeForm } from './outcome-forms';

/** What can be started. */
export const KINDS = ['subtypes', 'survival', 'outcome', 'outcome-network', 'dose-map'] as const satisfies readonly Analysis['kind'][];
export type StartKind = (typeof KINDS)[number];

function subtypesForm(cohort: Cohort, sets: readonly FeatureSet[]): KindForm {
  const categories = cohort.columns.filter(({ kind }) => kind === 'category').map(({ name }) => name);
  return {
    features: 'needed',
    fields: [
      number('k_minimum', 'cohort.form.kMinimum', { low: 2, high: 20, whole: true }),
      number('k_maximum', 'cohort.form.kMaximum', { low: 2, high: 20, whole: true }),
      number('icc_minimum', 'cohort.form.iccMinimum', { low: 0, high: 1, optional: true }, 'cohort.form.iccHint'),
      number('correlation_maximum', 'cohort.form.correlation', { low: 0.1, high: 1, optional: true }, 'cohort.form.correlationHint'),
    ],
    further: [
      { kind: 'choice', name: 'scaling', label: 'cohort.form.scaling', choices: keyed('cohort.scaling', ['rank', 'z-score', 'robust']) },
      { kind: 'choice', name: 'group', label: 'cohort.form.group', hint: 'cohort.form.groupHint', choices: [{ value: '', text: '–' }, ...plain(categories)] },
      { kind: 'choice', name: 'base', label: 'cohort.form.base', choices: keyed('cohort.base', ['k-means', 'ward', 'pam']) },
      { kind: 'choice', name: 'choice', label: 'cohort.form.choice', choices: keyed('cohort.choice', ['pac', 'silhouette', 'delta-area']) },
      {
        kind: 'choice',
        name: 'agreement_with',
        label: 'cohort.form.agreement',
        hint: 'cohort.form.agreementHint',
        choices: [{ value: '', text: '–' }, ...sets.map(({ id, name }) => ({ value: id, text: name }))],
      },
      number('alpha', 'cohort.form.alpha', { low: 0.001, high: 0.2 }, 'cohort.form.alphaHint'),
      number('simulations', 'cohort.form.simulations', { low: 20, high: 5000, whole: true }),
      number('subsamples', 'cohort.form.subsamples', { low: 20, high: 2000, whole: true }),
      number('seed', 'cohort.seed', SEED),
    ],
    start: {
      k_minimum: '2',
      k_maximum: '6',
      icc_minimum: '0.75',
      correlation_maximum: '0.95',
      scaling: 'rank',
      group: '',
      base: 'k-means',
      choice: 'pac',
      agreement_with: '',
      alpha: '0.05',
      simulations: '200',
      subsamples: '200',
      seed: '1',
    },
    config: (draft) => ({
      k_minimum: numberOf(draft, 'k_minimum'),
      k_maximum: numberOf(draft, 'k_maximum'),
      icc_minimum: numberOf(draft, 'icc_minimum'),
      correlation_maximum: numberOf(draft, 'correlation_maximum'),
      scaling: textOf(draft, 'scaling'),
      group: textOf(draft, 'group'),
      base: textOf(draft, 'base'),
      choice: textOf(draft, 'choice'),
      agreement_with: textOf(draft, 'agreement_with') === '' ? [] : [textOf(draft, 'agreement_with')],
      alpha: numberOf(draft, 'alpha'),
      simulations: numberOf(draft, 'simulations'),
      subsamples: numberOf(draft, 'subsamples'),
      seed: numberOf(draft, 'seed'),
    }),
  };
}

const endpointsOf = (cohort: Cohort, kind: 'binary' | 'survival'): string[] => cohort.endpoints.filter((one) => one.kind === kind).map(({ name }) => name);

/** A column that analyses can group by or model: clinical ones, and the subtypes of analyses that found some. */
function survivalForm(cohort: Cohort): KindForm {
  const endpoints = endpointsOf(cohort, 'survival');
  const names = cohort.columns.map(({ name }) => name);
  const cutOf = (name: string, numbers: string): string | null =>
    cohort.columns.find((one) => one.name === name)?.kind === 'number' ? numbers : null;
  return {
    features: 'optional',
    fields: [
      { kind: 'choice', name: 'endpoint', label: 'cohort.form.endpoint', choices: plain(endpoints), needed: 'cohort.form.needsSurvival' },
      { kind: 'choice', name: 'cut', label: 'cohort.form.cut', hint: 'cohort.form.cutHint', choices: keyed('cohort.cutting', ['median', 'optimal']) },
      { kind: 'several', name: 'groupings', label: 'cohort.form.groupings', choices: plain(names) },
      { kind: 'several', name: 'univariable', label: 'cohort.form.univariable', choices: plain(names) },
      { kind: 'several', name: 'multivariable', label: 'cohort.form.multivariable', hint: 'cohort.form.multivariableHint', choices: plain(names) },
    ],
    further: [
      { kind: 'choice', name: 'patients', label: 'cohort.form.patients', choices: keyed('cohort.part', ['all', 'train', 'test']) },
      { kind: 'choice', name: 'adjustment', label: 'cohort.form.adjustment', choices: keyed('cohort.adjustment', ['holm', 'bh', 'none']) },
      { kind: 'choice', name: 'penalty', label: 'cohort.form.penalty', hint: 'cohort.form.penaltyHint', choices: keyed('cohort.penalty', ['none', 'firth', 'ridge']) },
    ],
    start: {
      endpoint: endpoints[0] ?? '',
      cut: 'median',
      groupings: cohort.columns.filter(({ kind }) => kind === 'category').map(({ name }) => name),
      univariable: names,
      multivariable: [],
      patients: 'all',
      adjustment: 'holm',
      penalty: 'none',
    },
    config: (draft) => ({
      endpoint: textOf(draft, 'endpoint'),
      groupings: manyOf(draft, 'groupings').map((column) => ({ column, cut: cutOf(column, textOf(draft, 'cut')) })),
      univariable: manyOf(draft, 'univariable'),
      multivariable: manyOf(draft, 'multivariable'),
      patients: textOf(draft, 'patients'),
      adjustment: textOf(draft, 'adjustment'),
      penalty: textOf(draft, 'penalty'),
    }),
  };
}

/** The form of each kind that can be started. */
export const formsOf = (cohort: Cohort, sets: readonly FeatureSet[]): Record<StartKind, KindForm> => ({
  subtypes: subtypesForm(cohort, sets),
  survival: survivalForm(cohort),
  outcome: outcomeForm(cohort, sets),
  'outcome-network': networkForm(cohort),
  'dose-map': doseMapForm(cohort),
});
