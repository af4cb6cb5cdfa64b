import { useState } from 'react';
import { Link } from 'react-router';
import type { AnalysisDetail, Cohort, Prediction } from '../../api/types';
import { useT } from '../../i18n';
import { Badge, EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import { formatTime } from '../../ui/format';
import { layout, Section, TableHead } from '../../ui/layout';
import { JobProgress, JobStateBadge } from '../jobs/job-state';
import { valueText } from './cells';
import css from './cohorts.module.css';
import { mapAddress, UsedContours } from './predicted-patients';
import { toldOf } from './prediction';
import { PredictionForm } from './prediction-form';
import { PredictionResult, toldText } from './prediction-result';
import { isLive, usePredictions } from './queries';

const MOST_GIVEN = 20;

type ViewProps = { projectId: string; cohort: Cohort; analysis: AnalysisDetail; manage: boolean };
type Asked = { name: string; kind: 'binary' | 'survival'; unit: string };

/** The endpoint that the analysis was asked for, as the cohort describes it. */
function endpointOf(cohort: Cohort, analysis: AnalysisDetail): Asked {
  const name = String(analysis.config['endpoint'] ?? '');
  const found = cohort.endpoints.find((one) => one.name === name);
  return { name, kind: found?.kind ?? 'binary', unit: found?.unit ?? '' };
}

function One({ prediction, endpoint, cohortId, analysisId }: { prediction: Prediction; endpoint: Asked; cohortId: string; analysisId: string }) {
  const t = useT();
  const told = toldOf(prediction, endpoint.kind === 'survival');
  const { patient_id, job, maps, values, measured, contours } = prediction;
  const features = Object.keys(measured).length;
  const given = Object.entries(values).flatMap(([name, value]) => (value === null ? [] : [`${name} ${valueText(value)}`]));
  return (
    <section className={css.answer} aria-label={t('cohort.predict.of', { patient: patient_id })}>
      <h3>{t('cohort.predict.of', { patient: patient_id })}</h3>
      {told !== null && <PredictionResult told={told} endpoint={endpoint} />}
      {told === null && (
        <div className={css.actions}>
          <JobStateBadge state={job.state} /> <JobProgress job={job} />
        </div>
      )}
      {given.length > 0 && <p className={css.absent}>{t('cohort.predict.given', { values: given.slice(0, MOST_GIVEN).join(', ') })}</p>}
      {contours.length > 0 && (
        <p className={css.absent}>
          {features > 0 && t('cohort.predict.measured', { n: features })} {t('cohort.predict.contours')} <UsedContours contours={contours} studyId={maps[0]?.study_id} />
        </p>
      )}
      {maps.length > 0 && (
        <p>
          {t('cohort.predict.maps')}{' '}
          {maps.map((one, index) => (
            <span key={one.kind}>
              {index > 0 && ' · '}
              <Link to={mapAddress(one, cohortId, analysisId)}>{t(`map.kind.${one.kind}`)}</Link>
            </span>
          ))}
        </p>
      )}
    </section>
  );
}

type EarlierProps = { predictions: readonly Prediction[]; shown: string | undefined; endpoint: Asked; onShow: (id: string) => void };

function Earlier({ predictions, shown, endpoint, onShow }: EarlierProps) {
  const t = useT();
  const columns = [t('cohort.patient'), t('cohort.created'), t('cohort.features.state'), { number: t('cohort.predict.said') }, t('cohort.predict.applies')];
  return (
    <table className={layout.table}>
      <TableHead columns={columns} />
      <tbody>
        {predictions.map((one) => {
          const told = toldOf(one, endpoint.kind === 'survival');
          return (
            <tr key={one.id} className={css.row} aria-selected={one.id === shown}>
              <td>
                <button type="button" className={css.choose} onClick={() => onShow(one.id)}>
                  {one.patient_id}
                </button>
              </td>
              <td>{formatTime(one.created_at)}</td>
              <td>{isLive(one) || told !== null ? <JobStateBadge state={one.job.state} /> : <JobProgress job={one.job} />}</td>
              <td className={layout.number}>{told === null ? '–' : toldText(told, t)}</td>
              <td>
                {told === null || told.unlike === null ? (
                  '–'
                ) : (
                  <Badge tone={told.unlike ? 'warn' : 'good'}>{t(told.unlike ? 'cohort.predict.unlikeShort' : 'cohort.predict.likeShort')}</Badge>
                )}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** Patients whom the analysis has not learnt from: ask of one, and what it said of those asked before. */
export function PredictionsView({ projectId, cohort, analysis, manage }: ViewProps) {
  const t = useT();
  const query = usePredictions(projectId, cohort.id, analysis.id);
  const [chosen, setChosen] = useState<string>();
  const predictions = query.data ?? [];
  const endpoint = endpointOf(cohort, analysis);
  const shown = predictions.find(({ id }) => id === chosen) ?? predictions[0];
  return (
    <Section title={t('cohort.predict.title')} note={t('cohort.predict.note')}>
      <div className={css.beside}>
        {manage && <PredictionForm projectId={projectId} cohortId={cohort.id} analysis={analysis} onStarted={setChosen} />}
        {shown !== undefined && <One prediction={shown} endpoint={endpoint} cohortId={cohort.id} analysisId={analysis.id} />}
      </div>
      {query.isPending && <Loading />}
      {query.isError && <ErrorNote error={query.error} retry={() => void query.refetch()} />}
      {query.data?.length === 0 && !manage && <EmptyState title={t('cohort.predict.none')} />}
      {predictions.length > 0 && <Earlier predictions={predictions} shown={shown?.id} endpoint={endpoint} onShow={setChosen} />}
    </Section>
  );
}
