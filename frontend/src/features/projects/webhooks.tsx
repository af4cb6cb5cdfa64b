import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import { all } from '../../api/pages';
import type { NewWebhook as WebhookWithSecret, Webhook } from '../../api/types';
import { useT } from '../../i18n';
import { Button, Checkbox, TextField } from '../../ui/controls';
import { Dialog, DialogActions } from '../../ui/dialog';
import { EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import { layout, Section, TableHead } from '../../ui/layout';
import { SecretShown } from '../../ui/secret';
import css from './project.module.css';
import { Messages } from './webhook-messages';

const EVENTS = ['study.arrived', 'contours.ready', 'structures.approved', 'network.promoted'] as const;
type EventName = (typeof EVENTS)[number];

function NewWebhook({ projectId, onClose }: { projectId: string; onClose: () => void }) {
  const t = useT();
  const client = useQueryClient();
  const [url, setUrl] = useState('');
  const [events, setEvents] = useState<ReadonlySet<EventName>>(new Set(EVENTS));
  const create = useMutation({
    mutationFn: () => api.post<WebhookWithSecret>(`/projects/${projectId}/webhooks`, { url, events: [...events] }),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.webhooks(projectId) }),
  });
  const toggle = (event: EventName): void => {
    const next = new Set(events);
    if (!next.delete(event)) next.add(event);
    setEvents(next);
  };
  return (
    <Dialog title={t('webhook.new')} onClose={onClose}>
      {create.data !== undefined ? (
        <SecretShown secret={create.data.secret} once={t('webhook.secretOnce')} use={t('webhook.secretHow')} onClose={onClose} />
      ) : (
        <form
          className={css.form}
          onSubmit={(event) => {
            event.preventDefault();
            create.mutate();
          }}
        >
          <TextField label={t('webhook.url')} hint={t('webhook.urlHint')} value={url} onChange={setUrl} maxLength={2048} />
          <fieldset className={css.choices}>
            <legend>{t('webhook.events')}</legend>
            {EVENTS.map((event) => (
              <Checkbox
                key={event}
                label={t(`webhook.event.${event}`)}
                checked={events.has(event)}
                onChange={() => toggle(event)}
              />
            ))}
          </fieldset>
          {create.error !== null && <ErrorNote error={create.error} />}
          <DialogActions>
            <Button onClick={onClose}>{t('common.cancel')}</Button>
            <Button type="submit" look="primary" disabled={url.trim() === '' || events.size === 0 || create.isPending}>
              {t('webhook.create')}
            </Button>
          </DialogActions>
        </form>
      )}
    </Dialog>
  );
}

type TableProps = { projectId: string; webhooks: readonly Webhook[]; onOpen: (webhook: Webhook) => void };

function WebhookTable({ projectId, webhooks, onOpen }: TableProps) {
  const t = useT();
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: ({ id, active }: { id: string; active: boolean }) => api.patch<Webhook>(`/webhooks/${id}`, { active }),
    onSettled: () => client.invalidateQueries({ queryKey: keys.webhooks(projectId) }),
  });
  return (
    <>
      {change.error !== null && (
        <div className={css.problem}>
          <ErrorNote error={change.error} />
        </div>
      )}
      <table className={layout.table}>
        <TableHead columns={[t('webhook.url'), t('webhook.active')]} actions />
        <tbody>
          {webhooks.map((webhook) => (
            <tr key={webhook.id}>
              <td>
                <div className={css.address}>
                  {webhook.url}
                  <p className={layout.muted}>{webhook.events.map((event) => t(`webhook.event.${event}`)).join(' · ')}</p>
                </div>
              </td>
              <td className={css.centre}>
                <input
                  type="checkbox"
                  aria-label={t('webhook.activeFor', { url: webhook.url })}
                  checked={webhook.active}
                  disabled={change.isPending}
                  onChange={(event) => change.mutate({ id: webhook.id, active: event.target.checked })}
                />
              </td>
              <td className={layout.actions}>
                <Button small onClick={() => onOpen(webhook)}>
                  {t('webhook.messages')}
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

/** Programs outside that are told what happens in the project, for its administrators. */
export function Webhooks({ projectId }: { projectId: string }) {
  const t = useT();
  const webhooks = useQuery({
    queryKey: keys.webhooks(projectId),
    queryFn: () => all<Webhook>(`/projects/${projectId}/webhooks`),
  });
  const [creating, setCreating] = useState(false);
  const [openId, setOpenId] = useState<string | null>(null);
  const open = webhooks.data?.find(({ id }) => id === openId);
  return (
    <Section
      title={t('webhook.title')}
      note={t('webhook.note')}
      actions={<Button onClick={() => setCreating(true)}>{t('webhook.new')}</Button>}
    >
      {webhooks.isPending && <Loading />}
      {webhooks.isError && <ErrorNote error={webhooks.error} retry={() => void webhooks.refetch()} />}
      {webhooks.data?.length === 0 && (
        <EmptyState title={t('webhook.none')}>
          <p>{t('webhook.noneHint')}</p>
        </EmptyState>
      )}
      {webhooks.data !== undefined && webhooks.data.length > 0 && (
        <WebhookTable projectId={projectId} webhooks={webhooks.data} onOpen={({ id }) => setOpenId(id)} />
      )}
      {creating && <NewWebhook projectId={projectId} onClose={() => setCreating(false)} />}
      {open !== undefined && <Messages projectId={projectId} webhook={open} onClose={() => setOpenId(null)} />}
    </Section>
  );
}
