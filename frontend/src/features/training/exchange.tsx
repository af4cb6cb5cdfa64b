import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { address, api, upload } from '../../api/client';
import { keys } from '../../api/keys';
import type { Job, NetworkVersion, Page } from '../../api/types';
import { useT } from '../../i18n';
import { Button, ButtonLink, Checkbox } from '../../ui/controls';
import { ErrorNote } from '../../ui/feedback';
import { formatTime } from '../../ui/format';
import { layout, Section } from '../../ui/layout';
import { JobProgress, JobStateBadge } from '../jobs/job-state';
import { versionName } from './queries';
import css from './training.module.css';

const KINDS = ['import-network', 'export-network'] as const;
const FORMATS = ['monai', 'onnx'] as const;
const SHOWN = 10;
const LIVE_MS = 2000;

const isLive = (job: Job): boolean => job.state === 'queued' || job.state === 'running';

async function exchanges(): Promise<Job[]> {
  const pages = await Promise.all(KINDS.map((kind) => api.get<Page<Job>>('/jobs', { query: { kind, limit: SHOWN } })));
  return pages.flatMap(({ items }) => items).sort((one, other) => other.created_at.localeCompare(one.created_at));
}

/** Asks for a version as a file for other software; the file is offered below the networks. */
export function ExportVersion({ version }: { version: NetworkVersion }) {
  const t = useT();
  const client = useQueryClient();
  const start = useMutation({
    mutationFn: (format: string) => api.post<Job>(`/network-versions/${version.id}/exports`, { format }),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.allJobs }),
  });
  const name = versionName(version);
  const formats = version.source?.kind === 'totalsegmentator' ? [] : FORMATS.filter((format) => version.source === null || format === 'onnx');
  return (
    <>
      {formats.map((format) => (
        <Button
          key={format}
          small
          look="quiet"
          title={t('training.exportTitle', { version: name, format: t(`training.export.${format}`) })}
          disabled={start.isPending}
          onClick={() => start.mutate(format)}
        >
          {t(`training.export.${format}`)}
        </Button>
      ))}{' '}
      {start.error !== null && <ErrorNote error={start.error} />}
    </>
  );
}

function Outcome({ job }: { job: Job }) {
  const t = useT();
  const { result } = job;
  if (job.state !== 'succeeded' || result === null) return <JobProgress job={job} />;
  if (job.kind === 'export-network') {
    return (
      <ButtonLink href={address(`/network-exports/${job.id}/file`)} download>
        {t('export.download')}
      </ButtonLink>
    );
  }
  return <>{t('training.importedAs', { version: `${String(result['network'])} v${String(result['version'])}` })}</>;
}

function Import() {
  const t = useT();
  const client = useQueryClient();
  const input = useRef<HTMLInputElement>(null);
  const [mirror, setMirror] = useState(false);
  const [sent, setSent] = useState(0);
  const send = useMutation({
    mutationFn: (file: File) =>
      upload<Job>('/networks/imports', file, {
        method: 'POST',
        query: { file_name: file.name, mirror },
        signal: new AbortController().signal,
        onProgress: (bytes) => setSent(bytes / Math.max(1, file.size)),
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.allJobs }),
  });
  return (
    <div className={css.importing}>
      <input
        ref={input}
        type="file"
        accept=".zip,application/zip"
        hidden
        onChange={({ target }) => {
          const file = target.files?.[0];
          setSent(0);
          if (file !== undefined) send.mutate(file);
          target.value = '';
        }}
      />
      <Button disabled={send.isPending} onClick={() => input.current?.click()}>
        {t('training.import')}
      </Button>
      <Checkbox label={t('training.importMirror')} checked={mirror} onChange={setMirror} />
      {send.isPending && <span role="status">{t('training.importSent', { percent: Math.round(100 * sent) })}</span>}
      {send.error !== null && <ErrorNote error={send.error} />}
    </div>
  );
}

/** Networks that come from elsewhere and files for there: for administrators of the installation. */
export function Exchange() {
  const t = useT();
  const client = useQueryClient();
  const jobs = useQuery({
    queryKey: keys.jobs('networks'),
    queryFn: exchanges,
    refetchInterval: ({ state }) => (state.data?.some(isLive) === true ? LIVE_MS : false),
  });
  const imported = jobs.data?.filter(({ kind, state }) => kind === 'import-network' && state === 'succeeded').length ?? 0;
  useEffect(() => {
    if (imported > 0) void client.invalidateQueries({ queryKey: keys.networks });
  }, [client, imported]);
  return (
    <Section title={t('training.exchange')} note={t('training.exchangeNote')}>
      <Import />
      {jobs.isError && <ErrorNote error={jobs.error} />}
      {jobs.data?.length === 0 && <p className={css.note}>{t('training.noExchange')}</p>}
      <table className={layout.table}>
        <tbody>
          {jobs.data?.map((job) => (
            <tr key={job.id}>
              <td className={layout.muted}>{formatTime(job.created_at)}</td>
              <td>{t(`jobKind.${job.kind === 'export-network' ? 'export-network' : 'import-network'}`)}</td>
              <td>
                <JobStateBadge state={job.state} />
              </td>
              <td className={layout.wrap}>
                <Outcome job={job} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}
