import { useMemo, useRef, useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import type { Cohort, CohortPatient } from '../../api/types';
import { useT } from '../../i18n';
import { Button } from '../../ui/controls';
import { Badge, EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import { Section } from '../../ui/layout';
import css from './cohorts.module.css';
import { endpointText, sourceText, unitText, valueText } from './cells';
import { FilterEditor } from './filter-editor';
import { PatientView } from './patient-view';
import { usePatients } from './queries';
import { SplitButton } from './split-dialog';

const ROW = 31;
const SPARE = 12;
const VIEW = 620;

type TableProps = { cohort: Cohort; patients: readonly CohortPatient[]; onEnd: () => void };

function Row({ cohort, patient }: { cohort: Cohort; patient: CohortPatient }) {
  const t = useT();
  const [study] = patient.studies;
  return (
    <tr className={patient.left_out === null ? undefined : css.out}>
      <th scope="row">
        <Link to={`/cohorts/${cohort.id}?tab=patients&patient=${encodeURIComponent(patient.patient_id)}`}>{patient.patient_id}</Link>
      </th>
      <td>
        {study === undefined ? (
          <span className={css.absent}>{t('cohort.notInStore')}</span>
        ) : (
          <Link to={`/studies/${study.id}`}>{t('cohort.openStudy', { n: patient.studies.length })}</Link>
        )}
      </td>
      <td>
        {patient.left_out !== null ? (
          <Badge tone="plain" title={t(`cohort.leftOut.${patient.left_out.reason}`, { column: patient.left_out.column })}>
            {t('cohort.leftOut')}
          </Badge>
        ) : patient.role === null ? (
          '–'
        ) : ( <Badge tone={patient.role === 'test' ? 'warn' : 'plain'}>{t(`cohort.role.${patient.role}`)}</Badge>
        )}
      </td>
      {cohort.columns.map(({ name, kind }) => {
        const value = patient.values[name] ?? null;
        return (
          <td key={name} className={kind === 'number' ? css.number : undefined}>
            {value === null ? <span className={css.absent}>{t('cohort.value.missing')}</span> : valueText(value)}
          </td>
        );
      })}
      {cohort.endpoints.map(({ name, unit }) => {
        const said = endpointText(patient.endpoints[name] ?? null, unit, t);
        return <td key={name}>{said ?? <span className={css.absent}>{t('cohort.value.missing')}</span>}</td>;
      })}
    </tr>
  );
}

/** Rows in sight and a few beside them; the rest is room above and below, so that thousands scroll like ten. */
function PatientTable({ cohort, patients, onEnd }: TableProps) {
  const t = useT();
  const [top, setTop] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const first = Math.max(0, Math.floor(top / ROW) - SPARE);
  const last = Math.min(patients.length, Math.ceil((top + VIEW) / ROW) + SPARE);
  const width = 3 + cohort.columns.length + cohort.endpoints.length;
  const scroll = (): void => {
    const element = box.current;
    if (element === null) return;
    setTop(element.scrollTop);
    if (element.scrollHeight - element.scrollTop - element.clientHeight < SPARE * ROW) onEnd();
  };
  const room = (rows: number) =>
    rows > 0 && (
      <tr aria-hidden style={{ height: rows * ROW }}>
        {/* oxlint-disable-next-line jsx-a11y/control-has-associated-label -- room, hidden from who listens */}
        <td colSpan={width} />
      </tr>
    );
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- so that the keyboard can scroll it
    <div ref={box} className={css.scroller} style={{ maxHeight: VIEW }} onScroll={scroll} tabIndex={0} role="region" aria-label={t('cohort.tab.patients')}>
      <table className={css.table} aria-rowcount={cohort.patients}>
        <thead>
          <tr>
            <th scope="col">{t('cohort.patient')}</th>
            <th scope="col">{t('cohort.images')}</th>
            <th scope="col">{t('cohort.role')}</th>
            {cohort.columns.map(({ name, kind, unit, source }) => (
              <th key={name} scope="col" title={sourceText(source, t)} className={kind === 'number' ? css.number : undefined}>
                {name}
                <small>{unit}</small>
              </th>
            ))}
            {cohort.endpoints.map(({ name, unit, kind, source }) => (
              <th key={name} scope="col" title={sourceText(source, t)}>
                {name}
                <small>{kind === 'survival' ? t('cohort.endpoint.survival', { unit: unitText(unit, t) }) : t('cohort.endpoint.binary')}</small>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {room(first)}
          {patients.slice(first, last).map((patient) => (
            <Row key={patient.patient_id} cohort={cohort} patient={patient} />
          ))}
          {room(patients.length - last)}
        </tbody>
      </table>
    </div>
  );
}

function Patients({ projectId, cohort }: { projectId: string; cohort: Cohort }) {
  const t = useT();
  const query = usePatients(projectId, cohort.id);
  const patients = useMemo(() => query.data?.pages.flatMap(({ items }) => items) ?? [], [query.data]);
  if (query.isPending) return <Loading />;
  if (query.isError) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  const more = (): void => {
    if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage();
  };
  return (
    <>
      <PatientTable cohort={cohort} patients={patients} onEnd={more} />
      <p className={css.note} role="status">
        {t('cohort.shown', { n: patients.length, total: cohort.patients })}{' '}
        {query.hasNextPage && (
          <Button small disabled={query.isFetchingNextPage} onClick={more}>
            {t('worklist.more')}
          </Button>
        )}
      </p>
    </>
  );
}

/** Who is in the cohort and what is known of them; who of them counts (the filter) and who is kept for the test. */
export function PatientsTab({ projectId, cohort, manage }: { projectId: string; cohort: Cohort; manage: boolean }) {
  const t = useT();
  const [search] = useSearchParams();
  const asked = search.get('patient');
  if (asked !== null) return <PatientView key={asked} projectId={projectId} cohort={cohort} patientId={asked} />;
  if (cohort.patients === 0 && cohort.columns.length === 0) {
    return (
      <Section title={t('cohort.tab.patients')}>
        <EmptyState title={t('cohort.noPatients')}>
          <p>{t('cohort.noPatientsHint')}</p>
          {manage && <Link to={`/cohorts/${cohort.id}?tab=import`}>{t('cohort.toImport')}</Link>}
        </EmptyState>
      </Section>
    );
  }
  return (
    <>
      <FilterEditor projectId={projectId} cohort={cohort} manage={manage} />
      <Section
        title={t('cohort.tab.patients')}
        note={t('cohort.patientsNote')}
        actions={<SplitButton projectId={projectId} cohort={cohort} manage={manage} />}
      >
        <Patients projectId={projectId} cohort={cohort} />
      </Section>
    </>
  );
}
