import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import { address, api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Cohort, FeatureSet, FeatureSetDetail } from '../../api/types';
import { useT } from '../../i18n';
import { slugText } from '../../i18n/problems';
import { Button, ButtonLink } from '../../ui/controls';
import { Badge, Caution, EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import { formatTime } from '../../ui/format';
import { layout, Section, TableHead } from '../../ui/layout';
import { JobProgress, JobStateBadge } from '../jobs/job-state';
import css from './cohorts.module.css';
import { FeatureTable } from './feature-table';
import { cohortPath, isLive, useFeatureSet, useFeatureSets } from './queries';
import { StartFeatures } from './start-features';

type CohortProps = { projectId: string; cohort: Cohort; manage: boolean };
type ListProps = { sets: readonly FeatureSet[]; shown: string | undefined; onShow: (id: string) => void };

function List({ sets, shown, onShow }: ListProps) {
  const t = useT();
  const columns = [
    ...(['name', 'structure', 'modality', 'source', 'preset'] as const).map((name) => t(`cohort.features.${name}`)),
    { number: t('cohort.patients') },
    t('cohort.features.state'),
    t('cohort.created'),
  ];
  return (
    <table className={layout.table}>
      <TableHead columns={columns} />
      <tbody>
        {sets.map((one) => (
          <tr key={one.id} className={css.row} aria-selected={one.id === shown}>
            <td>
              <button type="button" className={css.choose} onClick={() => onShow(one.id)}>
                {one.name}
              </button>
            </td>
            <td>{one.structure}</td>
            <td>{one.modality}</td>
            <td>{t(`cohort.source.${one.source}`)}</td>
            <td>{one.preset ?? t('cohort.features.own')}</td>
            <td className={layout.number}>{t('cohort.features.of', { n: one.done, total: one.patients })}</td>
            <td>
              <JobStateBadge state={one.job.state} />
            </td>
            <td>{formatTime(one.created_at)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Where contours have changed since: whose, and the button that computes them again. */
function StaleBanner({ projectId, cohort, set, manage }: CohortProps & { set: FeatureSetDetail }) {
  const t = useT();
  const client = useQueryClient();
  const recompute = useMutation({
    mutationFn: () => api.post(`${cohortPath(projectId, cohort.id)}/feature-sets/${set.id}/recompute`),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.featureSets(cohort.id) }),
  });
  const again = (
    <Button small disabled={recompute.isPending || isLive(set)} onClick={() => recompute.mutate()}>
      {t('cohort.features.recompute')}
    </Button>
  );
  return (
    <>
      {set.stale.length > 0 && (
        <Caution>
          <div className={css.stale}>
            <span>
              {t('cohort.features.stale', { n: set.stale.length })}{' '}
              {set.stale.slice(0, 8).map(({ patient_id, reason }, index) => (
                <span key={patient_id}>
                  {index > 0 && ', '}
                  <Link to={`/cohorts/${cohort.id}?tab=patients&patient=${encodeURIComponent(patient_id)}`} title={t(`cohort.features.stale.${reason}`)}>
                    {patient_id}
                  </Link>
                </span>
              ))}
              {set.stale.length > 8 && ` ${t('import.more', { n: set.stale.length - 8 })}`}
            </span>
            {manage && again}
          </div>
        </Caution>
      )}
      {recompute.error !== null && <ErrorNote error={recompute.error} />}
    </>
  );
}

function Failures({ cohort, set }: { cohort: Cohort; set: FeatureSetDetail }) {
  const t = useT();
  if (set.failed.length === 0) return null;
  return (
    <details className={css.details} open={set.failed.length <= 5}>
      <summary>
        <Badge tone="bad">{t('cohort.features.failed', { n: set.failed.length })}</Badge> {t('cohort.features.failedHint')}
      </summary>
      <table className={layout.table}>
        <TableHead columns={[t('cohort.patient'), t('cohort.features.reason')]} />
        <tbody>
          {set.failed.map((one) => (
            <tr key={one.patient_id}>
              <td>
                <Link to={`/cohorts/${cohort.id}?tab=patients&patient=${encodeURIComponent(one.patient_id)}`}>{one.patient_id}</Link>
              </td>
              <td className={layout.wrap}>{slugText(one, t)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

function Detail({ projectId, cohort, manage, setId }: CohortProps & { setId: string }) {
  const t = useT();
  const query = useFeatureSet(projectId, cohort.id, setId);
  if (query.isPending) return <Loading />;
  if (query.isError) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  const set = query.data;
  return (
    <Section
      title={set.name}
      note={t('cohort.features.counts', { done: set.done, total: set.patients, failed: set.failed_count })}
      actions={
        set.done > 0 && (
          <ButtonLink href={address(`${cohortPath(projectId, cohort.id)}/feature-sets/${setId}/values`)} download={`${set.name}.csv`}>
            {t('cohort.features.csv')}
          </ButtonLink>
        )
      }
    >
      <div className={css.stack}>
        {set.job.state !== 'succeeded' && <JobProgress job={set.job} />}
        <StaleBanner projectId={projectId} cohort={cohort} set={set} manage={manage} />
        <Failures cohort={cohort} set={set} />
      </div>
      {set.done > 0 && !isLive(set) && <FeatureTable projectId={projectId} cohortId={cohort.id} setId={setId} />}
    </Section>
  );
}

/** Feature sets of the cohort; which one is shown stands in the address. */
export function FeaturesTab({ projectId, cohort, manage }: CohortProps) {
  const t = useT();
  const [search, setSearch] = useSearchParams();
  const [starting, setStarting] = useState(false);
  const sets = useFeatureSets(projectId, cohort.id);
  const show = (id: string): void => setSearch({ tab: 'features', set: id }, { replace: true });
  const shown = search.get('set') ?? sets.data?.[0]?.id;
  const start = manage && (
    <Button look="primary" disabled={cohort.patients === 0} title={cohort.patients === 0 ? t('cohort.noPatients') : undefined} onClick={() => setStarting(true)}>
      {t('cohort.features.start')}
    </Button>
  );
  return (
    <>
      <Section title={t('cohort.features.title')} note={t('cohort.features.note')} actions={start}>
        {sets.isPending && <Loading />}
        {sets.isError && <ErrorNote error={sets.error} retry={() => void sets.refetch()} />}
        {sets.data?.length === 0 && (
          <EmptyState title={t('cohort.features.none')}>
            <p>{t('cohort.features.noneHint')}</p>
          </EmptyState>
        )}
        {sets.data !== undefined && sets.data.length > 0 && <List sets={sets.data} shown={shown} onShow={show} />}
      </Section>
      {shown !== undefined && <Detail key={shown} projectId={projectId} cohort={cohort} manage={manage} setId={shown} />}
      {starting && (
        <StartFeatures
          projectId={projectId}
          cohort={cohort}
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
