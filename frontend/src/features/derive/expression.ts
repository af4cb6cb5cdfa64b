/** The dialog's form of a derivation: what is typed, what the server is told by it, and what both say in words. */
import type { Expression } from '../../api/types';
import type { Translate } from '../../i18n';

type Operand = Expression['first'];
type Step = Expression['steps'][number];
type Margin = NonNullable<Operand['margin']>;

export const SIDES = ['left', 'right', 'anterior', 'posterior', 'superior', 'inferior'] as const;
export type Side = (typeof SIDES)[number];
/** A longer margin or distance is a slip of the hand; the server's limit. */
export const MOST_MM = 200;
export const MOST_STEPS = 20;
const MOST_LEVEL = 1000;

/** Six texts where each side has its own, else one. */
export type MarginForm = {
  readonly direction: 'none' | 'grow' | 'shrink';
  readonly mm: string;
  readonly sides: Readonly<Record<Side, string>> | null;
};
/** `source` is `structure <id>`, `isodose <series id>`, or nothing yet. */
export type OperandForm = {
  readonly source: string;
  readonly level: string;
  readonly unit: 'Gy' | '%';
  readonly prescription: string;
  readonly margin: MarginForm;
};
export const STEP_KINDS = ['subtract', 'intersect', 'union', 'outside', 'inside', 'margin'] as const;
export type StepKind = (typeof STEP_KINDS)[number];
export type StepForm = { readonly kind: StepKind; readonly operand: OperandForm; readonly mm: string; readonly margin: MarginForm };
export type Form = { readonly first: OperandForm; readonly steps: readonly StepForm[] };

export const NO_MARGIN: MarginForm = { direction: 'none', mm: '5', sides: null };
export const NO_OPERAND: OperandForm = { source: '', level: '20', unit: 'Gy', prescription: '', margin: NO_MARGIN };
export const NEW_STEP: StepForm = { kind: 'subtract', operand: NO_OPERAND, mm: '3', margin: { ...NO_MARGIN, direction: 'grow' } };

/** A number as it is typed, with a point or a comma, within limits; null for anything else. */
export function readNumber(text: string, low: number, high: number): number | null {
  const value = Number(text.trim().replace(',', '.'));
  return text.trim() !== '' && value >= low && value <= high ? value : null;
}

export const readMm = (text: string): number | null => readNumber(text, 0, MOST_MM);
const readLevel = (text: string): number | null => {
  const value = readNumber(text, 0, MOST_LEVEL);
  return value === 0 ? null : value;
};

/** One text for all sides, as six. */
export const spread = (mm: string): Record<Side, string> => ({
  left: mm, right: mm, anterior: mm, posterior: mm, superior: mm, inferior: mm,
}); // prettier-ignore

/** Null: no margin; undefined: what is typed is none. */
function readMargin({ direction, mm, sides }: MarginForm): Margin | null | undefined {
  if (direction === 'none') return null;
  const texts = sides ?? spread(mm);
  const read = SIDES.map((side) => readMm(texts[side]));
  const [left, right, anterior, posterior, superior, inferior] = read;
  if (read.includes(null)) return undefined;
  return {
    direction, left: left ?? 0, right: right ?? 0, anterior: anterior ?? 0,
    posterior: posterior ?? 0, superior: superior ?? 0, inferior: inferior ?? 0,
  }; // prettier-ignore
}

function readOperand(form: OperandForm): Operand | null {
  const [kind, id = ''] = form.source.split(' ');
  const margin = readMargin(form.margin);
  if (id === '' || margin === undefined) return null;
  if (kind === 'structure') return { kind, structure_id: id, margin };
  const value = readLevel(form.level);
  if (value === null) return null;
  if (form.unit === 'Gy') return { kind: 'isodose', dose_series_id: id, level: { unit: 'Gy', value }, margin };
  const prescription_gy = readLevel(form.prescription);
  if (prescription_gy === null) return null;
  return { kind: 'isodose', dose_series_id: id, level: { unit: '%', value, prescription_gy }, margin };
}

function readStep({ kind, operand, mm, margin }: StepForm): Step | null {
  if (kind === 'margin') {
    const read = readMargin(margin);
    return read === null || read === undefined ? null : { kind, margin: read };
  }
  const read = readOperand(operand);
  if (read === null) return null;
  if (kind !== 'outside' && kind !== 'inside') return { kind, operand: read };
  const distance = readMm(mm);
  return distance === null ? null : { kind: 'crop', keep: kind, operand: read, mm: distance };
}

/** What the form asks for; null while something is open or wrong. */
export function readForm({ first, steps }: Form): Expression | null {
  const operand = readOperand(first);
  const read = steps.map(readStep);
  const complete = read.filter((step): step is Step => step !== null);
  return operand === null || complete.length < read.length ? null : { first: operand, steps: complete };
}

function marginForm(margin: Margin | null | undefined): MarginForm {
  if (margin === null || margin === undefined) return NO_MARGIN;
  const texts = SIDES.map((side) => String(margin[side]));
  const even = texts.every((text) => text === texts[0]);
  const sides = Object.fromEntries(SIDES.map((side) => [side, String(margin[side])])) as Record<Side, string>;
  return { direction: margin.direction, mm: String(margin.left), sides: even ? null : sides };
}

function operandForm(operand: Operand): OperandForm {
  const margin = marginForm(operand.margin);
  if (operand.kind === 'structure') return { ...NO_OPERAND, source: `structure ${operand.structure_id}`, margin };
  const { unit, value } = operand.level;
  const prescription = operand.level.unit === '%' ? String(operand.level.prescription_gy) : '';
  return { source: `isodose ${operand.dose_series_id}`, level: String(value), unit, prescription, margin };
}

function stepForm(step: Step): StepForm {
  if (step.kind === 'margin') return { ...NEW_STEP, kind: 'margin', margin: marginForm(step.margin) };
  const operand = operandForm(step.operand);
  if (step.kind !== 'crop') return { ...NEW_STEP, kind: step.kind, operand };
  return { ...NEW_STEP, kind: step.keep, operand, mm: String(step.mm) };
}

/** The form that asks for this derivation. */
export const formOf = ({ first, steps }: Expression): Form => ({ first: operandForm(first), steps: steps.map(stepForm) });

export type NameOf = (structureId: string) => string | null;

function marginText(margin: Margin, t: Translate): string {
  const { direction: _, ...mm } = margin;
  const even = SIDES.every((side) => mm[side] === mm.left);
  return even ? String(mm.left) : t('derive.words.sides', mm);
}

function operandText(operand: Operand, nameOf: NameOf, t: Translate): string {
  const { margin } = operand;
  const plain = operand.kind === 'structure' ? (nameOf(operand.structure_id) ?? t('derive.words.deleted')) : levelText(operand.level, t);
  if (margin === null || margin === undefined) return plain;
  return t(`derive.words.margin.${margin.direction}`, { what: plain, mm: marginText(margin, t) });
}

function levelText(level: Extract<Operand, { kind: 'isodose' }>['level'], t: Translate): string {
  if (level.unit === 'Gy') return t('derive.words.isodose', { gy: level.value });
  return t('derive.words.percent', { percent: level.value, gy: level.prescription_gy });
}

/** A derivation as a sentence in the language of the page. */
export function words({ first, steps }: Expression, nameOf: NameOf, t: Translate): string {
  return steps.reduce((before, step) => {
    if (step.kind === 'margin') return t(`derive.words.then.${step.margin.direction}`, { before, mm: marginText(step.margin, t) });
    const what = operandText(step.operand, nameOf, t);
    if (step.kind !== 'crop') return t(`derive.words.${step.kind}`, { before, what });
    if (step.mm === 0) return t(`derive.words.touching.${step.keep}`, { before, what });
    return t(`derive.words.${step.keep}`, { before, what, mm: step.mm });
  }, operandText(first, nameOf, t));
}

/** Structures that a derivation names. */
export const sourcesOf = ({ first, steps }: Expression): string[] =>
  [first, ...steps.flatMap((step) => (step.kind === 'margin' ? [] : [step.operand]))].flatMap((one) =>
    one.kind === 'structure' ? [one.structure_id] : [],
  );
