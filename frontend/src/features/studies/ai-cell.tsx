import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { MouseEvent } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Job, StudyRow } from '../../api/types';
import { useT } from '../../i18n';
import { problemText } from '../../i18n/problems';
import { Button, IconButton } from '../../ui/controls';
import { Badge } from '../../ui/feedback';
import { Icon } from '../../ui/icons';
import { notify } from '../../ui/toast';
import { isDrawable } from './drawable';
import { AiBadge } from './study-badges';
import css from './worklist.module.css';


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
  if (study.arriving) return <Badge tone="accent">{t('worklist.arriving')}</Badge>;
  if (ai === 'queued' || ai === 'running' || !mayDraw || !study.modalities.some(isDrawable)) return <AiBadge ai={ai} />;
  const ask = (event: MouseEvent): void => {
    event.stopPropagation();
    draw.mutate();
  };
  return (
    <span className={css.ai}>
      {ai === 'none' ? (
        <Button small disabled={draw.isPending} onClick={ask}>
          {t('worklist.draw')}
        </Button>
      ) : (
        <>
          <AiBadge ai={ai} />
          <IconButton
            small
            name={t(ai === 'ready' ? 'worklist.again' : 'common.retry')}
            disabled={draw.isPending}
            onClick={ask}
          >
            <Icon name="again" />
          </IconButton>
        </>
      )}
    </span>
  );
}
