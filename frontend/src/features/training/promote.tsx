import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { isProblem } from '../../api/problem';
import { keys } from '../../api/keys';
import type { EvaluationRow, NetworkVersion } from '../../api/types';
import { useT } from '../../i18n';
import { Button, TextField } from '../../ui/controls';
import { Confirm } from '../../ui/dialog';
import { Caution } from '../../ui/feedback';
import { notify } from '../../ui/toast';
import { signatureIn, versionName } from './queries';

/** `evaluation` of the run that made the version, when it stands beside the button. */
type PromoteProps = { projectId: string; version: NetworkVersion; evaluation?: readonly EvaluationRow[] };

const SHORTEST_REASON = 10;

/** Structures that hold a version back: as its evaluation says, or as the server did when it refused. */
function heldBack(evaluation: readonly EvaluationRow[], refusal: unknown): readonly string[] {
  const shown = evaluation.filter((row) => row.holds_back).map(({ structure }) => structure);
  if (shown.length > 0 || !isProblem(refusal) || refusal.slug !== 'version-held-back') return shown;
  const told = refusal.extensions['structures'];
  return Array.isArray(told) ? told.map(String) : [];
}

/** Puts a version into use, after saying what that means; one that is held back only with a reason. */
export function Promote({ projectId, version, evaluation = [] }: PromoteProps) {
  const t = useT();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const [reason, setReason] = useState('');
  const promote = useMutation({
    mutationFn: () => api.post(`/projects/${projectId}/deployments`, {
        version_id: version.id,
        ...(reason.trim() === '' ? {} : { override_reason: reason.trim() }),
      }),
    onSuccess: () => {
      setAsking(false);
      notify(t('training.promoted', { version: versionName(version) }));
      return client.invalidateQueries({ queryKey: keys.deployments(projectId) });
    },
  });
  const worse = evaluation.filter(({ verdict }) => verdict === 'worse').map(({ structure }) => structure);
  const held = heldBack(evaluation, promote.error);
  const refused = isProblem(promote.error) && promote.error.slug === 'version-held-back';
  const wins = worse.length === 0 && evaluation.some(({ verdict }) => verdict === 'better');
  return (
    <>
      <Button small look={wins ? 'primary' : 'plain'} onClick={() => setAsking(true)}>
        {t('training.promote')}
      </Button>
      {asking && (
        <Confirm
          title={t('training.promoteTitle', { version: versionName(version) })}
          action={t(held.length > 0 ? 'training.promoteAnyway' : 'training.promote')}
          danger={worse.length > 0}
          pending={promote.isPending || (held.length > 0 && reason.trim().length < SHORTEST_REASON)}
          error={refused ? null : promote.error}
          onConfirm={() => promote.mutate()}
          onClose={() => setAsking(false)}
        >
          <p>{t('training.promoteWhat')}</p>
          {signatureIn(version, projectId) === undefined && <Caution>{t('training.promoteUnsigned')}</Caution>}
          {held.length > 0 && (
            <>
              <Caution>{t('training.heldBack', { structures: held.join(', ') })}</Caution>
              <TextField
                label={t('training.overrideReason')}
                hint={t('training.overrideHint', { n: SHORTEST_REASON })}
                maxLength={500}
                value={reason}
                onChange={setReason}
              />
            </>
          )}
          {worse.length > 0 && held.length === 0 && <p>{t('training.promoteWorse', { structures: worse.join(', ') })}</p>}
        </Confirm>
      )}
    </>
  );
}
