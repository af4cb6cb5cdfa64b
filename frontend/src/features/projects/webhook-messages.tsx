import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Delivery, NewWebhook, Page, Webhook } from '../../api/types';
import { useT } from '../../i18n';
import { Button } from '../../ui/controls';
import { Confirm, Dialog, DialogActions } from '../../ui/dialog';
import { EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import { formatTime } from '../../ui/format';
import { layout, TableHead } from '../../ui/layout';
import { SecretShown } from '../../ui/secret';
import { ConfirmRemoval } from './confirm-removal';

const LIVE_MS = 2000;
const SHOWN = 50;

type Props = { projectId: string; webhook: Webhook; onClose: () => void };

function MessageTable({ messages, onAgain }: { messages: readonly Delivery[]; onAgain: (message: Delivery) => void }) {
  const t = useT();
  return (
    <table className={layout.table}>
      <TableHead
        columns={[
          t('webhook.column.at'),
          t('webhook.column.event'),
          t('webhook.column.state'),
          t('webhook.column.attempts'),
          t('webhook.column.answer'),
        ]}
        actions
      />
      <tbody>
        {messages.map((message) => (
          <tr key={message.id}>
            <td>{formatTime(message.created_at)}</td>
            <td>{t(`webhook.event.${message.event}`)}</td>
            <td>{t(`webhook.state.${message.state}`)}</td>
            <td>{message.attempts}</td>
            <td title={message.error ?? undefined}>{message.status_code ?? (message.error !== null && t('webhook.notReached'))}</td>
            <td className={layout.actions}>
              {message.state !== 'waiting' && (
                <Button small onClick={() => onAgain(message)}>
                  {t('webhook.again')}
                </Button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Renew({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const t = useT();
  const renew = useMutation({ mutationFn: () => api.post<NewWebhook>(`/webhooks/${webhook.id}/secret`) });
  if (renew.data !== undefined) {
    return (
      <Dialog title={t('webhook.renew')} onClose={onClose}>
        <SecretShown secret={renew.data.secret} once={t('webhook.secretOnce')} use={t('webhook.secretHow')} onClose={onClose} />
      </Dialog>
    );
  }
  return (
    <Confirm
      title={t('webhook.renewTitle')}
      action={t('webhook.renew')}
      danger
      pending={renew.isPending}
      error={renew.error}
      onConfirm={() => renew.mutate()}
      onClose={onClose}
    >
      <p>{t('webhook.renewWhat', { url: webhook.url })}</p>
    </Confirm>
  );
}

/** What a webhook was told of late and what became of it. */
export function Messages({ projectId, webhook, onClose }: Props) {
  const t = useT();
  const client = useQueryClient();
  const [doing, setDoing] = useState<'delete' | 'renew' | null>(null);
  const messages = useQuery({
    queryKey: keys.deliveries(webhook.id),
    queryFn: () => api.get<Page<Delivery>>(`/webhooks/${webhook.id}/deliveries`, { query: { limit: SHOWN } }),
    refetchInterval: ({ state }) => (state.data?.items.some((one) => one.state === 'waiting') === true ? LIVE_MS : false),
  });
  const send = useMutation({
    mutationFn: (path: string) => api.post<Delivery>(`/webhooks/${webhook.id}/${path}`),
    onSettled: () => client.invalidateQueries({ queryKey: keys.deliveries(webhook.id) }),
  });
  if (doing === 'delete') {
    return (
      <ConfirmRemoval
        title={t('webhook.deleteTitle')}
        action={t('webhook.delete')}
        path={`/webhooks/${webhook.id}`}
        list={keys.webhooks(projectId)}
        onClose={onClose}
      >
        <p>{t('webhook.deleteWhat', { url: webhook.url })}</p>
      </ConfirmRemoval>
    );
  }
  if (doing === 'renew') return <Renew webhook={webhook} onClose={onClose} />;
  return (
    <Dialog title={t('webhook.messagesTo', { url: webhook.url })} wide onClose={onClose}>
      {send.error !== null && <ErrorNote error={send.error} />}
      {messages.isPending && <Loading />}
      {messages.isError && <ErrorNote error={messages.error} retry={() => void messages.refetch()} />}
      {messages.data?.items.length === 0 && (
        <EmptyState title={t('webhook.noMessages')}>
          <p>{t('webhook.noMessagesHint')}</p>
        </EmptyState>
      )}
      {messages.data !== undefined && messages.data.items.length > 0 && (
        <MessageTable messages={messages.data.items} onAgain={({ id }) => send.mutate(`deliveries/${id}/redeliver`)} />
      )}
      <DialogActions>
        <Button look="danger" onClick={() => setDoing('delete')}>
          {t('webhook.delete')}
        </Button>
        <Button onClick={() => setDoing('renew')}>{t('webhook.renew')}</Button>
        <Button disabled={!webhook.active || send.isPending} onClick={() => send.mutate('ping')}>
          {t('webhook.test')}
        </Button>
        <Button look="primary" onClick={onClose}>
          {t('common.close')}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
