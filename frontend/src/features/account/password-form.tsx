import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { useT } from '../../i18n';
import { Button, TextField } from '../../ui/controls';
import { ErrorNote } from '../../ui/feedback';
import { Section } from '../../ui/layout';
import { notify } from '../../ui/toast';
import { endSession } from '../login/session';
import css from './account.module.css';

export const SHORTEST_PASSWORD = 8;

/** Changing the password ends every session, this one too. */
export function PasswordForm() {
  const t = useT();
  const client = useQueryClient();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [again, setAgain] = useState('');
  const change = useMutation({
    mutationFn: () => api.post('/session/password', { current, new: next }),
    onSuccess: () => {
      notify(t('account.passwordChanged'));
      endSession(client);
    },
  });
  const differs = again !== '' && again !== next;
  const ready = current !== '' && next.length >= SHORTEST_PASSWORD && again === next;
  return (
    <Section title={t('account.password')} padded>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate();
        }}
      >
        <TextField
          label={t('account.current')}
          type="password"
          autoComplete="current-password"
          value={current}
          onChange={setCurrent}
        />
        <TextField
          label={t('account.new')}
          type="password"
          autoComplete="new-password"
          value={next}
          onChange={setNext}
          hint={t('account.passwordHint', { n: SHORTEST_PASSWORD })}
        />
        <TextField
          label={t('account.again')}
          type="password"
          autoComplete="new-password"
          value={again}
          onChange={setAgain}
          problem={differs ? t('account.differs') : undefined}
        />
        {change.error !== null && <ErrorNote error={change.error} />}
        <Button type="submit" look="primary" disabled={!ready || change.isPending}>
          {t('account.change')}
        </Button>
      </form>
    </Section>
  );
}
