/** What a column of an imported table can be, and how its cells are read. */
import type { DictionaryEntry } from '../../api/types';

export type ColumnRole = DictionaryEntry['role'];
export const ROLES = ['patient', 'variable', 'event', 'time', 'start', 'end', 'ignore'] as const satisfies readonly ColumnRole[];
export const TIME_UNITS = ['day', 'week', 'month', 'year'] as const;

export const OF_ENDPOINT: ReadonlySet<ColumnRole> = new Set<ColumnRole>(['time', 'event', 'start', 'end']);

/** Whether a column of this role has a unit of time. */
export const timed = (role: ColumnRole): boolean => role === 'time' || role === 'end';

type DateOrder = 'ymd' | 'dmy' | 'mdy';
type Reading = Pick<DictionaryEntry, 'kind' | 'decimal'> & { date_order: DateOrder | null };

const date = (order: DateOrder | null): Reading => ({ kind: 'date', decimal: '.', date_order: order });

export const READINGS = {
  category: { kind: 'category', decimal: '.', date_order: null },
  'decimal.point': { kind: 'number', decimal: '.', date_order: null },
  'decimal.comma': { kind: 'number', decimal: ',', date_order: null },
  'date.auto': date(null),
  'date.ymd': date('ymd'),
  'date.dmy': date('dmy'),
  'date.mdy': date('mdy'),
} as const satisfies Record<string, Reading>;

export type ReadingName = keyof typeof READINGS;

const NUMBERS: readonly ReadingName[] = ['decimal.point', 'decimal.comma'];
const DATES: readonly ReadingName[] = ['date.auto', 'date.ymd', 'date.dmy', 'date.mdy'];

/** How cells of a column of this role can be read; nothing where there is no choice. */
export function readingsOf(role: ColumnRole): readonly ReadingName[] {
  switch (role) {
    case 'variable':
      return ['category', ...NUMBERS];
    case 'time':
      return NUMBERS;
    case 'start':
    case 'end':
      return DATES;
    default:
      return [];
  }
}

/** How an entry's cells are read now. */
export function readAs({ kind, decimal, date_order }: DictionaryEntry): ReadingName {
  if (kind === 'date') return date_order ? `date.${date_order}` : 'date.auto';
  if (kind === 'category') return 'category';
  return decimal === ',' ? 'decimal.comma' : 'decimal.point';
}

/** The entry in another role: what does not suit the role is changed to what does. */
export function withRole(entry: DictionaryEntry, role: ColumnRole): DictionaryEntry {
  const readings = readingsOf(role);
  const first = readings[0];
  const reading = first === undefined || readings.includes(readAs(entry)) ? {} : READINGS[first];
  const unit = timed(role) ? { unit: TIME_UNITS.find((one) => one === entry.unit) ?? 'month' } : {};
  return { ...entry, ...reading, ...unit, role };
}
