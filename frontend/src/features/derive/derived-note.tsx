import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Derivation, Structure } from '../../api/types';
import { useT } from '../../i18n';
import { problemText } from '../../i18n/problems';
import { Button, classes } from '../../ui/controls';
import { Confirm } from '../../ui/dialog';
import { notify } from '../../ui/toast';
import { registrationText } from '../dose/registration';
import { ApprovalLost } from '../labels/withdraw';
import { useLabels, useWorkspace } from '../labels/workspace';
import { standingText } from './derived-mark';
import css from './derive.module.css';
import { words } from './expression';
import { useNameOf } from './sources';

/** Computes a derived structure from its sources as they are now. */
function useRecompute(record: Structure, onEnd: () => void) {
  const t = useT();
  const client = useQueryClient();
  const { session } = useWorkspace();
  return useMutation({
    mutationFn: () =>
      api.post<Structure>(`/structures/${record.id}/derivation/recompute`, {}, { ifMatch: `"${record.head?.number ?? 0}"` }),
    onSuccess: () => notify(t('derive.recomputed', { name: record.name })),
    onError: (error) => notify(problemText(error, t), true),
    onSettled: async () => {
      onEnd();
      await client.invalidateQueries({ queryKey: keys.structureSet(session.setId) });
      await client.invalidateQueries({ queryKey: keys.revisions(record.id) });
    },
  });
}

function StopFollowing({ record, onClose }: { record: Structure; onClose: () => void }) {
  const t = useT();
  const client = useQueryClient();
  const { session } = useWorkspace();
  const stop = useMutation({
    mutationFn: () => api.delete(`/structures/${record.id}/derivation`),
    onSuccess: onClose,
    onSettled: () => client.invalidateQueries({ queryKey: keys.structureSet(session.setId) }),
  });
  return (
    <Confirm title={t('derive.stop')} action={t('derive.stop')} pending={stop.isPending} error={stop.error} onConfirm={() => stop.mutate()} onClose={onClose}>
      {t('derive.stop.sure', { name: record.name })}
    </Confirm>
  );
}

function Acts({ record, derivation }: { record: Structure; derivation: Derivation }) {
  const t = useT();
  const { session, open } = useWorkspace();
  const dirty = useLabels(session, (state) => state.dirty.has(record.id));
  const [asking, setAsking] = useState<'recompute' | 'stop' | null>(null);
  const recompute = useRecompute(record, () => setAsking(null));
  return (
    <div className={css.acts}>
      <Button
        small
        title={t('derive.recompute.hint')}
        disabled={dirty || derivation.status === 'current' || recompute.isPending}
        onClick={() => (record.approval === null ? recompute.mutate() : setAsking('recompute'))}
      >
        {t('derive.recompute')}
      </Button>
      <Button small title={t('derive.edit.hint')} disabled={dirty} onClick={() => open('derivation')}>
        {t('derive.edit')}
      </Button>
      <Button small onClick={() => setAsking('stop')}>
        {t('derive.stop')}
      </Button>
      {asking === 'stop' && <StopFollowing record={record} onClose={() => setAsking(null)} />}
      {asking === 'recompute' && (
        <Confirm
          title={t('derive.recompute')}
          action={t('derive.recompute')}
          danger
          pending={recompute.isPending}
          error={null}
          onConfirm={() => recompute.mutate()}
          onClose={() => setAsking(null)}
        >
          <ApprovalLost record={record} />
        </Confirm>
      )}
    </div>
  );
}

/** Of the active structure: what it is derived from, whether it follows, and what can be done about it. */
export function DerivedNote({ record }: { record: Structure }) {
  const t = useT();
  const { mayEdit } = useWorkspace();
  const nameOf = useNameOf(record);
  const { derivation } = record;
  if (derivation === null) return null;
  return (
    <div className={classes(css.note, css[derivation.status])} role="group" aria-label={t('viewer.edit.derive')}>
      <p>{t('derive.is', { words: words(derivation.expression, nameOf, t) })}</p>
      {derivation.doses.map(({ series_id: id, registration }) =>
        registration === null || registration === undefined ? null : <p key={id}>{registrationText(registration, 'derive', t)}</p>,
      )}
      <p className={css.standing}>{standingText(derivation, t)}</p>
      {mayEdit && <Acts record={record} derivation={derivation} />}
    </div>
  );
}
