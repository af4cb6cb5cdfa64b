/** What the worklist shows, kept in the address so that a view can be linked and remembered. */
import type { AiState, StudyRow, StudyState } from '../../api/types';

export const STATES: readonly StudyState[] = ['new', 'drafted', 'submitted', 'returned', 'approved'];
export const AI_STATES: readonly AiState[] = ['none', 'queued', 'running', 'ready', 'failed'];
export const MODALITIES = ['CT', 'MR', 'PT', 'RTSTRUCT', 'RTDOSE', 'RTPLAN', 'SEG'] as const;
export const FILTER_NAMES = ['q', 'state', 'modality', 'ai', 'warning'] as const;

export type FilterName = (typeof FILTER_NAMES)[number];
export type Filters = Record<FilterName, string>;

export const COLUMNS = [
  'patient',
  'id',
  'date',
  'description',
  'modality',
  'state',
  'ai',
  'structures',
  'warnings',
  'assignee',
  'updated',
] as const;
export type Column = (typeof COLUMNS)[number];
export type Sort = { column: Column; descending: boolean };

const isColumn = (name: string): name is Column => (COLUMNS as readonly string[]).includes(name);

export const readFilters = (search: URLSearchParams): Filters => ({
  q: search.get('q') ?? '',
  state: search.get('state') ?? '',
  modality: search.get('modality') ?? '',
  ai: search.get('ai') ?? '',
  warning: search.get('warning') ?? '',
});

export const isFiltered = (filters: Filters): boolean => FILTER_NAMES.some((name) => filters[name] !== '');

/** The chosen order, or null for the server's own (newest import first). */
export function readSort(search: URLSearchParams): Sort | null {
  const column = search.get('sort') ?? '';
  return isColumn(column) ? { column, descending: search.get('order') === 'desc' } : null;
}

/** What a click on a column's head asks for: ascending, then descending, then the server's order. */
export function nextSort(current: Sort | null, column: Column): Sort | null {
  if (current?.column !== column) return { column, descending: false };
  return current.descending ? null : { column, descending: true };
}

const approvedShare = ({ structures: { approved, total } }: StudyRow): number => (total === 0 ? -1 : approved / total);

const SORT_KEYS: Record<Column, (study: StudyRow) => string | number> = {
  patient: (study) => study.patient_name.toLowerCase(),
  id: (study) => study.patient_id,
  date: (study) => study.study_date ?? '',
  description: (study) => study.description.toLowerCase(),
  modality: (study) => study.modalities.join(),
  state: (study) => STATES.indexOf(study.state),
  ai: (study) => AI_STATES.indexOf(study.ai),
  structures: approvedShare,
  warnings: (study) => study.warnings.length,
  assignee: (study) => study.assignee?.display_name.toLowerCase() ?? '',
  updated: (study) => study.updated_at,
};

const collator = new Intl.Collator(undefined, { numeric: true });

const compare = (a: string | number, b: string | number): number =>
  typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b));

/** The studies in the chosen order; equal ones keep the server's. */
export function sortStudies(studies: readonly StudyRow[], sort: Sort | null): StudyRow[] {
  if (sort === null) return [...studies];
  const key = SORT_KEYS[sort.column];
  const sign = sort.descending ? -1 : 1;
  return [...studies].sort((a, b) => sign * compare(key(a), key(b)));
}
