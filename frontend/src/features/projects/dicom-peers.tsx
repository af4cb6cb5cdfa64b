import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { DicomPeer } from '../../api/types';
import { useT } from '../../i18n';
import { Button, Checkbox, IconButton, TextField } from '../../ui/controls';
import { Dialog, DialogActions } from '../../ui/dialog';
import { EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import { Icon } from '../../ui/icons';
import { layout, Section } from '../../ui/layout';
import { ConfirmRemoval } from './confirm-removal';
import css from './project.module.css';

const pathOf = (projectId: string, title: string): string => `/projects/${projectId}/dicom/peers/${encodeURIComponent(title)}`;

type EditProps = { projectId: string; row: DicomPeer | null; onClose: () => void };

function EditPeer({ projectId, row, onClose }: EditProps) {
  const t = useT();
  const client = useQueryClient();
  const [title, setTitle] = useState(row?.title ?? '');
  const [host, setHost] = useState(row?.host ?? '');
  const [port, setPort] = useState(String(row?.port ?? 104));
  const [commitment, setCommitment] = useState(row?.commitment ?? false);
  const [tls, setTls] = useState(row?.tls ?? false);
  const save = useMutation({
    mutationFn: () =>
      api.put<DicomPeer>(pathOf(projectId, title.trim()), { host: host.trim(), port: Number(port), commitment, tls }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: keys.dicomPeers(projectId) });
      onClose();
    },
  });
  const ready = title.trim() !== '' && host.trim() !== '' && /^\d{1,5}$/.test(port);
  return (
    <Dialog title={row === null ? t('network.newPeer') : t('network.changePeer', { title: row.title })} onClose={onClose}>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        {row === null && (
          <TextField label={t('network.title')} hint={t('network.peerTitleHint')} value={title} onChange={setTitle} maxLength={16} />
        )}
        <TextField label={t('network.host')} value={host} onChange={setHost} maxLength={253} />
        <TextField label={t('network.port')} value={port} onChange={setPort} maxLength={5} />
        <Checkbox label={t('network.tls')} checked={tls} onChange={setTls} />
        {tls && <p className={layout.muted}>{t('network.tlsHint')}</p>}
        <Checkbox label={t('network.commitment')} checked={commitment} onChange={setCommitment} />
        {save.error !== null && <ErrorNote error={save.error} />}
        <DialogActions>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button type="submit" look="primary" disabled={!ready || save.isPending}>
            {t('common.save')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

type Doing = { act: 'edit'; row: DicomPeer | null } | { act: 'remove'; row: DicomPeer };

/** Planning systems and PACS that approved contours are sent to. */
export function DicomPeers({ projectId, manage }: { projectId: string; manage: boolean }) {
  const t = useT();
  const [doing, setDoing] = useState<Doing | null>(null);
  const peers = useQuery({
    queryKey: keys.dicomPeers(projectId),
    queryFn: () => api.get<{ items: DicomPeer[] }>(`/projects/${projectId}/dicom/peers`),
  });
  const rows = peers.data?.items;
  return (
    <Section
      title={t('network.peers')}
      note={t('network.peersNote')}
      actions={manage && <Button onClick={() => setDoing({ act: 'edit', row: null })}>{t('network.newPeer')}</Button>}
    >
      {peers.isPending && <Loading />}
      {peers.isError && <ErrorNote error={peers.error} retry={() => void peers.refetch()} />}
      {rows?.length === 0 && (
        <EmptyState title={t('network.noPeers')}>
          <p>{t('network.noPeersHint')}</p>
        </EmptyState>
      )}
      {rows !== undefined && rows.length > 0 && (
        <table className={layout.table}>
          <tbody>
            {rows.map((row) => (
              <tr key={row.title}>
                <td>
                  <div className={css.address}>
                    {row.title}
                    <p className={layout.muted}>
                      {[`${row.host}:${row.port}`, row.tls && 'TLS', row.commitment && t('network.committing')].filter(Boolean).join(' · ')}
                    </p>
                  </div>
                </td>
                {manage && (
                  <td className={layout.actions}>
                    <Button small onClick={() => setDoing({ act: 'edit', row })}>
                      {t('common.edit')}
                    </Button>
                    <IconButton name={t('network.remove', { title: row.title })} onClick={() => setDoing({ act: 'remove', row })}>
                      <Icon name="trash" />
                    </IconButton>
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {doing?.act === 'edit' && <EditPeer projectId={projectId} row={doing.row} onClose={() => setDoing(null)} />}
      {doing?.act === 'remove' && (
        <ConfirmRemoval
          title={t('network.removeTitle', { title: doing.row.title })}
          action={t('network.removeAction')}
          path={pathOf(projectId, doing.row.title)}
          list={keys.dicomPeers(projectId)}
          onClose={() => setDoing(null)}
        >
          <p>{t('network.removePeerWhat')}</p>
        </ConfirmRemoval>
      )}
    </Section>
  );
}
