import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import { isProblem } from '../../api/problem';
import type { Me } from '../../api/types';
import { useT } from '../../i18n';
import { LanguageSwitch } from '../../ui/language-switch';
import { Logo } from '../../ui/logo';
import { Button, TextField } from '../../ui/controls';
import { ErrorNote } from '../../ui/feedback';
import { dismissAll } from '../../ui/toast';
import css from './login-page.module.css';

const focusFirst = (form: HTMLFormElement | null): void => form?.querySelector('input')?.focus();

/** `expired`: the person did not leave, the session ended. */
export function LoginPage({ expired }: { expired: boolean }) {
  const t = useT();
  const client = useQueryClient();
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const login = useMutation({
    mutationFn: () => api.post<Me>('/session', { username, password }),
    onSuccess: (me) => {
      dismissAll();
      client.setQueryData(keys.sessionExpired, false);
      client.setQueryData(keys.session, me);
    },
  });
  const wrong = isProblem(login.error) && login.error.status === 401;
  return (
    <main className={css.ground}>
      <form
        ref={focusFirst}
        className={css.card}
        onSubmit={(event) => {
          event.preventDefault();
          login.mutate();
        }}
      >
        <h1>
          <Logo size={26} />
          Rinkaku
        </h1>
        <p>{t('login.subtitle')}</p>
        {expired && (
          <div className={css.expired} role="alert">
            {t('login.expired')}
          </div>
        )}
        <TextField
          label={t('login.username')}
          value={username}
          onChange={setUsername}
          autoComplete="username"
          required
        />
        <TextField
          label={t('login.password')}
          type="password"
          value={password}
          onChange={setPassword}
          autoComplete="current-password"
          required
          problem={wrong ? t('login.wrong') : undefined}
        />
        {login.error !== null && !wrong && <ErrorNote error={login.error} />}
        <Button type="submit" look="primary" disabled={login.isPending || username === '' || password === ''}>
          {login.isPending ? t('login.pending') : t('login.submit')}
        </Button>
        <small className={css.notice}>{t('common.notClinical')}</small>
        <div className={css.language}>
          <LanguageSwitch />
        </div>
      </form>
    </main>
  );
}
