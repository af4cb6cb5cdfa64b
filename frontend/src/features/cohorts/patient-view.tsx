import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Cohort, CohortPatient, Page } from '../../api/types';
import { useT } from '../../i18n';
import { Badge, EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import { formatDate } from '../../ui/format';
import { layout, Section, TableHead } from '../../ui/layout';
import { endpointText, valueText } from './cells';
import css from './cohorts.module.css';
import { cohortPath } from './queries';

type ViewProps = { projectId: string; cohort: Cohort; patientId: string };

function Values({ cohort, patient }: { cohort: Cohort; patient: CohortPatient }) {
  const t = useT();
  const missing = <span className={css.absent}>{t('cohort.value.missing')}</span>;
  return (
    <dl className={css.values}>
      {cohort.endpoints.map(({ name, unit }) => (
        <div key={`endpoint ${name}`}>
          <dt>{name}</dt>
          <dd>{endpointText(patient.endpoints[name] ?? null, unit, t) ?? missing}</dd>
        </div>
      ))}
      {cohort.columns.map(({ name, unit }) => {
        const value = patient.values[name] ?? null;
        return (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              {value === null ? missing : valueText(value)} {value !== null && unit !== '' && <span className={layout.muted}>{unit}</span>}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

function Studies({ patient }: { patient: CohortPatient }) {
  const t = useT();
  if (patient.studies.length === 0) return <EmptyState title={t('cohort.view.noStudies')} />;
  return (
    <table className={layout.table}>
      <TableHead columns={[t('column.date'), t('cohort.view.studyUid')]} />
      <tbody>
        {patient.studies.map((one) => (
          <tr key={one.id}>
            <td>
              <Link to={`/studies/${one.id}`}>{formatDate(one.study_date)}</Link>
            </td>
            <td>
              <code>{one.study_instance_uid}</code>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** All that the cohort knows of one patient. */
export function PatientView({ projectId, cohort, patientId }: ViewProps) {
  const t = useT();
  const query = useQuery({
    queryKey: keys.cohortPatient(cohort.id, patientId),
    queryFn: () => api.get<Page<CohortPatient>>(`${cohortPath(projectId, cohort.id)}/patients`, { query: { patient_id: patientId } }),
  });
  if (query.isPending) return <Loading />;
  if (query.isError) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  const patient = query.data.items[0];
  const back = <Link to={`/cohorts/${cohort.id}?tab=patients`}>{t('cohort.view.close')}</Link>;
  if (patient === undefined) return <EmptyState title={t('cohort.view.unknown')}>{back}</EmptyState>;
  return (
    <>
      <Section
        title={t('cohort.view.title', { id: patient.patient_id })}
        padded
        actions={
          <>
            {patient.role !== null && <Badge tone={patient.role === 'test' ? 'warn' : 'plain'}>{t(`cohort.role.${patient.role}`)}</Badge>}
            {back}
          </>
        }
      >
        <Values cohort={cohort} patient={patient} />
      </Section>
      <Section title={t('cohort.view.studies')}>
        <Studies patient={patient} />
      </Section>
    </>
  );
}
