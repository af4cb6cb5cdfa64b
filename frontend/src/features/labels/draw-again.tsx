import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Job } from '../../api/types';
import { useT, type Translate } from '../../i18n';
import { problemText, slugText } from '../../i18n/problems';
import { Button } from '../../ui/controls';
import { Caution } from '../../ui/feedback';
import { notify } from '../../ui/toast';
import { isDrawable } from '../studies/drawable';
import { isNetworks } from './refusal';
import { useWorkspace } from './workspace';
import css from './viewer.module.css';

const ENDED: ReadonlySet<Job['state']> = new Set(['succeeded', 'failed', 'cancelled']);
const countOf = (value: unknown): number => (Array.isArray(value) ? value.length : 0);

/** How a drawing ended, in words. */
function outcome({ state, result, error }: Job, t: Translate): string {
  if (state === 'failed' && error !== null) return slugText(error, t);
  if (state !== 'succeeded') return t(`job.${state}`);
  if (result?.['reason'] === 'region-not-found') return t('viewer.again.region');
  return t('viewer.again.done', { drawn: countOf(result?.['drawn']), kept: countOf(result?.['kept']) });
}

/** Warns that the network's contours are still to come, where somebody is about to sign or send what is there. */
export function StillDrawing() {
  const t = useT();
  const { set, study } = useWorkspace();
  if (study.ai !== 'queued' && study.ai !== 'running') return null;
  const drawn = set?.structures.some(isNetworks) ?? false;
  return <Caution>{t(drawn ? 'viewer.drawingAgain' : 'viewer.stillDrawing')}</Caution>;
}

/** Asks for contours by the version in use once more, and says what became of it. */
export function DrawAgain() {
  const t = useT();
  const client = useQueryClient();
  const { study, seriesId, mayEdit } = useWorkspace();
  const [asked, setAsked] = useState<string | null>(null);
  const draw = useMutation({
    mutationFn: () => api.post<Job>(`/studies/${study.id}/presegment`, { series_id: seriesId }),
    onSuccess: (job) => setAsked(job.id),
    onError: (error) => notify(problemText(error, t), true),
    onSettled: () => client.invalidateQueries({ queryKey: keys.study(study.id) }),
  });
  const job = useQuery({
    queryKey: keys.jobs({ id: asked }),
    queryFn: () => api.get<Job>(`/jobs/${asked ?? ''}`),
    enabled: asked !== null,
  });
  const ended = job.data !== undefined && ENDED.has(job.data.state) ? job.data : null;
  const running = (asked !== null && ended === null) || study.ai === 'queued' || study.ai === 'running';
  const drawable = study.series.some((one) => one.id === seriesId && isDrawable(one.modality));
  if (running) {
    return (
      <p className={css.again} role="status">
        {job.data === undefined ? t('viewer.empty.running') : t('viewer.again.running', { n: Math.round(100 * job.data.progress) })}
      </p>
    );
  }
  if (!mayEdit || !drawable) return null;
  return (
    <div className={css.again}>
      {ended !== null && <p role="status">{outcome(ended, t)}</p>}
      <Button small title={t('viewer.again.hint')} disabled={draw.isPending} onClick={() => draw.mutate()}>
        {t('viewer.again')}
      </Button>
    </div>
  );
}
