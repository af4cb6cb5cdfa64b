import type { Job, JobState } from '../../api/types';
import { useT } from '../../i18n';
import { named, slugText, stageText } from '../../i18n/problems';
import { Badge, Progress } from '../../ui/feedback';
import css from './jobs.module.css';

const TONES: Record<JobState, 'plain' | 'accent' | 'good' | 'bad' | 'warn'> = {
  queued: 'plain',
  running: 'accent',
  succeeded: 'good',
  failed: 'bad',
  cancelled: 'warn',
};

export function JobStateBadge({ state }: { state: JobState }) {
  const t = useT();
  return <Badge tone={TONES[state]}>{t(`job.${state}`)}</Badge>;
}

/** How far a job is, or why it failed, also when it will be tried again. */
export function JobProgress({ job }: { job: Job }) {
  const t = useT();
  if ((job.state === 'failed' || job.state === 'queued') && job.error !== null) {
    return <span className={css.failure}>{slugText(job.error, t)}</span>;
  }
  if (job.state === 'succeeded') return <span>–</span>;
  if (job.state !== 'running') return <span>–</span>;
  const doing = job.cancel_requested ? t('job.stopping') : stageText(job, t);
  return (
    <span className={css.progress}>
      <span>
        {Math.round(job.progress * 100)} % {doing}
      </span>
      <Progress value={job.progress} label={named('jobKind', job.kind, t)} />
    </span>
  );
}
