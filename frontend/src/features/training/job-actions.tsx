import { useMutation, useQueryClient, type QueryKey } from '@tanstack/react-query';
import { api } from '../../api/client';
import type { Job } from '../../api/types';
import { useT } from '../../i18n';
import { problemText } from '../../i18n/problems';
import { Button } from '../../ui/controls';
import { notify } from '../../ui/toast';
import { isLive } from './queries';

/** Stops a job that waits or runs, or lets one that failed or was cancelled go on; `stale` is what that changes. */
export function JobActions({ job, stale }: { job: Job; stale: QueryKey }) {
  const t = useT();
  const client = useQueryClient();
  const act = useMutation({
    mutationFn: (what: 'cancel' | 'retry') => api.post(`/jobs/${job.id}/${what}`),
    onError: (error) => notify(problemText(error, t), true),
    onSettled: () => client.invalidateQueries({ queryKey: stale }),
  });
  if (isLive(job)) {
    return (
      <Button small disabled={act.isPending || job.cancel_requested} onClick={() => act.mutate('cancel')}>
        {t('job.cancel')}
      </Button>
    );
  }
  if (job.state === 'succeeded') return null;
  return (
    <Button small disabled={act.isPending} onClick={() => act.mutate('retry')}>
      {t('training.continue')}
    </Button>
  );
}
