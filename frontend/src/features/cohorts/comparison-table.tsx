import { useT } from '../../i18n';
import { formatSigned } from '../../ui/format';
import { layout, Section, TableHead } from '../../ui/layout';
import { formatP } from './figures';

type Row = { question: string; model?: string; difference: number; low: number; high: number; p: number; p_adjusted?: number };

/** Paired tests on the same patients: of AUC DeLong's, of concordance a bootstrap. */
export function ComparisonTable({ rows, note, survival }: { rows: readonly Row[]; note: string; survival: boolean }) {
  const t = useT();
  const figure = t(survival ? 'cohort.merit.cShort' : 'cohort.merit.aucShort');
  const withModel = rows.some(({ model }) => model !== undefined);
  const adjusted = rows.some((one) => one.p_adjusted !== undefined);
  const columns = [
    t('cohort.outcome.question'),
    ...(withModel ? [t('cohort.merit.model')] : []),
    { number: t('cohort.outcome.difference', { figure }) },
    { number: 'p' },
    ...(adjusted ? [{ number: t('cohort.cox.pAdjusted') }] : []),
  ];
  return (
    <Section title={t('cohort.outcome.paired')} note={note}>
      <table className={layout.table}>
        <TableHead columns={columns} />
        <tbody>
          {rows.map((one) => (
            <tr key={`${one.question} ${one.model ?? ''}`}>
              <td>{one.question}</td>
              {withModel && <td>{one.model}</td>}
              <td className={layout.number}>
                {formatSigned(one.difference, 2)} ({formatSigned(one.low, 2)} … {formatSigned(one.high, 2)})
              </td>
              <td className={layout.number}>{formatP(one.p)}</td>
              {adjusted && <td className={layout.number}>{formatP(one.p_adjusted)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}
