import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { DicomDelivery, DicomPeer, Page, Structure } from '../../api/types';
import { useT, type Key } from '../../i18n';
import { Button, SelectField } from '../../ui/controls';
import { ErrorNote } from '../../ui/feedback';
import { formatTime } from '../../ui/format';
import css from './export.module.css';

const SHOWN = 5;
const LIVE_MS = 2000;
const WHATS = ['contours', 'images'] as const;
type What = (typeof WHATS)[number];

const sentOf = (setId: string) => ({
  queryKey: keys.dicomDeliveries(setId),
  queryFn: () => api.get<Page<DicomDelivery>>(`/structure-sets/${setId}/deliveries`, { query: { limit: SHOWN } }),
});

const isWaiting = (page: Page<DicomDelivery> | undefined): boolean => page?.items.some((one) => one.state === 'waiting') === true;

function Receipts({ deliveries }: { deliveries: readonly DicomDelivery[] }) {
  const t = useT();
  return (
    <ul className={css.receipts} aria-live="polite">
      {deliveries.map((one) => (
        <li key={one.id}>
          {formatTime(one.sent_at ?? one.created_at)} {t(`network.delivery.${one.state}`, { peer: one.peer })}{' '}
          {one.images > 0 && `(${t('network.images', { stored: one.images_stored, n: one.images })}) `}
          {one.instances.some(({ committed }) => committed === true) && t('network.committed')}
          {one.state !== 'sent' && one.problem !== '' && <span className={css.note}>{one.problem}</span>}
        </li>
      ))}
    </ul>
  );
}

/** What was sent of a set before the last time. */
export function SentBefore({ setId }: { setId: string }) {
  const t = useT();
  const sent = useQuery(sentOf(setId));
  const before = sent.data?.items.slice(1) ?? [];
  if (before.length === 0) return null;
  return (
    <section aria-label={t('network.before')}>
      <p className={css.note}>{t('network.before')}</p>
      <Receipts deliveries={before} />
    </section>
  );
}

/** Why what leaves of a set may not be sent, as a text and its values; null where it may. */
export function sendRefused(leaving: readonly Structure[]): readonly [Key, Record<string, string>] | null {
  const drawn = leaving.filter(({ head }) => head !== null);
  const names = drawn.filter(({ state }) => state !== 'approved').map(({ name }) => name);
  if (drawn.length === 0) return ['network.nothingDrawn', {}];
  return names.length > 0 ? ['network.unapproved', { names: names.join(', ') }] : null;
}

type SendProps = { setId: string; projectId: string; leaving: readonly Structure[] };

/** Sends an approved set to a planning system or PACS of the project, and shows what became of it. */
export function SendToPeer({ setId, projectId, leaving }: SendProps) {
  const t = useT();
  const client = useQueryClient();
  const [chosen, setChosen] = useState('');
  const [what, setWhat] = useState<What>('contours');
  const peers = useQuery({
    queryKey: keys.dicomPeers(projectId),
    queryFn: () => api.get<{ items: DicomPeer[] }>(`/projects/${projectId}/dicom/peers`),
  });
  const sent = useQuery({ ...sentOf(setId), refetchInterval: ({ state }) => (isWaiting(state.data) ? LIVE_MS : false) });
  const send = useMutation({
    mutationFn: (peer: string) => api.post<DicomDelivery>(`/structure-sets/${setId}/send`, { peer, images: what === 'images' }),
    onSettled: () => client.invalidateQueries({ queryKey: keys.dicomDeliveries(setId) }),
  });
  const known = peers.data?.items ?? [];
  const peer = known.find(({ title }) => title === chosen) ?? known[0];
  if (peer === undefined) return null;
  const refused = sendRefused(leaving);
  return (
    <section className={css.send}>
      <div className={css.sendLine}>
        <SelectField
          label={t('network.send')}
          value={peer.title}
          choices={known.map(({ title, host }) => ({ value: title, label: `${title} (${host})` }))}
          onChange={setChosen}
        />
        <SelectField
          label={t('network.what')}
          value={what}
          choices={WHATS.map((one) => ({ value: one, label: t(`network.what.${one}`) }))}
          onChange={(value) => setWhat(WHATS.find((one) => one === value) ?? 'contours')}
        />
        <Button disabled={send.isPending || refused !== null} onClick={() => send.mutate(peer.title)}>
          {t('network.sendNow')}
        </Button>
      </div>
      <p className={css.note}>{refused === null ? t('network.sendNote') : t(...refused)}</p>
      {send.error !== null && <ErrorNote error={send.error} />}
      {sent.data !== undefined && sent.data.items.length > 0 && <Receipts deliveries={sent.data.items.slice(0, 1)} />}
    </section>
  );
}
