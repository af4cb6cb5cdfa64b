import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { address, api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Analysis, AnalysisDetail, Cohort } from '../../api/types';
import { type Translate, useT } from '../../i18n';
import { named, slugText } from '../../i18n/problems';
import { Button } from '../../ui/controls';
import { Caution, EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import { formatTime } from '../../ui/format';
import { Section } from '../../ui/layout';
import { notify } from '../../ui/toast';
import { JobProgress } from '../jobs/job-state';
import css from './cohorts.module.css';
import { Fold } from './fold';
import { cohortPath, figureAddress, isLive, useAnalysis } from './queries';
import { PredictionsView } from './predictions-view';
import { ResultsView } from './results-view';

type DetailProps = { projectId: string; cohort: Cohort; analysisId: string; manage: boolean; onShow: (id: string) => void };
type FoundProps = { projectId: string; cohort: Cohort; analysis: AnalysisDetail };

const MOST_NAMED = 8;

function PatientLinks({ cohortId, patients }: { cohortId: string; patients: readonly string[] }) {
  const t = useT();
  return (
    <>
      {patients.slice(0, MOST_NAMED).map((name, index) => (
        <span key={name}>
          {index > 0 && ', '}
          <Link to={`/cohorts/${cohortId}?tab=patients&patient=${encodeURIComponent(name)}`}>{name}</Link>
        </span>
      ))}
      {patients.length > MOST_NAMED && ` ${t('import.more', { n: patients.length - MOST_NAMED })}`}
    </>
  );
}

/** Who has changed since, by what changed, with the button that does it again on the cohort as it is now. */
function StaleBanner({ projectId, cohort, analysis, manage, onShow }: FoundProps & { manage: boolean; onShow: (id: string) => void }) {
  const t = useT();
  const client = useQueryClient();
  const rerun = useMutation({
    mutationFn: () => api.post<Analysis>(`${cohortPath(projectId, cohort.id)}/analyses/${analysis.id}/rerun`),
    onSuccess: async ({ id }) => {
      await client.invalidateQueries({ queryKey: keys.analyses(cohort.id) });
      onShow(id);
    },
  });
  if (analysis.stale.length === 0) return null;
  const reasons = [...new Set(analysis.stale.map(({ reason }) => reason))];
  return (
    <>
      <Caution>
        <div className={css.stale}>
          <div>
            <b>{t('cohort.analyses.stale')}</b>
            {reasons.map((reason) => (
              <div key={reason}>
                {t(`cohort.stale.${reason}`)}:{' '}
                <PatientLinks cohortId={cohort.id} patients={[...new Set(analysis.stale.filter((one) => one.reason === reason).map((one) => one.patient_id))]} />
              </div>
            ))}
          </div>
          {manage && (
            <Button small disabled={rerun.isPending || isLive(analysis)} onClick={() => rerun.mutate()}>
              {t('cohort.analyses.rerun')}
            </Button>
          )}
        </div>
      </Caution>
      {rerun.error !== null && <ErrorNote error={rerun.error} />}
    </>
  );
}

/** Of several of a kind, such as the curves of each grouping, the number stays. */
function figureName(name: string, t: Translate): string {
  const number = /-(\d+)$/.exec(name)?.[1];
  const kind = number === undefined ? name : name.slice(0, -number.length - 1);
  const said = [named('cohort.figure', kind.replace(/^test-/, ''), t), number].filter((one) => one !== undefined).join(' ');
  return kind.startsWith('test-') ? `${said} (${t('cohort.figure.test')})` : said;
}

function Downloads({ projectId, cohort, analysis }: FoundProps) {
  const t = useT();
  const path = `${cohortPath(projectId, cohort.id)}/analyses/${analysis.id}`;
  if (analysis.figures.length + analysis.tables.length === 0) return null;
  const file = (name: string, ending: string): string => `${analysis.name} ${name}.${ending}`;
  return (
    <Fold title={t('cohort.analyses.downloads', { figures: analysis.figures.length, tables: analysis.tables.length })}>
      <ul className={css.downloads}>
        {analysis.figures.map((name) => (
          <li key={name}>
            {figureName(name, t)}
            {(['svg', 'pdf'] as const).map((format) => (
              <a key={format} href={address(`${path}/figures/${name}`, { format })} download={file(name, format)} aria-label={`${figureName(name, t)} ${format.toUpperCase()}`}>
                {format.toUpperCase()}
              </a>
            ))}
          </li>
        ))}
        {analysis.tables.map((name) => (
          <li key={name}>
            {named('cohort.table', name, t)}
            <a href={address(`${path}/tables/${name}`)} download={file(name, 'csv')} aria-label={`${named('cohort.table', name, t)} CSV`}>
              CSV
            </a>
          </li>
        ))}
      </ul>
    </Fold>
  );
}

/** Figures as they are printed; those that the page draws itself are among them. */
function Figures({ projectId, cohort, analysis }: FoundProps) {
  const t = useT();
  if (analysis.figures.length === 0) return null;
  return (
    <Fold title={t('cohort.analyses.figures', { n: analysis.figures.length })}>
      <div className={css.beside}>
        {analysis.figures.map((name) => (
          <figure key={name} className={css.printed}>
            <img src={figureAddress(projectId, cohort.id, analysis.id, name)} alt={figureName(name, t)} loading="lazy" />
            <figcaption>{figureName(name, t)}</figcaption>
          </figure>
        ))}
      </div>
    </Fold>
  );
}

function Methods({ analysis }: { analysis: AnalysisDetail }) {
  const t = useT();
  const text = analysis.methods?.[t.language] ?? null;
  if (text === null) return null;
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => notify(t('cohort.methods.copied')),
      () => notify(t('cohort.methods.notCopied'), true),
    );
  };
  return (
    <Section title={t('cohort.methods.title')} note={t('cohort.methods.note')} padded actions={<Button small onClick={copy}>{t('cohort.methods.copy')}</Button>}>
      <p className={css.prose}>{text}</p>
      <small className={css.faint}>
        {Object.entries(analysis.versions ?? {})
          .map(([name, version]) => `${name} ${version}`)
          .join(' · ')}
      </small>
    </Section>
  );
}

function Unfinished({ analysis }: { analysis: AnalysisDetail }): ReactNode {
  const t = useT();
  if (analysis.job.state === 'failed') {
    return (
      <div className={css.stack}>
        <ErrorLine analysis={analysis} />
      </div>
    );
  }
  return (
    <EmptyState title={t(isLive(analysis) ? 'cohort.analyses.soon' : 'cohort.analyses.ended')}>
      {isLive(analysis) && <JobProgress job={analysis.job} />}
    </EmptyState>
  );
}

/** Why it failed, and what to do about it where that is known. */
function ErrorLine({ analysis: { job } }: { analysis: AnalysisDetail }) {
  const t = useT();
  return (
    <Caution>
      <b>{t('cohort.analyses.failed')}</b> {job.error === null ? '' : slugText(job.error, t)}
    </Caution>
  );
}

/** One analysis: where it stands, what it found, and how to write that down. */
export function AnalysisDetailView({ projectId, cohort, analysisId, manage, onShow }: DetailProps) {
  const t = useT();
  const query = useAnalysis(projectId, cohort.id, analysisId);
  if (query.isPending) return <Loading />;
  if (query.isError) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  const analysis = query.data;
  return (
    <>
      <Section title={analysis.name} note={t('cohort.analyses.made', { kind: t(`cohort.kind.${analysis.kind}`), time: formatTime(analysis.created_at) })}>
        <div className={css.stack}>
          <StaleBanner projectId={projectId} cohort={cohort} analysis={analysis} manage={manage} onShow={onShow} />
          {analysis.warnings.map((one) => (
            <Caution key={one.slug}>
              {t(`cohort.warning.${one.slug}`)} <PatientLinks cohortId={cohort.id} patients={one.patients} />
            </Caution>
          ))}
          <Fold title={t('cohort.analyses.settings')}>
            <pre className={css.json}>{JSON.stringify(analysis.config, null, 2)}</pre>
          </Fold>
          <Downloads projectId={projectId} cohort={cohort} analysis={analysis} />
        </div>
        {analysis.results === null && <Unfinished analysis={analysis} />}
      </Section>
      {analysis.results !== null && <ResultsView projectId={projectId} cohort={cohort} analysis={analysis} />}
      {analysis.predicts && <PredictionsView projectId={projectId} cohort={cohort} analysis={analysis} manage={manage} />}
      <Figures projectId={projectId} cohort={cohort} analysis={analysis} />
      <Methods analysis={analysis} />
    </>
  );
}
