import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { keys } from '../../api/keys';
import type { Analysis, Cohort } from '../../api/types';
import { useT } from '../../i18n';
import { Button } from '../../ui/controls';
import { EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import { formatTime } from '../../ui/format';
import { layout, Section, TableHead } from '../../ui/layout';
import { JobProgress, JobStateBadge } from '../jobs/job-state';
import { JobActions } from '../training/job-actions';
import { AnalysisDetailView } from './analysis-detail';
import css from './cohorts.module.css';
import { useAnalyses, useFeatureSets } from './queries';
import { StartAnalysis } from './start-analysis';

type CohortProps = { projectId: string; cohort: Cohort; manage: boolean };
type ListProps = { analyses: readonly Analysis[]; shown: string | undefined; cohortId: string; manage: boolean; onShow: (id: string) => void };

function List({ analyses, shown, cohortId, manage, onShow }: ListProps) {
  const t = useT();
  const columns = [t('cohort.name'), t('cohort.analyses.kind'), t('cohort.created'), t('cohort.features.state'), t('training.column.progress')];
  return (
    <table className={layout.table}>
      <TableHead columns={columns} actions />
      <tbody>
        {analyses.map(({ id, name, kind, job, created_at }) => (
          <tr key={id} className={css.row} aria-selected={id === shown}>
            <td>
              <button type="button" className={css.choose} onClick={() => onShow(id)}>
                {name}
              </button>
            </td>
            <td>{t(`cohort.kind.${kind}`)}</td>
            <td>{formatTime(created_at)}</td>
            <td>
              <JobStateBadge state={job.state} />
            </td>
            <td className={layout.wrap}>
              <JobProgress job={job} />
            </td>
            <td className={layout.actions}>{manage && <JobActions job={job} stale={keys.analyses(cohortId)} />}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Analyses of the cohort; which one is shown stands in the address. */
export function AnalysesTab({ projectId, cohort, manage }: CohortProps) {
  const t = useT();
  const [search, setSearch] = useSearchParams();
  const [starting, setStarting] = useState(false);
  const analyses = useAnalyses(projectId, cohort.id);
  const sets = useFeatureSets(projectId, cohort.id);
  const show = (id: string): void => setSearch({ tab: 'analyses', analysis: id }, { replace: true });
  const shown = search.get('analysis') ?? analyses.data?.[0]?.id;
  const start = manage && (
    <Button look="primary" disabled={cohort.patients === 0} title={cohort.patients === 0 ? t('cohort.noPatients') : undefined} onClick={() => setStarting(true)}>
      {t('cohort.analyses.start')}
    </Button>
  );
  return (
    <>
      <Section title={t('cohort.tab.analyses')} note={t('cohort.analyses.note')} actions={start}>
        {analyses.isPending && <Loading />}
        {analyses.isError && <ErrorNote error={analyses.error} retry={() => void analyses.refetch()} />}
        {analyses.data?.length === 0 && (
          <EmptyState title={t('cohort.analyses.none')}>
            <p>{t('cohort.analyses.noneHint')}</p>
          </EmptyState>
        )}
        {analyses.data !== undefined && analyses.data.length > 0 && (
          <List analyses={analyses.data} shown={shown} cohortId={cohort.id} manage={manage} onShow={show} />
        )}
      </Section>
      {shown !== undefined && (
        <AnalysisDetailView key={shown} projectId={projectId} cohort={cohort} analysisId={shown} manage={manage} onShow={show} />
      )}
      {starting && (
        <StartAnalysis
          projectId={projectId}
          cohort={cohort}
          sets={sets.data ?? []}
          onStarted={(id) => {
            setStarting(false);
            show(id);
          }}
          onClose={() => setStarting(false)}
        />
      )}
    </>
  );
}
