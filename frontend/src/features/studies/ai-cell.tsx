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

/** How far the AI contours are; where there are none, a way to ask for them. */
export function AiCell({ study, mayDraw }: { study: StudyRow; mayDraw: boolean }) {
  const t = useT();
  const client = useQueryClient();
  const draw = useMutation({
    mutationFn: () => api.post<Job>(`/studies/${study.id}/presegment`),
    onError: (error) => notify(problemText(error, t), true),
    onSettled: () => client.invalidateQueries({ queryKey: keys.allStudies }),
  });
  const wanted = study.ai === 'none' || study.ai === 'failed';
  if (!wanted || !mayDraw || !study.modalities.includes('CT')) return <AiBadge ai={study.ai} />;
  return (
    <span className={css.ai}>
      {study.ai === 'failed' && <AiBadge ai={study.ai} />}
      <Button
        small
        disabled={draw.isPending}
        onClick={(event) => {
          event.stopPropagation();
          draw.mutate();
        }}
      >
        {t(study.ai === 'failed' ? 'common.retry' : 'worklist.draw')}
      </Button>
    </span>
  );
}
