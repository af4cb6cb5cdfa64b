import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { User } from '../../api/types';
import { useT } from '../../i18n';
import { Button, Checkbox, TextField } from '../../ui/controls';
import { Dialog, DialogActions } from '../../ui/dialog';
import { ErrorNote } from '../../ui/feedback';
import { SHORTEST_PASSWORD } from '../account/password-form';
import css from '../account/account.module.css';

/** As the server has it. */
const USERNAME = /^[a-z0-9][a-z0-9._@-]*$/i;

type Fields = { username: string; display_name: string; password: string; is_administrator: boolean; active: boolean };

const fieldsOf = (user: User | null): Fields => ({
  username: user?.username ?? '',
  display_name: user?.display_name ?? '',
  password: '',
  is_administrator: user?.is_administrator ?? false,
  active: user?.active ?? true,
});

const save = (user: User | null, { username, password, active, ...shared }: Fields): Promise<User> =>
  user === null
    ? api.post<User>('/users', { username, password, ...shared })
    : api.patch<User>(`/users/${user.id}`, { ...shared, active, ...(password === '' ? {} : { password }) });

/** Adds a person, or changes one. */
export function UserForm({ user, onClose }: { user: User | null; onClose: () => void }) {
  const t = useT();
  const client = useQueryClient();
  const [fields, setFields] = useState(() => fieldsOf(user));
  const set = (part: Partial<Fields>): void => setFields({ ...fields, ...part });
  const change = useMutation({
    mutationFn: () => save(user, fields),
    onSuccess: () => {
      onClose();
      return client.invalidateQueries({ queryKey: keys.users });
    },
  });
  const username = fields.username.trim();
  const misspelt = username !== '' && !USERNAME.test(username);
  const named = username !== '' && !misspelt && fields.display_name.trim() !== '';
  const protectedEnough = fields.password.length >= SHORTEST_PASSWORD || (user !== null && fields.password === '');
  return (
    <Dialog title={t(user === null ? 'users.new' : 'users.edit')} onClose={onClose}>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate();
        }}
      >
        <TextField
          label={t('login.username')}
          value={fields.username}
          onChange={(username) => set({ username })}
          disabled={user !== null}
          autoComplete="off"
          maxLength={64}
          hint={user === null && !misspelt ? t('users.usernameRule') : undefined}
          problem={misspelt ? t('users.usernameRule') : undefined}
        />
        <TextField
          label={t('users.displayName')}
          value={fields.display_name}
          onChange={(display_name) => set({ display_name })}
          autoComplete="off"
        />
        <TextField
          label={t(user === null ? 'login.password' : 'users.newPassword')}
          hint={t(user === null ? 'account.passwordHint' : 'users.newPasswordHint', { n: SHORTEST_PASSWORD })}
          type="password"
          value={fields.password}
          onChange={(password) => set({ password })}
          autoComplete="new-password"
        />
        <Checkbox
          label={t('users.administrator')}
          checked={fields.is_administrator}
          onChange={(is_administrator) => set({ is_administrator })}
        />
        {user !== null && (
          <Checkbox label={t('users.active')} checked={fields.active} onChange={(active) => set({ active })} />
        )}
        {change.error !== null && <ErrorNote error={change.error} />}
        <DialogActions>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button type="submit" look="primary" disabled={!named || !protectedEnough || change.isPending}>
            {t('common.save')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
