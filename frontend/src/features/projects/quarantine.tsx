import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { address, api } from '../../api/client';
import { keys } from '../../api/keys';
import { all } from '../../api/pages';
import type { Quarantined } from '../../api/types';
import { useT } from '../../i18n';
import { slugText } from '../../i18n/problems';
import { Button, ButtonLink } from '../../ui/controls';
import { Confirm } from '../../ui/dialog';
import { ErrorNote, Loading } from '../../ui/feedback';
import { formatTime } from '../../ui/format';
import { layout, Section, TableHead } from '../../ui/layout';
import css from './project.module.css';

type RowProps = { held: Quarantined; pending: boolean; onDecide: (act: 'release' | 'discard') => void };

function Row({ held, pending, onDecide }: RowProps) {
  const t = useT();
  return (
    <tr>
      <td className={layout.muted}>{formatTime(held.created_at)}</td>
      <td>{held.modality}</td>
      <td>{slugText({ slug: held.slug, detail: held.detail }, t)}</td>
      <td>{t(`deid.state.${held.state}`)}</td>
      <td className={layout.actions}>
        {held.state === 'held' && (
          <>
            <ButtonLink href={address(`/quarantine/${held.id}/file`)} download>
              {t('deid.look')}
            </ButtonLink>
            <Button small disabled={pending} onClick={() => onDecide('release')}>
              {t('deid.release')}
            </Button>
            <Button small look="danger" disabled={pending} onClick={() => onDecide('discard')}>
              {t('deid.discard')}
            </Button>
          </>
        )}
      </td>
    </tr>
  );
}

/** What de-identification did not let pass; an administrator decides about what was kept. */
export function Quarantine({ projectId }: { projectId: string }) {
  const t = useT();
  const client = useQueryClient();
  const files = useQuery({
    queryKey: keys.quarantine(projectId),
    queryFn: () => all<Quarantined>(`/projects/${projectId}/quarantine`),
  });
  const [doomed, setDoomed] = useState<Quarantined | null>(null);
  const decide = useMutation({
    mutationFn: ({ id, act }: { id: string; act: 'release' | 'discard' }) => api.post<Quarantined>(`/quarantine/${id}/${act}`),
    onSettled: async () => {
      await client.invalidateQueries({ queryKey: keys.quarantine(projectId) });
      await client.invalidateQueries({ queryKey: keys.allStudies });
    },
  });
  if (files.isPending) return <Loading />;
  if (files.isError) return <ErrorNote error={files.error} retry={() => void files.refetch()} />;
  return (
    <Section title={t('deid.quarantine')} note={t('deid.quarantineNote')}>
      {files.data.length === 0 ? (
        <p className={css.foot}>{t('deid.nothing')}</p>
      ) : (
        <table className={layout.table}>
          <TableHead columns={[t('deid.at'), t('project.modality'), t('deid.why'), t('deid.state')]} actions />
          <tbody>
            {files.data.map((held) => (
              <Row
                key={held.id}
                held={held}
                pending={decide.isPending}
                onDecide={(act) => (act === 'discard' ? setDoomed(held) : decide.mutate({ id: held.id, act }))}
              />
            ))}
          </tbody>
        </table>
      )}
      {doomed !== null && (
        <Confirm
          title={t('deid.discardTitle')}
          action={t('deid.discard')}
          danger
          pending={decide.isPending}
          error={null}
          onConfirm={() => {
            decide.mutate({ id: doomed.id, act: 'discard' });
            setDoomed(null);
          }}
          onClose={() => setDoomed(null)}
        >
          <p>{t('deid.discardWhat')}</p>
        </Confirm>
      )}
      {decide.error !== null && (
        <div className={css.problem}>
          <ErrorNote error={decide.error} />
        </div>
      )}
    </Section>
  );
}
