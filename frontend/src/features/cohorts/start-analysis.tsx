import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Analysis, Cohort, FeatureSet, Template } from '../../api/types';
import { useT } from '../../i18n';
import { Button, Checkbox, TextField } from '../../ui/controls';
import { Dialog, DialogActions } from '../../ui/dialog';
import { Caution, ErrorNote } from '../../ui/feedback';
import css from './cohorts.module.css';
import { formsOf, KINDS, type StartKind } from './drafts';
import { firstProblem, type Draft } from './fields';
import { cohortPath, isLive } from './queries';
import { DraftForm } from './draft-form';

type StartProps = {
  projectId: string;
  cohort: Cohort;
  sets: readonly FeatureSet[];
  onStarted: (id: string) => void;
  onClose: () => void;
};

function KindChoice({ kind, onChange }: { kind: StartKind; onChange: (kind: StartKind) => void }) {
  const t = useT();
  return (
    <div className={css.kinds} role="radiogroup" aria-label={t('cohort.analyses.kind')}>
      {KINDS.map((one) => (
        <label key={one}>
          <input type="radio" name="analysis-kind" checked={one === kind} onChange={() => onChange(one)} />
          <b>{t(`cohort.kind.${one}`)}</b>
          <small>{t(`cohort.kindHint.${one}`)}</small>
        </label>
      ))}
    </div>
  );
}

function Sets({ sets, chosen, onChange }: { sets: readonly FeatureSet[]; chosen: ReadonlySet<string>; onChange: (chosen: ReadonlySet<string>) => void }): ReactNode {
  const t = useT();
  if (sets.length === 0) return <Caution>{t('cohort.analyses.noSets')}</Caution>;
  const toggle = (id: string): void => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    onChange(next);
  };
  return (
    <fieldset className={css.choices}>
      <legend>{t('cohort.tab.features')}</legend>
      <div>
        {sets.map((one) => (
          <Checkbox
            key={one.id}
            label={t('cohort.analyses.set', { name: one.name, n: one.done })}
            checked={chosen.has(one.id)}
            disabled={isLive(one) || one.done === 0}
            onChange={() => toggle(one.id)}
          />
        ))}
      </div>
    </fieldset>
  );
}

/** Asks what is to be found out, of which columns and features; every default is one that a paper could name. */
export function StartAnalysis({ projectId, cohort, sets, onStarted, onClose }: StartProps) {
  const t = useT();
  const client = useQueryClient();
  const ready = sets.filter((one) => one.done > 0 && !isLive(one));
  const [kind, setKind] = useState<StartKind>(ready.length > 0 ? 'subtypes' : 'survival');
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set(ready.slice(0, 1).map(({ id }) => id)));
  const [typedName, setName] = useState<string | null>(null);
  const [drafts, setDrafts] = useState<Partial<Record<StartKind, Draft>>>({});
  const form = formsOf(cohort, ready)[kind];
  const template = useQuery({ queryKey: keys.template(projectId), queryFn: () => api.get<Template>(`/projects/${projectId}/template`) });
  const draft = drafts[kind] ?? form.start;
  const name = typedName ?? t(`cohort.kind.${kind}`);
  const problem = firstProblem(form, draft, chosen.size);
  const start = useMutation({
    mutationFn: () =>
      api.post<Analysis>(`${cohortPath(projectId, cohort.id)}/analyses`, {
        name: name.trim(),
        kind,
        feature_sets: form.features === 'none' ? [] : [...chosen],
        config: form.config(draft),
      }),
    onSuccess: async ({ id }) => {
      await client.invalidateQueries({ queryKey: keys.analyses(cohort.id) });
      onStarted(id);
    },
  });
  return (
    <Dialog
      title={t('cohort.analyses.start')}
      onClose={onClose}
      wide
      footer={
        <>
          <span className={css.bad} role="status">
            {problem !== null && t(problem)}
          </span>
          <DialogActions>
            <Button onClick={onClose}>{t('common.cancel')}</Button>
            <Button look="primary" disabled={problem !== null || name.trim() === '' || start.isPending} onClick={() => start.mutate()}>
              {t('cohort.analyses.start')}
            </Button>
          </DialogActions>
        </>
      }
    >
      <KindChoice kind={kind} onChange={setKind} />
      <TextField label={t('cohort.name')} value={name} onChange={setName} maxLength={128} />
      {form.features !== 'none' && <Sets sets={sets} chosen={chosen} onChange={setChosen} />}
      <DraftForm
        key={kind}
        form={form}
        draft={draft}
        structures={template.data?.structures.map((one) => one.name) ?? []}
        onChange={(changed) => setDrafts({ ...drafts, [kind]: changed })}
      />
      {start.error !== null && <ErrorNote error={start.error} />}
    </Dialog>
  );
}
