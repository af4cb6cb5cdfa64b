import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Job, LogLine } from '../../api/types';
import { useT } from '../../i18n';
import { logText, named } from '../../i18n/problems';
import { Dialog } from '../../ui/dialog';
import { EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import css from './jobs.module.css';

const LIVE_MS = 2000;

/** What the workers wrote about a job; follows it while it runs. */
export function JobLog({ job, onClose }: { job: Job; onClose: () => void }) {
  const t = useT();
  const end = useRef<HTMLSpanElement>(null);
  const log = useQuery({
    queryKey: keys.jobLog(job.id),
    queryFn: () => api.get<{ items: LogLine[] }>(`/jobs/${job.id}/log`),
    refetchInterval: job.state === 'running' ? LIVE_MS : false,
  });
  const lines = log.data?.items ?? [];
  useEffect(() => {
    // In braces: a browser may return a promise here, which React would call as the effect's cleanup.
    end.current?.scrollIntoView({ block: 'end' });
  }, [lines.length]);
  return (
    <Dialog title={t('job.logTitle', { kind: named('jobKind', job.kind, t) })} onClose={onClose} wide>
      {log.isPending && <Loading />}
      {log.isError && <ErrorNote error={log.error} retry={() => void log.refetch()} />}
      {log.isSuccess && lines.length === 0 && <EmptyState title={t('job.noLog')} />}
      {lines.length > 0 && (
        <pre className={css.log}>
          {lines.map(({ at, attempt, ...told }, index) => (
            <span key={index}>
              <time dateTime={at}>{new Date(at).toLocaleTimeString('sv')}</time>
              {attempt > 1 && `[${attempt}] `}
              {logText(told, t)}
              {'\n'}
            </span>
          ))}
          <span ref={end} />
        </pre>
      )}
    </Dialog>
  );
}
