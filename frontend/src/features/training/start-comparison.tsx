import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import { all } from '../../api/pages';
import type { ArchitectureComparison, ComparisonPreset, Snapshot } from '../../api/types';
import { useT } from '../../i18n';
import { named } from '../../i18n/problems';
import { Button, Checkbox, SelectField, TextField } from '../../ui/controls';
import { Dialog, DialogActions } from '../../ui/dialog';
import { Caution, ErrorNote, Loading } from '../../ui/feedback';
import { layout } from '../../ui/layout';
import css from './training.module.css';

const MOST_MINUTES = 1440;
const MOST_STRUCTURES = 7;

type ChoicesProps = {
  label: string;
  names: readonly string[];
  chosen: ReadonlySet<string>;
  problem: string | undefined;
  onChange: (chosen: ReadonlySet<string>) => void;
  text: (name: string) => string;
};

function Choices({ label, names, chosen, problem, onChange, text }: ChoicesProps) {
  const toggle = (name: string): void => {
    const next = new Set(chosen);
    if (!next.delete(name)) next.add(name);
    onChange(next);
  };
  return (
    <fieldset className={css.choices}>
      <legend>{label}</legend>
      <div>
        {names.map((name) => (
          <Checkbox key={name} label={text(name)} checked={chosen.has(name)} onChange={() => toggle(name)} />
        ))}
      </div>
      {problem !== undefined && <p role="alert">{problem}</p>}
    </fieldset>
  );
}

type StartProps = {
  projectId: string;
  snapshots: readonly Snapshot[];
  presets: readonly ComparisonPreset[];
  onStarted: (comparison: ArchitectureComparison) => void;
  onClose: () => void;
};

function Form({ projectId, snapshots, presets, onStarted, onClose }: StartProps) {
  const t = useT();
  const client = useQueryClient();
  const names = presets.map(({ name }) => name);
  const [snapshotId, setSnapshotId] = useState((snapshots.find(({ cases }) => cases.validation > 0) ?? snapshots[0])?.id ?? '');
  const [entries, setEntries] = useState<ReadonlySet<string>>(new Set(names));
  const [left, setLeft] = useState<ReadonlySet<string> | null>(null);
  const [typed, setTyped] = useState('10');
  const snapshot = snapshots.find(({ id }) => id === snapshotId);
  const offered = snapshot?.structures ?? [];
  const structures = left ?? new Set(offered.slice(0, MOST_STRUCTURES));
  const minutes = Number(typed);
  const start = useMutation({
    mutationFn: () =>
      api.post<ArchitectureComparison>(`/projects/${projectId}/comparisons`, {
        snapshot_id: snapshotId,
        entries: names.filter((name) => entries.has(name)),
        structures: offered.filter((name) => structures.has(name)),
        minutes,
      }),
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: keys.comparisons(projectId) });
      onStarted(made);
    },
  });
  const measured = (snapshot?.cases.validation ?? 0) > 0;
  const timed = minutes > 0 && minutes <= MOST_MINUTES;
  const counted = structures.size >= 1 && structures.size <= MOST_STRUCTURES;
  const ready = measured && timed && counted && entries.size > 0 && !start.isPending;
  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        start.mutate();
      }}
    >
      <p className={layout.muted}>{t('compare.startWhat')}</p>
      <SelectField
        label={t('training.column.snapshot')}
        value={snapshotId}
        choices={snapshots.map(({ id, name, cases }) => ({
          value: id,
          label: t('training.snapshotChoice', { name, ...cases }),
        }))}
        onChange={(id) => {
          setSnapshotId(id);
          setLeft(null);
        }}
      />
      {!measured && <Caution>{t('compare.unmeasured')}</Caution>}
      <Choices
        label={t('compare.entries')}
        names={names}
        chosen={entries}
        problem={entries.size > 0 ? undefined : t('compare.entriesWrong')}
        onChange={setEntries}
        text={(name) => named('preset', name, t)}
      />
      <Choices
        label={t('compare.structures')}
        names={offered}
        chosen={structures}
        problem={counted ? undefined : t('compare.structuresWrong', { n: MOST_STRUCTURES })}
        onChange={setLeft}
        text={(name) => name}
      />
      <TextField
        label={t('compare.minutes')}
        hint={t('compare.minutesHint')}
        type="number"
        step="any"
        min={0}
        value={typed}
        onChange={setTyped}
        problem={timed ? undefined : t('compare.minutesWrong', { n: MOST_MINUTES })}
      />
      {start.error !== null && <ErrorNote error={start.error} />}
      <DialogActions>
        <Button onClick={onClose}>{t('common.cancel')}</Button>
        <Button type="submit" look="primary" disabled={!ready}>
          {t('compare.start')}
        </Button>
      </DialogActions>
    </form>
  );
}

/** Asks which entries are compared, on which dataset and structures, and for how long each may learn. */
export function StartComparison(props: Omit<StartProps, 'presets'>) {
  const t = useT();
  const presets = useQuery({
    queryKey: keys.comparisonPresets,
    queryFn: () => all<ComparisonPreset>('/comparison-presets'),
  });
  return (
    <Dialog title={t('compare.startTitle')} onClose={props.onClose}>
      {presets.isPending && <Loading />}
      {presets.isError && <ErrorNote error={presets.error} retry={() => void presets.refetch()} />}
      {presets.data !== undefined && <Form {...props} presets={presets.data} />}
    </Dialog>
  );
}
