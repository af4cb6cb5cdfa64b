import { useState } from 'react';
import type { DictionaryEntry, TableIssue } from '../../api/types';
import { useT } from '../../i18n';
import { slugText } from '../../i18n/problems';
import { Checkbox, classes } from '../../ui/controls';
import css from './cohorts.module.css';

const MOST_ROWS = 200;
const MOST_ISSUES = 50;
/** As a spreadsheet counts: the head is row 1. */
const FIRST_ROW = 2;

type PreviewProps = { table: readonly string[][]; dictionary: readonly DictionaryEntry[]; issues: readonly TableIssue[] };

function Issues({ issues }: { issues: readonly TableIssue[] }) {
  const t = useT();
  return (
    <ul className={css.issues} aria-label={t('cohort.import.issueList')}>
      {issues.slice(0, MOST_ISSUES).map((issue, index) => (
        <li key={index}>
          <b>{issueWhere(issue, t)}</b> {issue.value !== null && issue.value !== '' && <code>{issue.value}</code>} {slugText(issue, t)}
        </li>
      ))}
      {issues.length > MOST_ISSUES && <li>{t('import.more', { n: issues.length - MOST_ISSUES })}</li>}
    </ul>
  );
}

/** The row and column of an issue; some concern a whole column, or the whole table. */
function issueWhere({ row, column }: TableIssue, t: ReturnType<typeof useT>): string {
  if (row !== null && column !== null) return t('cohort.import.cell', { row, column });
  if (row !== null) return t('cohort.import.row', { row });
  return column === null ? '' : t('cohort.import.column', { column });
}

/** The file's rows as they are, with each refused cell marked and its reason told. */
export function PreviewTable({ table, dictionary, issues }: PreviewProps) {
  const t = useT();
  const [only, setOnly] = useState(false);
  const [head = [], ...rows] = table;
  const reasons = new Map(issues.map((issue) => [`${issue.row} ${issue.column}`, slugText(issue, t)]));
  const bad = new Set(issues.map(({ row }) => row));
  const roles = new Map(dictionary.map(({ column, role }) => [column, role]));
  const numbered = rows.map((cells, index) => ({ cells, row: index + FIRST_ROW }));
  const shown = (only && bad.size > 0 ? numbered.filter(({ row }) => bad.has(row)) : numbered).slice(0, MOST_ROWS);
  return (
    <>
      {issues.length > 0 && (
        <>
          <Issues issues={issues} />
          <div className={css.note}>
            <Checkbox label={t('cohort.import.onlyBad')} checked={only} onChange={setOnly} />
          </div>
        </>
      )}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- so that the keyboard can scroll it */}
      <div className={css.scroller} style={{ maxHeight: 420 }} tabIndex={0} role="region" aria-label={t('cohort.import.check')}>
        <table className={css.table}>
          <thead>
            <tr>
              <th scope="col">{t('cohort.import.line')}</th>
              {head.map((column, index) => (
                <th key={index} scope="col">
                  {column}
                  <small>{t(`cohort.roles.${roles.get(column.trim()) ?? 'ignore'}`)}</small>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map(({ cells, row }) => (
              <tr key={row}>
                <th scope="row">{row}</th>
                {head.map((column, index) => {
                  const reason = reasons.get(`${row} ${column.trim()}`);
                  const ignored = roles.get(column.trim()) === 'ignore';
                  return (
                    <td key={index} className={classes(reason !== undefined && css.wrong, ignored && css.faint)} title={reason}>
                      {cells[index] ?? ''}
                      {reason !== undefined && <small>{reason}</small>}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {shown.length < numbered.length && <p className={css.note}>{t('cohort.import.shown', { n: shown.length, total: numbered.length })}</p>}
    </>
  );
}

