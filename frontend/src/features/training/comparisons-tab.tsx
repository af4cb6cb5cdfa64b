import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { keys } from '../../api/keys';
import type { ArchitectureComparison } from '../../api/types';
import { useT } from '../../i18n';
import { named } from '../../i18n/problems';
import { Button } from '../../ui/controls';
import { EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import { formatTime } from '../../ui/format';
import { layout, Section, TableHead } from '../../ui/layout';
import { JobProgress, JobStateBadge } from '../jobs/job-state';
import { ComparisonDetail } from './comparison-detail';
import { JobActions } from './job-actions';
import { useComparisons, useSnapshots } from './queries';
import { StartComparison } from './start-comparison';
import css from './training.module.css';

type TableProps = {
  comparisons: readonly ArchitectureComparison[];
  shown: string | undefined;
  projectId: string;
  manage: boolean;
  onShow: (id: string) => void;
};

function List({ comparisons, shown, projectId, manage, onShow }: TableProps) {
  const t = useT();
  const columns = [
    ...(['started', 'snapshot'] as const).map((name) => t(`training.column.${name}`)),
    t('compare.entries'),
    t('compare.structures'),
    { number: t('compare.column.minutes') },
    ...(['state', 'progress'] as const).map((name) => t(`training.column.${name}`)),
  ];
  return (
    <table className={layout.table}>
      <TableHead columns={columns} actions />
      <tbody>
        {comparisons.map(({ id, created_at, snapshot, config, job }) => (
          <tr key={id} className={css.run} aria-selected={id === shown}>
            <td>
              <button type="button" className={css.choose} onClick={() => onShow(id)}>
                {formatTime(created_at)}
              </button>
            </td>
            <td>{snapshot.name}</td>
            <td className={layout.wrap}>{config.entries.map(({ name }) => named('preset', name, t)).join(', ')}</td>
            <td className={layout.wrap}>{config.structures.join(', ')}</td>
            <td className={layout.number}>{config.minutes}</td>
            <td>
              <JobStateBadge state={job.state} />
            </td>
            <td>
              <JobProgress job={job} />
            </td>
            <td className={layout.actions}>{manage && <JobActions job={job} stale={keys.comparisons(projectId)} />}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Start({ projectId, onStarted }: { projectId: string; onStarted: (id: string) => void }) {
  const t = useT();
  const snapshots = useSnapshots(projectId);
  const [open, setOpen] = useState(false);
  const ready = (snapshots.data?.length ?? 0) > 0;
  return (
    <>
      <Button
        look="primary"
        disabled={!ready}
        title={ready ? undefined : t('compare.startNeeds')}
        onClick={() => setOpen(true)}
      >
        {t('compare.start')}
      </Button>
      {open && (
        <StartComparison
          projectId={projectId}
          snapshots={snapshots.data ?? []}
          onStarted={({ id }) => {
            setOpen(false);
            onStarted(id);
          }}
          onClose={() => setOpen(false)}
        />
      )}
    </>
  );
}

/** Comparisons of architectures on the project's datasets; which one is shown stands in the address. */
export function ComparisonsTab({ projectId, manage }: { projectId: string; manage: boolean }) {
  const t = useT();
  const comparisons = useComparisons(projectId);
  const [search, setSearch] = useSearchParams();
  const show = (id: string): void => setSearch({ tab: 'comparisons', comparison: id }, { replace: true });
  const shown = search.get('comparison') ?? comparisons.data?.[0]?.id;
  return (
    <>
      <Section
        title={t('compare.title')}
        note={t('compare.note')}
        actions={manage && <Start projectId={projectId} onStarted={show} />}
      >
        {comparisons.isPending && <Loading />}
        {comparisons.isError && <ErrorNote error={comparisons.error} retry={() => void comparisons.refetch()} />}
        {comparisons.data?.length === 0 && (
          <EmptyState title={t('compare.none')}>
            <p>{t('compare.noneHint')}</p>
          </EmptyState>
        )}
        {comparisons.data !== undefined && comparisons.data.length > 0 && (
          <List comparisons={comparisons.data} shown={shown} projectId={projectId} manage={manage} onShow={show} />
        )}
      </Section>
      {shown !== undefined && <ComparisonDetail key={shown} projectId={projectId} comparisonId={shown} />}
    </>
  );
}
