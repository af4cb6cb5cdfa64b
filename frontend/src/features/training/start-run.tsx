import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Network, Run, Snapshot } from '../../api/types';
import { useT } from '../../i18n';
import { Button, SelectField, TextField } from '../../ui/controls';
import { Dialog, DialogActions } from '../../ui/dialog';
import { Caution, ErrorNote } from '../../ui/feedback';
import { layout } from '../../ui/layout';
import { signatureIn, versionName } from './queries';
import css from './training.module.css';

const MOST_ITERATIONS = 200_000;
const HIGHEST_RATE = 0.01;
const HEAVIEST_REHEARSAL = 10;

type Fields = { snapshot_id: string; base_version_id: string; iterations: string; learning_rate: string; rehearsal: string };
type StartProps = {
  projectId: string;
  networks: readonly Network[];
  snapshots: readonly Snapshot[];
  inUseId: string | undefined;
  onStarted: (run: Run) => void;
  onClose: () => void;
};

export function StartRun({ projectId, networks, snapshots, inUseId, onStarted, onClose }: StartProps) {
  const t = useT();
  const client = useQueryClient();
  const versions = networks.flatMap((network) => network.versions);
  const [fields, setFields] = useState<Fields>(() => ({
    snapshot_id: snapshots[0]?.id ?? '',
    base_version_id: inUseId ?? versions[0]?.id ?? '',
    iterations: '400',
    learning_rate: '0.0003',
    rehearsal: '1',
  }));
  const set = (part: Partial<Fields>): void => setFields({ ...fields, ...part });
  const chosen = snapshots.find(({ id }) => id === fields.snapshot_id);
  const iterations = Number(fields.iterations);
  const rate = Number(fields.learning_rate);
  const rehearsal = Number(fields.rehearsal);
  const start = useMutation({
    mutationFn: () =>
      api.post<Run>(`/projects/${projectId}/runs`, { ...fields, iterations, learning_rate: rate, rehearsal }),
    onSuccess: async (run) => {
      await client.invalidateQueries({ queryKey: keys.runs(projectId) });
      onStarted(run);
    },
  });
  const counted = Number.isInteger(iterations) && iterations >= 1 && iterations <= MOST_ITERATIONS;
  const rehearsed = fields.rehearsal !== '' && rehearsal >= 0 && rehearsal <= HEAVIEST_REHEARSAL;
  const rated = rate > 0 && rate <= HIGHEST_RATE;
  return (
    <Dialog title={t('training.startTitle')} onClose={onClose}>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          start.mutate();
        }}
      >
        <p className={layout.muted}>{t('training.startWhat')}</p>
        <SelectField
          label={t('training.column.snapshot')}
          value={fields.snapshot_id}
          choices={snapshots.map(({ id, name, cases }) => ({
            value: id,
            label: t('training.snapshotChoice', { name, ...cases }),
          }))}
          onChange={(snapshot_id) => set({ snapshot_id })}
        />
        {chosen?.cases.validation === 0 && <Caution>{t('training.unwatched')}</Caution>}
        <SelectField
          label={t('training.column.base')}
          value={fields.base_version_id}
          choices={versions.map((version) => ({
            value: version.id,
            label: [
              versionName(version),
              ...(version.id === inUseId ? [t('training.inUse')] : []),
              ...(signatureIn(version, projectId) === undefined ? [t('training.unsigned')] : []),
            ].join(' · '),
          }))}
          onChange={(base_version_id) => set({ base_version_id })}
        />
        <div className={css.pair}>
          <TextField
            label={t('training.iterations')}
            hint={t('training.iterationsHint')}
            type="number"
            min={1}
            value={fields.iterations}
            onChange={(value) => set({ iterations: value })}
            problem={counted ? undefined : t('training.iterationsWrong', { n: MOST_ITERATIONS })}
          />
          <TextField
            label={t('training.rate')}
            type="number"
            step="any"
            value={fields.learning_rate}
            onChange={(value) => set({ learning_rate: value })}
            problem={rated ? undefined : t('training.rateWrong', { n: HIGHEST_RATE })}
          />
        </div>
        <TextField
          label={t('training.rehearsal')}
          hint={t('training.rehearsalHint')}
          type="number"
          step="any"
          min={0}
          value={fields.rehearsal}
          onChange={(value) => set({ rehearsal: value })}
          problem={rehearsed ? undefined : t('training.rehearsalWrong', { n: HEAVIEST_REHEARSAL })}
        />
        {start.error !== null && <ErrorNote error={start.error} />}
        <DialogActions>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button type="submit" look="primary" disabled={!counted || !rated || !rehearsed || start.isPending}>
            {t('training.start')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
