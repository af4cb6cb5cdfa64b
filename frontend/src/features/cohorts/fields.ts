/** Fields of a start dialog, their answers, and what is wrong with these. */
import type { Key, Translate } from '../../i18n';

type Answer = string | boolean | readonly string[];
/** Answers by the name of the field; numbers as they are typed. */
export type Draft = Readonly<Record<string, Answer>>;

type Option = { readonly value: string; readonly text: string; readonly key?: Key };
type Asked = { readonly name: string; readonly label: Key; readonly hint?: Key };
type Choosing = Asked & { readonly kind: 'choice' | 'several'; readonly choices: readonly Option[]; readonly needed?: Key };
/** Names of structures with commas between them. */
type Naming = Asked & { readonly kind: 'names' };
/** `optional`: nothing typed is null. */
export type Numeric = Asked & { readonly kind: 'number'; readonly low: number; readonly high: number; readonly whole: boolean; readonly optional?: boolean };
export type FormField = Choosing | Naming | Numeric;

export type KindForm = {
  readonly features: 'needed' | 'optional' | 'none';
  readonly fields: readonly FormField[];
  readonly further: readonly FormField[];
  readonly start: Draft;
  /** What is wrong with answers together. */
  readonly problem?: (draft: Draft) => Key | null;
  /** What the answers come to, in a sentence. */
  readonly said?: (draft: Draft, t: Translate) => string;
  readonly config: (draft: Draft) => Record<string, unknown>;
};

/** What a seed may be. */
export const SEED = { low: 0, high: 2 ** 31 - 1, whole: true };

export const plain = (values: readonly string[]): Option[] => values.map((value) => ({ value, text: value }));
export const keyed = (family: string, values: readonly string[]): Option[] => values.map((value) => ({ value, text: value, key: `${family}.${value}` as Key }));

export const textOf = (draft: Draft, name: string): string => String(draft[name] ?? '');
export const manyOf = (draft: Draft, name: string): string[] => {
  const value = draft[name];
  return Array.isArray(value) ? value.map(String) : [];
};
export const numberOf = (draft: Draft, name: string): number | null => (textOf(draft, name).trim() === '' ? null : Number(textOf(draft, name)));

export const numbersOf = (draft: Draft, names: readonly string[]): Record<string, number | null> =>
  Object.fromEntries(names.map((name) => [name, numberOf(draft, name)]));

/** Names as they were typed, without what is empty or said twice. */
export const namesOf = (draft: Draft, name: string): string[] => [
  ...new Set(
    textOf(draft, name)
      .split(/[,、，]/)
      .map((one) => one.trim())
      .filter((one) => one !== ''),
  ),
];

/** Whether a typed number is none, or is out of its range. */
export function isWrong(field: Numeric, draft: Draft): boolean {
  const value = numberOf(draft, field.name);
  if (value === null) return field.optional !== true;
  return !(value >= field.low && value <= field.high) || (field.whole && !Number.isInteger(value));
}

/** Why an analysis cannot be started yet; null where nothing is in the way. */
export function firstProblem(form: KindForm, draft: Draft, sets: number): Key | null {
  if (form.features === 'needed' && sets === 0) return 'cohort.form.needsFeatures';
  for (const field of [...form.fields, ...form.further]) {
    if (field.kind === 'number' && isWrong(field, draft)) return 'cohort.form.wrongNumber';
    if (field.kind === 'choice' && field.needed !== undefined && textOf(draft, field.name) === '') return field.needed;
    if (field.kind === 'several' && field.needed !== undefined && manyOf(draft, field.name).length === 0) return field.needed;
  }
  return form.problem?.(draft) ?? null;
}

export const number = (name: string, label: Key, range: { low: number; high: number; whole?: boolean; optional?: boolean }, hint?: Key): Numeric => ({
  kind: 'number',
  name,
  label,
  low: range.low,
  high: range.high,
  whole: range.whole === true,
  optional: range.optional === true,
  ...(hint === undefined ? {} : { hint }),
});
