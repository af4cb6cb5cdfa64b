import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Job, JobState, Page, Role } from '../../api/types';
import { useLanguage, useT, type Language } from '../../i18n';
import { named, problemText } from '../../i18n/problems';
import { Button, Checkbox, Select } from '../../ui/controls';
import { EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import { formatPersonName, formatSeconds, formatTime } from '../../ui/format';
import { layout, PageLayout, Section, TableHead } from '../../ui/layout';
import { notify } from '../../ui/toast';
import { may, useSession } from '../login/session';
import { JobLog } from './job-log';
import { JobProgress, JobStateBadge } from './job-state';
import css from './jobs.module.css';

const STATES: readonly JobState[] = ['queued', 'running', 'succeeded', 'failed', 'cancelled'];
const KINDS = ['assemble', 'presegment', 'detect', 'regions', 'import-structures', 'export', 'send', 'train', 'compare-versions', 'import-network', 'export-network'] as const;
/** What nobody asks for; shown on request. */
const HOUSEKEEPING = ['publish', 'measure', 'check-outside', 'report-commitment', 'deliver-webhook', 'sweep-storage', 'verify-storage'] as const;
/** What only who may train cancels and tries again. */
const TRAINS: ReadonlySet<string> = new Set(['train', 'compare-versions']);
const PAGE_SIZE = 100;
const LIVE_MS = 3000;

const isLive = (job: Job): boolean => job.state === 'running' || job.state === 'queued';

function duration(job: Job, language: Language): string {
  if (job.started_at === null) return '–';
  const end = job.finished_at === null ? Date.now() : new Date(job.finished_at).getTime();
  return formatSeconds(Math.max(0, end - new Date(job.started_at).getTime()) / 1000, language);
}

function JobActions({ job, role, onLog }: { job: Job; role: Role | undefined; onLog: () => void }) {
  const t = useT();
  const client = useQueryClient();
  const act = useMutation({
    mutationFn: (what: 'cancel' | 'retry') => api.post<Job>(`/jobs/${job.id}/${what}`),
    onError: (error) => notify(problemText(error, t), true),
    onSettled: () => client.invalidateQueries({ queryKey: keys.allJobs }),
  });
  const mayAct = may(role, TRAINS.has(job.kind) ? 'train' : 'annotate');
  return (
    <td className={layout.actions}>
      <Button small look="quiet" onClick={onLog}>
        {t('job.log')}
      </Button>
      {mayAct && isLive(job) && (
        <Button small disabled={act.isPending || job.cancel_requested} onClick={() => act.mutate('cancel')}>
          {t('job.cancel')}
        </Button>
      )}
      {mayAct && (job.state === 'failed' || job.state === 'cancelled') && (
        <Button small disabled={act.isPending} onClick={() => act.mutate('retry')}>
          {t('common.retry')}
        </Button>
      )}
    </td>
  );
}

/** Whose study the job works on; a deleted one has nobody to name. */
function StudyLink({ job: { study_id, patient } }: { job: Job }) {
  const t = useT();
  if (study_id === null || patient === null) return <span className={layout.muted}>–</span>;
  return (
    <>
      <Link to={`/studies/${study_id}`}>{formatPersonName(patient.name) || t('worklist.noName')}</Link>{' '}
      <span className={layout.muted}>{patient.id || t('worklist.noId')}</span>
    </>
  );
}

function JobRow({ job, onLog }: { job: Job; onLog: () => void }) {
  const language = useLanguage();
  const t = useT();
  const { me } = useSession();
  const project = me.projects.find(({ id }) => id === job.project_id);
  return (
    <tr>
      <td>{named('jobKind', job.kind, t)}</td>
      <td>
        <StudyLink job={job} />
      </td>
      <td className={layout.muted}>{project?.name ?? '–'}</td>
      <td>
        <JobStateBadge state={job.state} />
      </td>
      <td>
        <JobProgress job={job} />
      </td>
      <td className={layout.number}>{job.attempt}</td>
      <td className={layout.muted}>{formatTime(job.created_at)}</td>
      <td className={layout.number}>{duration(job, language)}</td>
      <JobActions job={job} role={project?.role} onLog={onLog} />
    </tr>
  );
}

function JobTable({ jobs, onLog }: { jobs: readonly Job[]; onLog: (job: Job) => void }) {
  const t = useT();
  return (
    <table className={layout.table}>
      <TableHead
        columns={[
          ...(['kind', 'study', 'project', 'state', 'progress'] as const).map((name) => t(`job.column.${name}`)),
          { number: t('job.column.attempt') },
          t('job.column.created'),
          { number: t('job.column.duration') },
        ]}
        actions
      />
      <tbody>
        {jobs.map((job) => (
          <JobRow key={job.id} job={job} onLog={() => onLog(job)} />
        ))}
      </tbody>
    </table>
  );
}

function useJobs(filters: { state: string; kind: string; housekeeping: boolean }) {
  return useInfiniteQuery({
    queryKey: keys.jobs({ ...filters, pages: true }),
    queryFn: ({ pageParam }) =>
      api.get<Page<Job>>('/jobs', { query: { ...filters, limit: PAGE_SIZE, cursor: pageParam } }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: (before) => before,
    refetchInterval: (query) =>
      query.state.data?.pages.some((page) => page.items.some(isLive)) === true ? LIVE_MS : false,
  });
}

function Filters({ search, onChange }: { search: URLSearchParams; onChange: (name: string, value: string) => void }) {
  const t = useT();
  const housekeeping = search.has('housekeeping');
  // The address follows later than the click, and the box would show its old state until then.
  const [ticked, setTicked] = useState(housekeeping);
  const [followed, setFollowed] = useState(housekeeping);
  if (followed !== housekeeping) {
    setFollowed(housekeeping);
    setTicked(housekeeping);
  }
  const tick = (checked: boolean): void => {
    setTicked(checked);
    onChange('housekeeping', checked ? '1' : '');
  };
  return (
    <div className={css.tools}>
      <Checkbox label={t('job.housekeeping')} checked={ticked} onChange={tick} />
      <div>
        <Select
          name={t('job.anyState')}
          value={search.get('state') ?? ''}
          choices={[
            { value: '', label: t('job.anyState') },
            ...STATES.map((value) => ({ value, label: t(`job.${value}`) })),
          ]}
          onChange={(value) => onChange('state', value)}
        />
      </div>
      <div>
        <Select
          name={t('job.anyKind')}
          value={search.get('kind') ?? ''}
          choices={[
            { value: '', label: t('job.anyKind') },
            ...[...KINDS, ...(housekeeping ? HOUSEKEEPING : [])].map((value) => ({ value, label: t(`jobKind.${value}`) })),
          ]}
          onChange={(value) => onChange('kind', value)}
        />
      </div>
    </div>
  );
}

export function JobsPage() {
  const t = useT();
  const [search, setSearch] = useSearchParams();
  const [shownId, setShownId] = useState<string | null>(null);
  const housekeeping = search.has('housekeeping');
  const query = useJobs({ state: search.get('state') ?? '', kind: search.get('kind') ?? '', housekeeping });
  const jobs = query.data?.pages.flatMap((page) => page.items) ?? [];
  const shown = jobs.find(({ id }) => id === shownId);
  const filter = (name: string, value: string): void => {
    const next = new URLSearchParams(search);
    if (value === '') next.delete(name);
    else next.set(name, value);
    setSearch(next, { replace: true });
  };
  return (
    <PageLayout title={t('nav.jobs')} actions={<Filters search={search} onChange={filter} />}>
      {query.isPending && <Loading />}
      {query.isError && <ErrorNote error={query.error} retry={() => void query.refetch()} />}
      {query.isSuccess && (
        <Section title={t('job.list')} note={t('job.live')}>
          {jobs.length === 0 ? (
            <EmptyState title={t('job.none')}>
              <p>{t('job.noneHint')}</p>
            </EmptyState>
          ) : (
            <JobTable jobs={jobs} onLog={(job) => setShownId(job.id)} />
          )}
        </Section>
      )}
      {query.hasNextPage && (
        <Button disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {t('worklist.more')}
        </Button>
      )}
      {shown !== undefined && <JobLog job={shown} onClose={() => setShownId(null)} />}
    </PageLayout>
  );
}
