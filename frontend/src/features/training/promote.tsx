import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { isProblem, type Problem } from '../../api/problem';
import { keys } from '../../api/keys';
import type { NetworkVersion, Run } from '../../api/types';
import { useT } from '../../i18n';
import { Button, TextField } from '../../ui/controls';
import { Confirm } from '../../ui/dialog';
import { Caution } from '../../ui/feedback';
import { notify } from '../../ui/toast';
import { signatureIn, versionName } from './queries';

/** The run that made the version, when its evaluation stands beside the button. */
type PromoteProps = { projectId: string; version: NetworkVersion; run?: Run };

const SHORTEST_REASON = 10;
const GATE = new Set(['version-held-back', 'version-not-compared']);

const gateOf = (refusal: unknown): Problem | null => (isProblem(refusal) && GATE.has(refusal.slug) ? refusal : null);

/** Structures that hold a version back: as its evaluation against the version in use says, or as the server did when it refused. */
function heldBack(run: Run | undefined, refusal: Problem | null): readonly string[] {
  if (refusal?.slug === 'version-held-back') {
    const told = refusal.extensions['structures'];
    return Array.isArray(told) ? told.map(String) : [];
  }
  if (run?.comparison !== 'compared') return [];
  return (run.evaluation ?? []).filter((row) => row.holds_back).map(({ structure }) => structure);
}

/** Puts a version into use, after saying what that means; one that is held back only with a reason. */
export function Promote({ projectId, version, run }: PromoteProps) {
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
      return Promise.all(
        [keys.deployments(projectId), keys.runs(projectId), ['run']].map((queryKey) => client.invalidateQueries({ queryKey })),
      );
    },
  });
  const refusal = gateOf(promote.error);
  const evaluation = run?.evaluation ?? [];
  const worse = evaluation.filter(({ verdict }) => verdict === 'worse').map(({ structure }) => structure);
  const held = heldBack(run, refusal);
  const uncompared = run?.comparison === 'not-compared' || refusal?.slug === 'version-not-compared';
  const gated = held.length > 0 || uncompared;
  const wins = run?.comparison === 'compared' && worse.length === 0 && evaluation.some(({ verdict }) => verdict === 'better');
  const against = run?.comparison === 'compared' && run.in_use !== null ? run.in_use : run?.base_version;
  return (
    <>
      <Button small look={wins ? 'primary' : 'plain'} onClick={() => setAsking(true)}>
        {t('training.promote')}
      </Button>
      {asking && (
        <Confirm
          title={t('training.promoteTitle', { version: versionName(version) })}
          action={t(gated ? 'training.promoteAnyway' : 'training.promote')}
          danger={worse.length > 0}
          pending={promote.isPending || (gated && reason.trim().length < SHORTEST_REASON)}
          error={refusal === null ? promote.error : null}
          onConfirm={() => promote.mutate()}
          onClose={() => setAsking(false)}
        >
          <p>{t('training.promoteWhat')}</p>
          {signatureIn(version, projectId) === undefined && <Caution>{t('training.promoteUnsigned')}</Caution>}
          {version.run_id === null && <Caution>{t('training.promoteUnmeasured')}</Caution>}
          {uncompared && <Caution>{t('training.promoteUncompared')}</Caution>}
          {held.length > 0 && <Caution>{t('training.heldBack', { structures: held.join(', ') })}</Caution>}
          {worse.length > 0 && held.length === 0 && against !== undefined && (
            <p>{t('training.promoteWorse', { structures: worse.join(', '), against: versionName(against) })}</p>
          )}
          {gated && (
            <TextField
              label={t('training.overrideReason')}
              hint={t('training.overrideHint', { n: SHORTEST_REASON })}
              maxLength={500}
              value={reason}
              onChange={setReason}
            />
          )}
        </Confirm>
      )}
    </>
  );
}
