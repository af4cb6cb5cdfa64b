import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { keys } from '../../api/keys';
import type { Run } from '../../api/types';
import { useT } from '../../i18n';
import { Button } from '../../ui/controls';
import { EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import { formatTime } from '../../ui/format';
import { layout, Section, TableHead } from '../../ui/layout';
import { JobProgress, JobStateBadge } from '../jobs/job-state';
import { JobActions } from './job-actions';
import { learners, useDeployments, useNetworks, useRuns, useSnapshots, versionInUse, versionName } from './queries';
import { RunDetail } from './run-detail';
import { StartRun } from './start-run';
import css from './training.module.css';

type TableProps = {
  runs: readonly Run[];
  shown: string | undefined;
  projectId: string;
  manage: boolean;
  onShow: (id: string) => void;
};

function RunTable({ runs, shown, projectId, manage, onShow }: TableProps) {
  const t = useT();
  return (
    <table className={layout.table}>
      <TableHead
        columns={(['started', 'snapshot', 'base', 'state', 'progress', 'result'] as const).map((name) => t(`training.column.${name}`))}
        actions
      />
      <tbody>
        {runs.map((run) => (
          <tr key={run.id} className={css.run} aria-selected={run.id === shown}>
            <td>
              <button type="button" className={css.choose} onClick={() => onShow(run.id)}>
                {formatTime(run.created_at)}
              </button>
            </td>
            <td>{run.snapshot.name}</td>
            <td>{versionName(run.base_version)}</td>
            <td>
              <JobStateBadge state={run.state} />
            </td>
            <td>
              <JobProgress job={run.job} />
            </td>
            <td>{run.version === null ? '–' : versionName(run.version)}</td>
            <td className={layout.actions}>{manage && <JobActions job={run.job} stale={keys.runs(projectId)} />}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Start({ projectId, onStarted }: { projectId: string; onStarted: (run: Run) => void }) {
  const t = useT();
  const networks = useNetworks();
  const snapshots = useSnapshots(projectId);
  const deployments = useDeployments(projectId);
  const [open, setOpen] = useState(false);
  const learning = learners(networks.data ?? []);
  const first = learning[0];
  const ready = first !== undefined && (snapshots.data?.length ?? 0) > 0;
  return (
    <>
      <Button
        look="primary"
        disabled={!ready}
        title={ready ? undefined : t('training.startNeeds')}
        onClick={() => setOpen(true)}
      >
        {t('training.start')}
      </Button>
      {open && first !== undefined && (
        <StartRun
          projectId={projectId}
          networks={learning}
          snapshots={snapshots.data ?? []}
          inUseId={versionInUse(first, deployments.data ?? [])?.id}
          onStarted={(run) => {
            setOpen(false);
            onStarted(run);
          }}
          onClose={() => setOpen(false)}
        />
      )}
    </>
  );
}

export function RunsTab({ projectId, manage }: { projectId: string; manage: boolean }) {
  const t = useT();
  const runs = useRuns(projectId);
  const [search, setSearch] = useSearchParams();
  const show = (id: string): void => setSearch({ tab: 'runs', run: id }, { replace: true });
  const shown = search.get('run') ?? runs.data?.[0]?.id;
  return (
    <>
      <Section
        title={t('training.runs')}
        note={t('training.runsNote')}
        actions={manage && <Start projectId={projectId} onStarted={(run) => show(run.id)} />}
      >
        {runs.isPending && <Loading />}
        {runs.isError && <ErrorNote error={runs.error} retry={() => void runs.refetch()} />}
        {runs.data?.length === 0 && (
          <EmptyState title={t('training.noRuns')}>
            <p>{t('training.noRunsHint')}</p>
          </EmptyState>
        )}
        {runs.data !== undefined && runs.data.length > 0 && (
          <RunTable runs={runs.data} shown={shown} projectId={projectId} manage={manage} onShow={show} />
        )}
      </Section>
      {shown !== undefined && <RunDetail key={shown} runId={shown} projectId={projectId} manage={manage} />}
    </>
  );
}
