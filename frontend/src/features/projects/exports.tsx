import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { address, api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Job, Page } from '../../api/types';
import { useT } from '../../i18n';
import { Button, ButtonLink, Checkbox, classes, SelectField } from '../../ui/controls';
import { ErrorNote, Loading } from '../../ui/feedback';
import { formatTime } from '../../ui/format';
import { layout, Section } from '../../ui/layout';
import { JobProgress, JobStateBadge } from '../jobs/job-state';
import { useSnapshots } from '../training/queries';
import { cropOf, NO_CROP } from './crop';
import { ExportCrop } from './export-crop';
import css from './project.module.css';

const SHOWN = 20;
const LIVE_MS = 2000;
const FORMATS = ['nnunet', 'monai', 'nrrd', 'bids', 'mat', 'mat73'] as const;
const CROPPED = new Set(['mat', 'mat73']);
/** In place of the id of a frozen dataset. */
const NOW = '';
const FILTER = { kind: 'export' };

const isLive = (job: Job): boolean => job.state === 'queued' || job.state === 'running';

/** Structures that not every case has: nnU-Net's label map cannot say that one is unknown. */
function leftOut({ result }: Job): string[] {
  const names: unknown = result?.['structures_left_out'];
  return Array.isArray(names) ? names.map(String) : [];
}

function Archives({ projectId }: { projectId: string }) {
  const t = useT();
  const jobs = useQuery({
    queryKey: keys.jobs(FILTER),
    queryFn: () => api.get<Page<Job>>('/jobs', { query: { ...FILTER, limit: SHOWN } }),
    refetchInterval: ({ state }) => (state.data?.items.some(isLive) === true ? LIVE_MS : false),
  });
  if (jobs.isPending) return <Loading />;
  if (jobs.isError) return <ErrorNote error={jobs.error} retry={() => void jobs.refetch()} />;
  const own = jobs.data.items.filter((job) => job.project_id === projectId);
  if (own.length === 0) return <p className={css.foot}>{t('export.none')}</p>;
  return (
    <table className={layout.table}>
      <tbody>
        {own.map((job) => (
          <tr key={job.id}>
            <td className={layout.muted}>{formatTime(job.created_at)}</td>
            <td>
              <JobStateBadge state={job.state} />
            </td>
            <td className={layout.wrap}>
              {leftOut(job).length > 0 ? t('export.leftOut', { names: leftOut(job).join(', ') }) : <JobProgress job={job} />}
            </td>
            <td className={layout.actions}>
              {job.state === 'succeeded' && (
                <ButtonLink href={address(`/exports/${job.id}/file`)} download>
                  {t('export.download')}
                </ButtonLink>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The whole project as a training set for other tools. */
export function Exports({ projectId }: { projectId: string }) {
  const t = useT();
  const client = useQueryClient();
  const [format, setFormat] = useState('nnunet');
  const [onlyApproved, setOnlyApproved] = useState(true);
  const [snapshotId, setSnapshotId] = useState(NOW);
  const [fields, setFields] = useState(NO_CROP);
  const isCropped = CROPPED.has(format);
  const frozen = useSnapshots(projectId).data ?? [];
  const start = useMutation({
    mutationFn: () =>
      api.post<Job>(`/projects/${projectId}/exports`, {
        format,
        only_approved: onlyApproved,
        snapshot_id: snapshotId === NOW ? null : snapshotId,
        crop: isCropped ? cropOf(fields) : null,
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.allJobs }),
  });
  return (
    <Section title={t('export.title')} note={t('export.note')}>
      <form
        className={classes(css.foot, css.wrapped)}
        onSubmit={(event) => {
          event.preventDefault();
          start.mutate();
        }}
      >
        <SelectField
          label={t('export.format')}
          value={format}
          choices={FORMATS.map((value) => ({ value, label: t(`export.${value}`) }))}
          onChange={setFormat}
        />
        <SelectField
          label={t('export.contours')}
          value={snapshotId}
          choices={[{ value: NOW, label: t('export.now') }, ...frozen.map(({ id, name }) => ({ value: id, label: t('export.frozen', { name }) }))]}
          onChange={setSnapshotId}
        />
        {snapshotId === NOW && <Checkbox label={t('export.onlyApproved')} checked={onlyApproved} onChange={setOnlyApproved} />}
        <span />
        <Button type="submit" look="primary" disabled={start.isPending}>
          {t('export.start')}
        </Button>
        {isCropped && <ExportCrop fields={fields} onChange={setFields} />}
      </form>
      {start.error !== null && (
        <div className={css.problem}>
          <ErrorNote error={start.error} />
        </div>
      )}
      <Archives projectId={projectId} />
    </Section>
  );
}
