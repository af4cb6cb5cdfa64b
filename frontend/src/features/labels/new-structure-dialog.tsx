import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Structure } from '../../api/types';
import { useT } from '../../i18n';
import { Button } from '../../ui/controls';
import { Dialog, DialogActions } from '../../ui/dialog';
import { ErrorNote } from '../../ui/feedback';
import { NameField } from './name-field';
import { useWorkspace } from './workspace';

/** Adds an empty structure; the names of the project's template and of TG-263 are offered. */
export function NewStructureDialog({ onClose }: { onClose: () => void }) {
  const t = useT();
  const client = useQueryClient();
  const { session, scene } = useWorkspace();
  const [name, setName] = useState('');
  const add = useMutation({
    mutationFn: () => api.post<Structure>(`/structure-sets/${session.setId}/structures`, { name: name.trim() }),
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: keys.structureSet(session.setId) });
      scene.set({ activeId: made.id });
      onClose();
    },
  });
  return (
    <Dialog title={t('viewer.structure.add')} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== '') add.mutate();
        }}
      >
        <NameField name={name} onChange={setName} />
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
