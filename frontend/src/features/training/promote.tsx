import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { EvaluationRow, NetworkVersion } from '../../api/types';
import { useT } from '../../i18n';
import { Button } from '../../ui/controls';
import { Confirm } from '../../ui/dialog';
import { notify } from '../../ui/toast';
import { versionName } from './queries';

/** `evaluation` of the run that made the version, when it stands beside the button. */
type PromoteProps = { projectId: string; version: NetworkVersion; evaluation?: readonly EvaluationRow[] };

/** Puts a version into use, after saying what that means and which structures got worse. */
export function Promote({ projectId, version, evaluation = [] }: PromoteProps) {
  const t = useT();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const promote = useMutation({
    mutationFn: () => api.post(`/projects/${projectId}/deployments`, { version_id: version.id }),
    onSuccess: () => {
      setAsking(false);
      notify(t('training.promoted', { version: versionName(version) }));
      return client.invalidateQueries({ queryKey: keys.deployments(projectId) });
    },
  });
  const worse = evaluation.filter(({ verdict }) => verdict === 'worse').map(({ structure }) => structure);
  const wins = worse.length === 0 && evaluation.some(({ verdict }) => verdict === 'better');
  return (
    <>
      <Button small look={wins ? 'primary' : 'plain'} onClick={() => setAsking(true)}>
        {t('training.promote')}
      </Button>
      {asking && (
        <Confirm
          title={t('training.promoteTitle', { version: versionName(version) })}
          action={t('training.promote')}
          danger={worse.length > 0}
          pending={promote.isPending}
          error={promote.error}
          onConfirm={() => promote.mutate()}
          onClose={() => setAsking(false)}
        >
          <p>{t('training.promoteWhat')}</p>
          {worse.length > 0 && <p>{t('training.promoteWorse', { structures: worse.join(', ') })}</p>}
        </Confirm>
      )}
    </>
  );
}
