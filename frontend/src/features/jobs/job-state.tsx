import type { Job, JobState } from '../../api/types';
import { isKey, useT, type Translate } from '../../i18n';
import { slugText, stageText } from '../../i18n/problems';
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

/** The kind of a job in words; a kind without words shows its own name. */
export function kindText(kind: string, t: Translate): string {
  const key = `jobKind.${kind}`;
  return isKey(key) ? t(key) : kind;
}

/** How far a job is, or why it failed. */
export function JobProgress({ job }: { job: Job }) {
  const t = useT();
  if (job.state === 'failed' && job.error !== null) {
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
      <Progress value={job.progress} label={kindText(job.kind, t)} />
    </span>
  );
}
