/** Conditions on the patients of a cohort, as they are typed and as the server takes them. */
import type { Cohort, CohortCondition } from '../../api/types';
import type { Translate } from '../../i18n';

export type Op = CohortCondition['op'];
export type Draft = { column: string; op: Op; typed: string };
type Known = Pick<Cohort, 'columns' | 'endpoints'>;

const OF_NUMBERS: readonly Op[] = ['>=', '>', '<=', '<', '=', '!=', 'present', 'missing'];
const OF_CATEGORIES: readonly Op[] = ['=', '!=', 'in', 'present', 'missing'];
const OF_ENDPOINTS: readonly Op[] = ['present', 'missing'];
const VALUELESS: ReadonlySet<Op> = new Set<Op>(['present', 'missing']);
const SIGNS: Record<Exclude<Op, 'in' | 'present' | 'missing'>, string> = { '=': '=', '!=': '≠', '<': '<', '<=': '≤', '>': '>', '>=': '≥' };

const kindOf = ({ columns }: Known, column: string): 'number' | 'category' | 'endpoint' =>
  columns.find(({ name }) => name === column)?.kind ?? 'endpoint';

/** What can be asked of a column or endpoint. */
export function opsOf(cohort: Known, column: string): readonly Op[] {
  const kind = kindOf(cohort, column);
  return kind === 'number' ? OF_NUMBERS : kind === 'category' ? OF_CATEGORIES : OF_ENDPOINTS;
}

export const needsValue = (op: Op): boolean => !VALUELESS.has(op);

export function opText(op: Op, t: Translate): string {
  return op === 'in' || op === 'present' || op === 'missing' ? t(`cohort.op.${op}`) : SIGNS[op];
}

const parts = (typed: string): string[] =>
  typed
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');

/** Whether what was typed is a value of the column. */
export function conditionReady(cohort: Known, { column, op, typed }: Draft): boolean {
  if (!needsValue(op)) return true;
  if (op === 'in') return parts(typed).length > 0;
  const text = typed.trim();
  return text !== '' && (kindOf(cohort, column) !== 'number' || Number.isFinite(Number(text)));
}

/** The condition to send. */
export function typedCondition(cohort: Known, { column, op, typed }: Draft): CohortCondition {
  if (!needsValue(op)) return { column, op };
  if (op === 'in') return { column, op, value: parts(typed) };
  return { column, op, value: kindOf(cohort, column) === 'number' ? Number(typed) : typed.trim() };
}

export const draftOf = ({ column, op, value }: CohortCondition): Draft => ({
  column,
  op,
  typed: Array.isArray(value) ? value.join(', ') : String(value ?? ''),
});
