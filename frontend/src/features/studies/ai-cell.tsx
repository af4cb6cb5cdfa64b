import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Job, StudyRow } from '../../api/types';
import { useT } from '../../i18n';
import { problemText } from '../../i18n/problems';
import { Button } from '../../ui/controls';
import { notify } from '../../ui/toast';
import { AiBadge } from './study-badges';
import css from './worklist.module.css';

const WORDS = { none: 'worklist.draw', failed: 'common.retry', ready: 'worklist.again' } as const;

/** How far the AI contours are, and a way to ask for them, or for newer ones. */
export function AiCell({ study, mayDraw }: { study: StudyRow; mayDraw: boolean }) {
  const t = useT();
  const client = useQueryClient();
  const draw = useMutation({
    mutationFn: () => api.post<Job>(`/studies/${study.id}/presegment`),
    onError: (error) => notify(problemText(error, t), true),
    onSettled: () => client.invalidateQueries({ queryKey: keys.allStudies }),
  });
  const { ai } = study;
  if (ai === 'queued' || ai === 'running' || !mayDraw || !study.modalities.includes('CT')) return <AiBadge ai={ai} />;
  return (
    <span className={css.ai}>
      {ai !== 'none' && <AiBadge ai={ai} />}
      <Button
        small
        title={ai === 'ready' ? t('viewer.again.hint') : ''}
        disabled={draw.isPending}
        onClick={(event) => {
          event.stopPropagation();
          draw.mutate();
        }}
      >
        {t(WORDS[ai])}
      </Button>
    </span>
  );
}
