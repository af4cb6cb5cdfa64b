/** What the worklist shows, kept in the address so that a view can be linked and remembered. */
import type { AiState, StudyState } from '../../api/types';

export const STATES: readonly StudyState[] = ['new', 'drafted', 'submitted', 'returned', 'partly-approved', 'approved'];
export const AI_STATES: readonly AiState[] = ['none', 'queued', 'running', 'ready', 'region', 'failed'];
export const MODALITIES = ['CT', 'MR', 'PT', 'RTSTRUCT', 'RTDOSE', 'RTPLAN', 'SEG'] as const;
/** Structures that wait for a reviewer in a study whose own state says something else. */
export const alsoWaiting = (state: StudyState, submitted: number): number => (state === 'submitted' ? 0 : submitted);
/** Findings about a series' geometry that one may want to look for. */
export const WARNINGS = [
  'any',
  'bad-geometry',
  'missing-slices',
  'uneven-spacing',
  'late-images',
  'duplicated-slices',
  'repeated-positions',
  'gantry-tilt',
  'mixed-orientations',
  'single-slice',
] as const;
/** Images first, then plans, doses and contours without the RT of their modality: `CT · DOSE · STRUCT`. */
export function modalitiesText(modalities: readonly string[]): string {
  const derived = (modality: string): boolean => /^(RT|SEG)/.test(modality);
  const images = modalities.filter((modality) => !derived(modality));
  return [...images, ...modalities.filter(derived).map((modality) => modality.replace(/^RT/, ''))].join(' · ');
}

export const FILTER_NAMES = ['q', 'state', 'modality', 'ai', 'warning', 'assignee_id'] as const;

export type FilterName = (typeof FILTER_NAMES)[number];
export type Filters = Record<FilterName, string>;

export const readFilters = (search: URLSearchParams): Filters => ({
  q: search.get('q') ?? '',
  state: search.get('state') ?? '',
  modality: search.get('modality') ?? '',
  ai: search.get('ai') ?? '',
  warning: search.get('warning') ?? '',
  assignee_id: search.get('assignee_id') ?? '',
});

export const isFiltered = (filters: Filters): boolean => FILTER_NAMES.some((name) => filters[name] !== '');

export const COLUMNS = [
  'patient',
  'id',
  'date',
  'description',
  'modality',
  'state',
  'ai',
  'gain',
  'structures',
  'warnings',
  'assignee',
  'updated',
] as const;
export type Column = (typeof COLUMNS)[number];

/** The columns that the server sorts by; where "first" means newest or most, a click begins with that. */
const SORTS: Partial<Record<Column, { field: string; newestFirst: boolean }>> = {
  patient: { field: 'patient_name', newestFirst: false },
  id: { field: 'patient_id', newestFirst: false },
  date: { field: 'study_date', newestFirst: true },
  gain: { field: 'expected_gain', newestFirst: true },
  updated: { field: 'updated_at', newestFirst: true },
};

export type Sort = { field: string; descending: boolean };

export const isSortable = (column: Column): boolean => SORTS[column] !== undefined;

/** An order as the server writes it: a minus before the field means descending. */
export function readSort(search: URLSearchParams): Sort | null {
  const wanted = search.get('sort') ?? '';
  const sort = { field: wanted.replace(/^-/, ''), descending: wanted.startsWith('-') };
  return Object.values(SORTS).some(({ field }) => field === sort.field) ? sort : null;
}

export const writeSort = (sort: Sort | null): string =>
  sort === null ? '' : `${sort.descending ? '-' : ''}${sort.field}`;

/** Whether and how a column is sorted. */
export function sortOf(column: Column, sort: Sort | null): 'ascending' | 'descending' | null {
  if (sort === null || SORTS[column]?.field !== sort.field) return null;
  return sort.descending ? 'descending' : 'ascending';
}

/** What a click on a column's head asks for: its first order, the other one, the server's own. */
export function nextSort(current: Sort | null, column: Column): Sort | null {
  const known = SORTS[column];
  if (known === undefined) return current;
  if (current?.field !== known.field) return { field: known.field, descending: known.newestFirst };
  return current.descending === known.newestFirst ? { field: known.field, descending: !known.newestFirst } : null;
}
