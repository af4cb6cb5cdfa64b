import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Page, Snapshot, SnapshotCase } from '../../api/types';
import { useT } from '../../i18n';
import { Button, TextField } from '../../ui/controls';
import { Dialog, DialogActions } from '../../ui/dialog';
import { EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import { formatPersonName, formatTime } from '../../ui/format';
import { layout, Section } from '../../ui/layout';
import { useSnapshots } from './queries';
import css from './training.module.css';

const today = (): string => new Date().toLocaleDateString('sv');

function Freeze({ projectId, onClose }: { projectId: string; onClose: () => void }) {
  const t = useT();
  const client = useQueryClient();
  const [name, setName] = useState(today);
  const [test, setTest] = useState('25');
  const [validation, setValidation] = useState('15');
  const freeze = useMutation({
    mutationFn: () =>
      api.post<Snapshot>(`/projects/${projectId}/snapshots`, {
        name,
        test_fraction: Number(test) / 100,
        validation_fraction: Number(validation) / 100,
      }),
    onSuccess: () => {
      onClose();
      return client.invalidateQueries({ queryKey: keys.snapshots(projectId) });
    },
  });
  const shares = Number(test) > 0 && Number(validation) >= 0 && Number(test) + Number(validation) < 100;
  return (
    <Dialog title={t('training.freezeTitle')} onClose={onClose}>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          freeze.mutate();
        }}
      >
        <p className={layout.muted}>{t('training.freezeWhat')}</p>
        <TextField label={t('training.snapshotName')} value={name} onChange={setName} maxLength={128} />
        <div className={css.pair}>
          <TextField
            label={t('training.testShare')}
            hint={t('training.testHint')}
            type="number"
            min={1}
            max={90}
            value={test}
            onChange={setTest}
            problem={shares ? undefined : t('training.sharesWrong')}
          />
          <TextField
            label={t('training.validationShare')}
            hint={t('training.validationHint')}
            type="number"
            min={0}
            max={90}
            value={validation}
            onChange={setValidation}
          />
        </div>
        {freeze.error !== null && <ErrorNote error={freeze.error} />}
        <DialogActions>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button type="submit" look="primary" disabled={!shares || name.trim() === '' || freeze.isPending}>
            {t('training.freeze')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

/** Who trains, validates and tests, and with which structures. */
function Cases({ projectId, snapshot, onClose }: { projectId: string; snapshot: Snapshot; onClose: () => void }) {
  const t = useT();
  const cases = useQuery({
    queryKey: keys.snapshotCases(snapshot.id),
    queryFn: () => api.get<Page<SnapshotCase>>(`/projects/${projectId}/snapshots/${snapshot.id}/cases`),
  });
  return (
    <Dialog title={t('training.casesTitle', { name: snapshot.name })} wide onClose={onClose}>
      {cases.isPending && <Loading />}
      {cases.isError && <ErrorNote error={cases.error} retry={() => void cases.refetch()} />}
      {cases.data !== undefined && (
        <table className={layout.table}>
          <thead>
            <tr>
              <th scope="col">{t('training.column.split')}</th>
              <th scope="col">{t('training.column.patient')}</th>
              <th scope="col">{t('training.column.structures')}</th>
            </tr>
          </thead>
          <tbody>
            {cases.data.items.map((one, index) => (
              <tr key={index}>
                <td>{t(`training.split.${one.split}`)}</td>
                <td>
                  {one.study_id === null ? (
                    t('training.case.deleted')
                  ) : (
                    <Link to={`/studies/${one.study_id}`}>{[formatPersonName(one.patient_name ?? '') || t('worklist.noName'), one.patient_id].filter(Boolean).join(' · ')}</Link>
                  )}
                </td>
                <td className={layout.wrap}>{one.structures.join(', ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Dialog>
  );
}

type TableProps = { snapshots: readonly Snapshot[]; onOpen: (snapshot: Snapshot) => void };

function SnapshotTable({ snapshots, onOpen }: TableProps) {
  const t = useT();
  return (
    <table className={layout.table}>
      <thead>
        <tr>
          <th scope="col">{t('training.snapshotName')}</th>
          {(['train', 'validation', 'test'] as const).map((split) => (
            <th key={split} scope="col" className={layout.number}>
              {t(`training.split.${split}`)}
            </th>
          ))}
          <th scope="col">{t('training.column.structures')}</th>
          <th scope="col">{t('training.column.created')}</th>
          <th scope="col">{t('training.column.hash')}</th>
        </tr>
      </thead>
      <tbody>
        {snapshots.map((snapshot) => (
          <tr key={snapshot.id}>
            <td>
              <Button look="quiet" onClick={() => onOpen(snapshot)}>
                {snapshot.name}
              </Button>
            </td>
            <td className={layout.number}>{snapshot.cases.train}</td>
            <td className={layout.number}>{snapshot.cases.validation}</td>
            <td className={layout.number}>{snapshot.cases.test}</td>
            <td className={layout.wrap}>{snapshot.structures.join(', ')}</td>
            <td className={layout.muted}>{formatTime(snapshot.created_at)}</td>
            <td className={css.hash} title={snapshot.hash}>
              <code>{snapshot.hash.slice(0, 12)}</code>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function SnapshotsTab({ projectId, manage }: { projectId: string; manage: boolean }) {
  const t = useT();
  const snapshots = useSnapshots(projectId);
  const [freezing, setFreezing] = useState(false);
  const [opened, setOpened] = useState<Snapshot | null>(null);
  const freeze = manage && (
    <Button look="primary" onClick={() => setFreezing(true)}>
      {t('training.freeze')}
    </Button>
  );
  return (
    <Section title={t('training.snapshots')} note={t('training.snapshotsNote')} actions={freeze}>
      {snapshots.isPending && <Loading />}
      {snapshots.isError && <ErrorNote error={snapshots.error} retry={() => void snapshots.refetch()} />}
      {snapshots.data?.length === 0 && (
        <EmptyState title={t('training.noSnapshots')}>
          <p>{t('training.noSnapshotsHint')}</p>
        </EmptyState>
      )}
      {snapshots.data !== undefined && snapshots.data.length > 0 && <SnapshotTable snapshots={snapshots.data} onOpen={setOpened} />}
      {opened !== null && <Cases projectId={projectId} snapshot={opened} onClose={() => setOpened(null)} />}
      {freezing && <Freeze projectId={projectId} onClose={() => setFreezing(false)} />}
    </Section>
  );
}
