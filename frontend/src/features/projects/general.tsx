import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Project } from '../../api/types';
import { useT } from '../../i18n';
import { Button, Checkbox, TextField } from '../../ui/controls';
import { ErrorNote } from '../../ui/feedback';
import { layout, Section } from '../../ui/layout';
import { notify } from '../../ui/toast';
import { useUnsaved } from '../../ui/unsaved';
import css from './project.module.css';

export function General({ project, manage }: { project: Project; manage: boolean }) {
  const t = useT();
  const client = useQueryClient();
  const [name, setName] = useState(project.name);
  const [allowNifti, setAllowNifti] = useState(project.allow_nifti);
  const save = useMutation({
    mutationFn: () => api.patch<Project>(`/projects/${project.id}`, { name, allow_nifti: allowNifti }),
    onSuccess: async (changed) => {
      client.setQueryData(keys.project(project.id), changed);
      await client.invalidateQueries({ queryKey: keys.session });
      notify(t('common.saved'));
    },
  });
  const changed = name.trim() !== project.name || allowNifti !== project.allow_nifti;
  useUnsaved(changed);
  return (
    <Section title={t('project.general')} note={project.slug} padded>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <TextField label={t('project.name')} value={name} onChange={setName} disabled={!manage} maxLength={128} />
        <Checkbox label={t('project.allowNifti')} checked={allowNifti} onChange={setAllowNifti} disabled={!manage} />
        <p className={layout.muted}>{t('project.dicomweb', { path: `/dicomweb/projects/${project.slug}` })}</p>
        {save.error !== null && <ErrorNote error={save.error} />}
        {manage && (
          <div>
            <Button
              type="submit"
              look="primary"
              disabled={!changed || name.trim() === '' || save.isPending}
            >
              {t('common.save')}
            </Button>
          </div>
        )}
      </form>
    </Section>
  );
}
