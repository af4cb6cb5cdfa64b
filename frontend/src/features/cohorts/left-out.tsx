import { Link } from 'react-router';
import { useT } from '../../i18n';
import { slugText } from '../../i18n/problems';
import { layout, Section, TableHead } from '../../ui/layout';
import type { Why } from './outcome';

/** Patients of the cohort whom an analysis could not use, and why. */
export function LeftOut({ patients, cohortId }: { patients: readonly ({ patient: string } & Why)[]; cohortId: string }) {
  const t = useT();
  if (patients.length === 0) return null;
  return (
    <Section title={t('cohort.network.leftOut', { n: patients.length })}>
      <table className={layout.table}>
        <TableHead columns={[t('cohort.patient'), t('cohort.features.reason')]} />
        <tbody>
          {patients.map((one) => (
            <tr key={one.patient}>
              <td>
                <Link to={`/cohorts/${cohortId}?tab=patients&patient=${encodeURIComponent(one.patient)}`}>{one.patient}</Link>
              </td>
              <td className={layout.wrap}>{slugText(one, t)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}
