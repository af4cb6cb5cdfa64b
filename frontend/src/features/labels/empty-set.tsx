import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import { useT } from '../../i18n';
import { problemText } from '../../i18n/problems';
import { Button } from '../../ui/controls';
import { notify } from '../../ui/toast';
import { isDrawable } from '../studies/drawable';
import { useWorkspace } from './workspace';
import css from './viewer.module.css';

/** When there is nothing to check yet: why, and how to begin. */
export function EmptySet() {
  const t = useT();
  const client = useQueryClient();
  const { study, set, seriesId, mayEdit, open } = useWorkspace();
  const after = {
    onSettled: () => client.invalidateQueries({ queryKey: keys.study(study.id) }),
    onError: (error: unknown) => notify(problemText(error, t), true),
  };
  const draw = useMutation({ mutationFn: () => api.post(`/studies/${study.id}/presegment`, { series_id: seriesId }), ...after });
  const begin = useMutation({
    mutationFn: () => api.post(`/studies/${study.id}/structure-sets`, { series_id: seriesId, label: t('viewer.empty.label') }),
    ...after,
  });
  const drawable = study.series.some((one) => one.id === seriesId && isDrawable(one.modality));
  const running = study.ai === 'queued' || study.ai === 'running';
  return (
    <section className={css.inspector}>
      <h3>{t('viewer.empty.title')}</h3>
      {running && <p className={css.muted}>{t(study.ai === 'queued' ? 'viewer.empty.queued' : 'viewer.empty.running')}</p>}
      {study.ai === 'region' && <p className={css.muted}>{t('viewer.again.region')}</p>}
      {study.ai === 'failed' && <p className={css.muted}>{t('viewer.empty.failed')}</p>}
      {mayEdit && (
        <div className={css.column}>
          {!running && drawable && (
            <Button look="primary" disabled={draw.isPending} onClick={() => draw.mutate()}>
              {t('viewer.empty.presegment')}
            </Button>
          )}
          {set === null ? (
            <Button disabled={begin.isPending} onClick={() => begin.mutate()}>
              {t('viewer.empty.manual')}
            </Button>
          ) : (
            <Button onClick={() => open('new')}>{t('viewer.structure.add')}</Button>
          )}
        </div>
      )}
    </section>
  );
}
