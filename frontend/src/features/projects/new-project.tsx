import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Project } from '../../api/types';
import { useT } from '../../i18n';
import { Button, TextField } from '../../ui/controls';
import { Dialog, DialogActions } from '../../ui/dialog';
import { ErrorNote } from '../../ui/feedback';
import { useSession } from '../login/session';
import css from './project.module.css';

const SLUG = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** A short name for addresses, made of the letters of the name. */
export const slugOf = (name: string): string =>
  name
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 64);

export function NewProject({ onClose }: { onClose: () => void }) {
  const t = useT();
  const client = useQueryClient();
  const { chooseProject } = useSession();
  const [name, setName] = useState('');
  const [typed, setTyped] = useState<string | null>(null);
  const slug = typed ?? slugOf(name);
  const create = useMutation({
    mutationFn: () => api.post<Project>('/projects', { name, slug }),
    onSuccess: async (project) => {
      await client.invalidateQueries({ queryKey: keys.session });
      chooseProject(project.id);
      onClose();
    },
  });
  const wrong = slug !== '' && !SLUG.test(slug);
  return (
    <Dialog title={t('project.new')} onClose={onClose}>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate();
        }}
      >
        <TextField label={t('project.name')} value={name} onChange={setName} maxLength={128} />
        <TextField
          label={t('project.slug')}
          hint={t('project.slugHint')}
          value={slug}
          onChange={setTyped}
          maxLength={64}
          problem={wrong ? t('project.slugWrong') : undefined}
        />
        {create.error !== null && <ErrorNote error={create.error} />}
        <DialogActions>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button
            type="submit"
            look="primary"
            disabled={name.trim() === '' || slug === '' || wrong || create.isPending}
          >
            {t('project.create')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
