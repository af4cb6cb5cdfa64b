import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import { all } from '../../api/pages';
import type { NewToken as TokenWithSecret, Token } from '../../api/types';
import { useT } from '../../i18n';
import { Button, SelectField, TextField } from '../../ui/controls';
import { Confirm, Dialog, DialogActions } from '../../ui/dialog';
import { EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import { formatTime } from '../../ui/format';
import { layout, Section, TableHead } from '../../ui/layout';
import { SecretShown } from '../../ui/secret';
import css from './account.module.css';

const LIVES = ['30', '90', '365', ''] as const;

function NewToken({ onClose }: { onClose: () => void }) {
  const t = useT();
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [days, setDays] = useState('90');
  const create = useMutation({
    mutationFn: () => api.post<TokenWithSecret>('/tokens', { name, expires_in_days: days === '' ? null : Number(days) }),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.tokens }),
  });
  const secret = create.data?.token ?? null;
  return (
    <Dialog title={t('account.newToken')} onClose={onClose}>
      {secret !== null ? (
        <SecretShown secret={secret} once={t('account.tokenOnce')} use={t('account.tokenUse')} onClose={onClose} />
      ) : (
        <form
          className={css.form}
          onSubmit={(event) => {
            event.preventDefault();
            create.mutate();
          }}
        >
          <TextField
            label={t('account.tokenName')}
            hint={t('account.tokenNameHint')}
            value={name}
            onChange={setName}
            maxLength={64}
          />
          <SelectField
            label={t('account.expires')}
            value={days}
            choices={LIVES.map((value) => ({
              value,
              label: value === '' ? t('account.never') : t('account.days', { n: value }),
            }))}
            onChange={setDays}
          />
          {create.error !== null && <ErrorNote error={create.error} />}
          <DialogActions>
            <Button onClick={onClose}>{t('common.cancel')}</Button>
            <Button type="submit" look="primary" disabled={name.trim() === '' || create.isPending}>
              {t('account.create')}
            </Button>
          </DialogActions>
        </form>
      )}
    </Dialog>
  );
}

function Revoke({ token, onClose }: { token: Token; onClose: () => void }) {
  const t = useT();
  const client = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => api.delete(`/tokens/${token.id}`),
    onSuccess: () => {
      onClose();
      return client.invalidateQueries({ queryKey: keys.tokens });
    },
  });
  return (
    <Confirm
      title={t('account.revokeTitle')}
      action={t('account.revoke')}
      danger
      pending={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate()}
      onClose={onClose}
    >
      <p>{t('account.revokeWhat', { name: token.name })}</p>
    </Confirm>
  );
}

function TokenTable({ tokens, onRevoke }: { tokens: readonly Token[]; onRevoke: (token: Token) => void }) {
  const t = useT();
  return (
    <table className={layout.table}>
      <TableHead
        columns={[t('account.tokenName'), t('account.created'), t('account.expires'), t('account.lastUsed')]}
        actions
      />
      <tbody>
        {tokens.map((token) => (
          <tr key={token.id}>
            <td>{token.name}</td>
            <td>{formatTime(token.created_at)}</td>
            <td>{token.expires_at === null ? t('account.never') : formatTime(token.expires_at)}</td>
            <td>{formatTime(token.last_used_at)}</td>
            <td className={layout.actions}>
              <Button small look="danger" onClick={() => onRevoke(token)}>
                {t('account.revoke')}
              </Button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function Tokens() {
  const t = useT();
  const tokens = useQuery({ queryKey: keys.tokens, queryFn: () => all<Token>('/tokens') });
  const [creating, setCreating] = useState(false);
  const [doomed, setDoomed] = useState<Token | null>(null);
  return (
    <Section
      title={t('account.tokens')}
      note={t('account.tokensNote')}
      actions={<Button onClick={() => setCreating(true)}>{t('account.newToken')}</Button>}
    >
      {tokens.isPending && <Loading />}
      {tokens.isError && <ErrorNote error={tokens.error} retry={() => void tokens.refetch()} />}
      {tokens.data?.length === 0 && (
        <EmptyState title={t('account.noTokens')}>
          <p>{t('account.noTokensHint')}</p>
        </EmptyState>
      )}
      {tokens.data !== undefined && tokens.data.length > 0 && <TokenTable tokens={tokens.data} onRevoke={setDoomed} />}
      {creating && <NewToken onClose={() => setCreating(false)} />}
      {doomed !== null && <Revoke token={doomed} onClose={() => setDoomed(null)} />}
    </Section>
  );
}
