import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { api } from '../../api/client';
import type { ReaderDesign } from '../../api/types';
import { useT } from '../../i18n';
import { Button, Select, TextField } from '../../ui/controls';
import { Dialog, DialogActions } from '../../ui/dialog';
import { ErrorNote, Loading } from '../../ui/feedback';
import { layout, TableHead } from '../../ui/layout';
import { readingKeys, studiesPath, studyPath, useMembers } from './queries';
import css from './readings.module.css';

type Level = 'none' | 'unknown' | 'junior' | 'senior';
const LEVELS: readonly Level[] = ['none', 'unknown', 'junior', 'senior'];
type Props = { projectId: string; design: ReaderDesign | null; onClose: () => void };

/** Name, washout, order and readers of a study that is not open yet; `design` null makes one. */
export function DesignDialog({ projectId, design, onClose }: Props) {
  const t = useT();
  const client = useQueryClient();
  const navigate = useNavigate();
  const members = useMembers(projectId);
  const [name, setName] = useState(design?.name ?? '');
  const [description, setDescription] = useState(design?.description ?? '');
  const [washout, setWashout] = useState(String(design?.washout_days ?? 28));
  const [seed, setSeed] = useState(String(design?.seed ?? 0));
  const [levels, setLevels] = useState<ReadonlyMap<string, Level>>(
    new Map(design?.reader_list.map((one) => [one.user_id, one.level ?? 'unknown']) ?? []),
  );
  const readers = [...levels].filter(([, level]) => level !== 'none').map(([user_id, level]) => ({ user_id, level: level === 'unknown' ? null : level }));
  const conditions = design?.conditions ?? [
    { name: t('reading.condition.without'), ai: false },
    { name: t('reading.condition.with'), ai: true },
  ];
  const body = { name: name.trim(), description, conditions, washout_days: Number(washout), seed: Number(seed), readers };
  const save = useMutation({
    mutationFn: () =>
      design === null ? api.post<ReaderDesign>(studiesPath(projectId), body) : api.put<ReaderDesign>(studyPath(projectId, design.id), body),
    onSuccess: async ({ id }) => {
      await client.invalidateQueries({ queryKey: readingKeys.studies(projectId) });
      await client.invalidateQueries({ queryKey: readingKeys.study(id) });
      onClose();
      void navigate(`/reader-studies/${id}`);
    },
  });
  const usable = name.trim() !== '' && washout !== '' && Number(washout) >= 0 && Number.isInteger(Number(seed));
  const possible = members.data?.filter(({ role }) => role !== 'administrator') ?? [];
  return (
    <Dialog title={t(design === null ? 'reading.new' : 'reading.change')} onClose={onClose} wide>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <TextField label={t('reading.name')} value={name} onChange={setName} maxLength={128} />
        <TextField label={t('reading.description')} value={description} onChange={setDescription} maxLength={2048} />
        <div className={css.pair}>
          <TextField label={t('reading.washout')} hint={t('reading.washoutHint')} type="number" min={0} max={365} step="any" value={washout} onChange={setWashout} />
          <TextField label={t('reading.seed')} hint={t('reading.seedHint')} type="number" min={0} step={1} value={seed} onChange={setSeed} />
        </div>
        <p className={css.lead}>{t('reading.readersHint')}</p>
        {members.isPending && <Loading />}
        {members.isError && <ErrorNote error={members.error} />}
        {members.data !== undefined && possible.length === 0 && <p className={css.lead}>{t('reading.noMembers')}</p>}
        {possible.length > 0 && (
          <table className={layout.table}>
            <TableHead columns={[t('reading.reader'), t('reading.level')]} />
            <tbody>
              {possible.map(({ user }) => (
                <tr key={user.id}>
                  <td>{user.display_name}</td>
                  <td>
                    <Select
                      name={`${t('reading.level')}: ${user.display_name}`}
                      value={levels.get(user.id) ?? 'none'}
                      choices={LEVELS.map((value) => ({ value, label: t(`reading.level.${value}`) }))}
                      onChange={(value) => setLevels(new Map([...levels, [user.id, LEVELS.find((one) => one === value) ?? 'none']]))}
                    />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        {save.error !== null && <ErrorNote error={save.error} />}
        <DialogActions>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button type="submit" look="primary" disabled={!usable || save.isPending}>
            {t('reading.save')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
