/** What a cell of a cohort holds, as a person reads it. */
import type { Cohort } from '../../api/types';
import type { Translate } from '../../i18n';
import { formatTime } from '../../ui/format';

export type Happened = { event: number | null; time?: number | null };

const DIGITS = 6;

/** A number without needless digits, or the text itself. */
export const valueText = (value: number | string): string =>
  typeof value === 'number' ? String(Number(value.toPrecision(DIGITS))) : value;

/** `event after 12 months`; null where nothing is known. */
export function endpointText(found: Happened | null, unit: string, t: Translate): string | null {
  if (found === null || found.event === null) return null;
  if (typeof found.time !== 'number') return t(found.event === 0 ? 'cohort.event.no' : 'cohort.event.yes');
  const plain = found.event === 0 ? t('cohort.event.censored') : t('cohort.event.happened');
  const what = found.event > 1 ? t('cohort.event.competing', { n: found.event }) : plain;
  return t('cohort.event.at', { what, time: valueText(found.time), unit: unitText(unit, t) });
}

/** The name of a unit of time; other units as they are written. */
export function unitText(unit: string, t: Translate): string {
  const known = ['day', 'week', 'month', 'year'] as const;
  const found = known.find((one) => one === unit);
  return found === undefined ? unit : t(`cohort.unit.${found}`);
}

/** Where a column's values come from: file, column of the file, when and by whom. */
export const sourceText = ({ file_name, columns, imported_at, imported_by }: Cohort['columns'][number]['source'], t: Translate): string =>
  t('cohort.sourceOf', { file: file_name, columns: columns.join(', '), time: formatTime(imported_at), who: imported_by });
