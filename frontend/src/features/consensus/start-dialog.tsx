import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import { all } from '../../api/pages';
import { isProblem } from '../../api/problem';
import type { Consensus, Member } from '../../api/types';
import { useT } from '../../i18n';
import { Button, Checkbox } from '../../ui/controls';
import { Dialog, DialogActions } from '../../ui/dialog';
import { ErrorNote } from '../../ui/feedback';
import { NameField } from '../labels/name-field';
import { useWorkspace } from '../labels/workspace';
import { may } from '../login/session';
import css from './consensus.module.css';

/** Which structure is to be drawn blindly, and by whom. */
export function StartDialog({ onClose, onStarted }: { onClose: () => void; onStarted: (task: Consensus) => void }) {
  const t = useT();
  const client = useQueryClient();
  const { study, seriesId } = useWorkspace();
  const [name, setName] = useState('');
  const [readers, setReaders] = useState<readonly string[]>([]);
  const path = `/projects/${study.project_id}/members`;
  const members = useQuery({ queryKey: keys.members(study.project_id), queryFn: () => all<Member>(path) });
  const start = useMutation({
    mutationFn: (despite: boolean) =>
      api.post<Consensus>(`/studies/${study.id}/consensus`, {
        series_id: seriesId, structure: name.trim(), readers, despite_contours: despite,
      }), // prettier-ignore
    onSuccess: async (task) => {
      await Promise.all([keys.consensus(study.id), keys.study(study.id)].map((queryKey) => client.invalidateQueries({ queryKey })));
      onStarted(task);
      onClose();
    },
  });
  const visible = isProblem(start.error) && start.error.slug === 'contours-visible';
  const choose = (id: string, chosen: boolean): void => setReaders(chosen ? [...readers, id] : readers.filter((one) => one !== id));
  return (
    <Dialog title={t('consensus.start')} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          start.mutate(visible);
        }}
      >
        <NameField name={name} onChange={setName} />
        <fieldset className={css.readers}>
          <legend>{t('consensus.readers')}</legend>
          {members.data?.filter(({ role, user }) => may(role, 'annotate') && user.active).map(({ user }) => (
            <Checkbox key={user.id} label={user.display_name} checked={readers.includes(user.id)} onChange={(on) => choose(user.id, on)} />
          ))}
        </fieldset>
        <p className={css.note}>{t('consensus.start.note')}</p>
        {start.error !== null && <ErrorNote error={start.error} />}
        <DialogActions>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button look="primary" type="submit" disabled={name.trim() === '' || readers.length < 2 || start.isPending}>
            {t(visible ? 'consensus.start.despite' : 'consensus.start')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  ); // prettier-ignore
}
