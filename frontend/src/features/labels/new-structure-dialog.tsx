import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Structure, Template } from '../../api/types';
import { useT } from '../../i18n';
import { Button, TextField } from '../../ui/controls';
import { Dialog, DialogActions } from '../../ui/dialog';
import { ErrorNote } from '../../ui/feedback';
import { LONGEST_NAME, NameOffer } from './name-offer';
import { NameList } from './structure-names';
import { useWorkspace } from './workspace';

/** Adds an empty structure; the names of the project's template and of TG-263 are offered. */
export function NewStructureDialog({ onClose }: { onClose: () => void }) {
  const t = useT();
  const client = useQueryClient();
  const { study, set, session, scene } = useWorkspace();
  const [name, setName] = useState('');
  const template = useQuery({
    queryKey: keys.template(study.project_id),
    queryFn: () => api.get<Template>(`/projects/${study.project_id}/template`),
  });
  const add = useMutation({
    mutationFn: () => api.post<Structure>(`/structure-sets/${session.setId}/structures`, { name: name.trim() }),
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: keys.structureSet(session.setId) });
      scene.set({ activeId: made.id });
      onClose();
    },
  });
  const taken = new Set(set?.structures.map((one) => one.name));
  return (
    <Dialog title={t('viewer.structure.add')} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== '') add.mutate();
        }}
      >
        <TextField
          label={t('viewer.structure.name')}
          hint={t('names.hint')}
          value={name}
          maxLength={LONGEST_NAME}
          autoComplete="off"
          list="structure-names"
          onChange={setName}
        />
        <NameList id="structure-names" template={template.data?.structures.map((one) => one.name) ?? []} taken={taken} />
        <NameOffer typed={name.trim()} taken={taken} onChoose={setName} />
        {add.error !== null && <ErrorNote error={add.error} />}
        <DialogActions>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button look="primary" type="submit" disabled={name.trim() === '' || add.isPending}>
            {t('viewer.structure.add')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
