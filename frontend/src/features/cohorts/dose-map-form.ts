/** What the start dialog asks of a dose-outcome map; defaults are the server's (`backend/analyses/configs.py`). */
import type { Cohort } from '../../api/types';
import type { Key } from '../../i18n';
import { keyed, manyOf, namesOf, number, numberOf, numbersOf, plain, SEED, textOf, type Draft, type FormField, type KindForm } from './fields';

const MOST_STRUCTURES = 4;
/** Ends of shares that the server takes without the ends themselves. */
const ABOVE_0 = 0.001;
const BELOW_1 = 0.999;

const NUMBERS_OF_MAP = [
  'voxels', 'l1_share', 'penalties', 'lowest', 'restarts', 'folds', 'inner_folds', 'permutations', 'subsamples', 'alpha', 'stable',
  'smoothing_mm', 'iterations', 'tolerance', 'seed',
] as const; // prettier-ignore
const NUMBERS_OF_SPACE = ['points', 'size', 'rounds', 'max_folded', 'min_dice', 'speck'] as const;

/** The outcome is an endpoint or a number of the table; which of them goes before its name. */
const ENDPOINT = 'endpoint:';
const VARIABLE = 'variable:';

const unitText = (name: string, unit: string): string => (unit === '' ? name : `${name} (${unit})`);

function outcomesOf({ endpoints, columns }: Cohort): { value: string; text: string }[] {
  return [
    ...endpoints.map(({ name }) => ({ value: ENDPOINT + name, text: name })),
    ...columns.filter(({ kind }) => kind === 'number').map(({ name, unit }) => ({ value: VARIABLE + name, text: unitText(name, unit) })),
  ];
}

function askedOutcome(draft: Draft): { endpoint: string | null; variable: string | null } {
  const asked = textOf(draft, 'outcome');
  if (asked.startsWith(VARIABLE)) return { endpoint: null, variable: asked.slice(VARIABLE.length) };
  return { endpoint: asked.slice(ENDPOINT.length), variable: null };
}

/** The sides that names of structures say by TG-263's ending. */
const sidesOf = (structures: readonly string[]): Set<string> => new Set(structures.map((name) => /_([LR])$/i.exec(name)?.[1]?.toUpperCase() ?? ''));

/** What the server would refuse, or the analysis after an hour. */
function problemOf(draft: Draft): Key | null {
  const structures = namesOf(draft, 'structures');
  if (structures.length === 0) return 'cohort.form.needsOrgan';
  if (structures.length > MOST_STRUCTURES) return 'cohort.form.tooManyOrgans';
  const sides = sidesOf(structures);
  if (textOf(draft, 'mirror_to') === '' && sides.has('L') && sides.has('R')) return 'cohort.form.needsSide';
  const { variable } = askedOutcome(draft);
  if (variable !== null && manyOf(draft, 'clinical').includes(variable)) return 'cohort.form.outcomeIsTerm';
  const [permutations, alpha] = [numberOf(draft, 'permutations') ?? 0, numberOf(draft, 'alpha') ?? 1];
  return permutations > 0 && permutations < 1 / alpha - 1 ? 'cohort.form.fewPermutations' : null;
}

function firstFields(cohort: Cohort): FormField[] {
  return [
    { kind: 'choice', name: 'outcome', label: 'cohort.form.mapOutcome', hint: 'cohort.form.mapOutcomeHint', choices: outcomesOf(cohort), needed: 'cohort.form.needsOutcome' },
    { kind: 'names', name: 'structures', label: 'cohort.form.organ', hint: 'cohort.form.organHint' },
    { kind: 'choice', name: 'mirror_to', label: 'cohort.form.mirror', hint: 'cohort.form.mirrorHint', choices: [{ value: '', text: '', key: 'cohort.mirror.none' }, ...keyed('cohort.mirror', ['L', 'R'])] },
    { kind: 'choice', name: 'solver', label: 'cohort.form.solver', hint: 'cohort.form.solverHint', choices: keyed('cohort.solver', ['tv', 'cp']) },
    number('folds', 'cohort.form.folds', { low: 2, high: 20, whole: true }, 'cohort.form.mapFoldsHint'),
    number('permutations', 'cohort.form.permutations', { low: 0, high: 5000, whole: true }, 'cohort.form.mapPermutationsHint'),
    number('smoothing_mm', 'cohort.form.smoothing', { low: 0, high: 50 }, 'cohort.form.smoothingHint'),
    { kind: 'several', name: 'clinical', label: 'cohort.form.terms', hint: 'cohort.form.termsHint', choices: plain(cohort.columns.map(({ name }) => name)) },
  ];
}

function mapFields(): FormField[] {
  return [
    number('inner_folds', 'cohort.form.innerFolds', { low: 2, high: 20, whole: true }, 'cohort.form.mapInnerFoldsHint'),
    number('alpha', 'cohort.form.alpha', { low: ABOVE_0, high: 0.2 }, 'cohort.form.mapAlphaHint'),
    number('subsamples', 'cohort.form.halves', { low: 0, high: 1000, whole: true }, 'cohort.form.halvesHint'),
    number('stable', 'cohort.form.stable', { low: 0.501, high: BELOW_1 }, 'cohort.form.stableHint'),
    number('voxels', 'cohort.form.mostVoxels', { low: 100, high: 50_000, whole: true }, 'cohort.form.mostVoxelsHint'),
    number('penalties', 'cohort.form.penalties', { low: 2, high: 50, whole: true }, 'cohort.form.penaltiesHint'),
    number('lowest', 'cohort.form.lowest', { low: ABOVE_0, high: BELOW_1 }, 'cohort.form.lowestHint'),
    number('l1_share', 'cohort.form.l1Share', { low: ABOVE_0, high: BELOW_1 }, 'cohort.form.l1ShareHint'),
    { kind: 'choice', name: 'ranks', label: 'cohort.form.ranks', hint: 'cohort.form.ranksHint', choices: plain(['1', '1, 2', '1, 2, 3', '1, 2, 3, 4, 5']) },
    number('restarts', 'cohort.form.restarts', { low: 1, high: 20, whole: true }, 'cohort.form.restartsHint'),
    number('iterations', 'cohort.form.iterations', { low: 10, high: 5000, whole: true }, 'cohort.form.iterationsHint'),
    number('tolerance', 'cohort.form.tolerance', { low: 0.000001, high: 0.1 }, 'cohort.form.toleranceHint'),
    number('seed', 'cohort.seed', SEED, 'cohort.form.seedHint'),
  ];
}

function spaceFields(): FormField[] {
  return [
    { kind: 'choice', name: 'source', label: 'cohort.features.source', hint: 'cohort.form.sourceHint', choices: keyed('cohort.source', ['approved', 'latest', 'ai']) },
    { kind: 'choice', name: 'modality', label: 'cohort.features.modality', hint: 'cohort.form.mapModalityHint', choices: keyed('cohort.modality', ['CT', 'MR']) },
    number('size', 'cohort.form.spaceSize', { low: 8, high: 48, whole: true }, 'cohort.form.spaceSizeHint'),
    number('points', 'cohort.form.points', { low: 200, high: 5000, whole: true }, 'cohort.form.pointsHint'),
    number('rounds', 'cohort.form.rounds', { low: 0, high: 5, whole: true }, 'cohort.form.roundsHint'),
    number('min_dice', 'cohort.form.minDice', { low: 0, high: BELOW_1 }, 'cohort.form.minDiceHint'),
    number('max_folded', 'cohort.form.maxFolded', { low: 0, high: BELOW_1 }, 'cohort.form.maxFoldedHint'),
    number('speck', 'cohort.form.speck', { low: 0, high: 0.499 }, 'cohort.form.speckHint'),
  ];
}

export function doseMapForm(cohort: Cohort): KindForm {
  return {
    features: 'none',
    fields: firstFields(cohort),
    further: [...spaceFields(), ...mapFields()],
    start: {
      outcome: outcomesOf(cohort)[0]?.value ?? '', structures: '', mirror_to: '', solver: 'tv', folds: '5', permutations: '200', smoothing_mm: '6',
      clinical: [], source: 'approved', modality: 'CT', size: '32', points: '1500', rounds: '2', min_dice: '0.8', max_folded: '0.01', speck: '0.02',
      inner_folds: '5', alpha: '0.05', subsamples: '100', stable: '0.75', voxels: '5000', penalties: '8', lowest: '0.02', l1_share: '0.2',
      ranks: '1, 2, 3', restarts: '4', iterations: '300', tolerance: '0.0001', seed: '0',
    }, // prettier-ignore
    problem: problemOf,
    config: (draft) => ({
      ...askedOutcome(draft),
      structures: namesOf(draft, 'structures'),
      clinical: manyOf(draft, 'clinical'),
      source: textOf(draft, 'source'),
      modality: textOf(draft, 'modality'),
      space: { ...numbersOf(draft, NUMBERS_OF_SPACE), mirror_to: textOf(draft, 'mirror_to') === '' ? null : textOf(draft, 'mirror_to') },
      map: {
        ...numbersOf(draft, NUMBERS_OF_MAP),
        solver: textOf(draft, 'solver'),
        ranks: textOf(draft, 'ranks').split(',').map(Number),
      },
    }),
  };
}
