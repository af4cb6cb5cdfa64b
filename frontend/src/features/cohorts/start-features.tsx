import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import { all } from '../../api/pages';
import type { Cohort, FeatureSet, RadiomicsPreset, Template } from '../../api/types';
import { useT } from '../../i18n';
import { Button, Field, SelectField, TextField } from '../../ui/controls';
import { Dialog, DialogActions } from '../../ui/dialog';
import { ErrorNote, Loading } from '../../ui/feedback';
import { layout } from '../../ui/layout';
import css from './cohorts.module.css';
import { cohortPath } from './queries';

const MODALITIES = ['CT', 'MR', 'PT', 'RTDOSE'] as const;
const SOURCES = ['approved', 'latest', 'ai'] as const;
/** How the presets of an image are called. */
const PREFIX: Record<(typeof MODALITIES)[number], string> = { CT: 'ct', MR: 'mr', PT: 'pet', RTDOSE: 'dose' };
const OWN = 'own';
const MOST_PERTURBATIONS = 30;

/** The settings that were typed; null where they are no JSON object. */
export function parseSettings(typed: string): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(typed);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? (parsed as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

type FormProps = { projectId: string; cohort: Cohort; presets: readonly RadiomicsPreset[]; onStarted: (id: string) => void; onClose: () => void };

function Form({ projectId, cohort, presets, onStarted, onClose }: FormProps) {
  const t = useT();
  const client = useQueryClient();
  const template = useQuery({ queryKey: keys.template(projectId), queryFn: () => api.get<Template>(`/projects/${projectId}/template`) });
  const [typedName, setName] = useState<string | null>(null);
  const [structure, setStructure] = useState('');
  const [modality, setModality] = useState<(typeof MODALITIES)[number]>('CT');
  const [source, setSource] = useState<(typeof SOURCES)[number]>('approved');
  const [preset, setPreset] = useState<string | null>(null);
  const [typed, setTyped] = useState<string | null>(null);
  const [perturbations, setPerturbations] = useState('5');
  const fitting = presets.find((one) => one.name.toLowerCase().startsWith(PREFIX[modality]))?.name ?? presets[0]?.name ?? OWN;
  const chosen = preset ?? fitting;
  const text = typed ?? JSON.stringify(presets.find(({ name }) => name === fitting)?.settings ?? {}, null, 2);
  const settings = parseSettings(text);
  const count = Number(perturbations);
  const counted = /^\d+$/.test(perturbations) && count <= MOST_PERTURBATIONS;
  const name = typedName ?? (structure === '' ? '' : `${structure} ${modality}`);
  const start = useMutation({
    mutationFn: () =>
      api.post<FeatureSet>(`${cohortPath(projectId, cohort.id)}/feature-sets`, {
        name: name.trim(),
        structure: structure.trim(),
        modality,
        source,
        perturbations: count,
        ...(chosen === OWN ? { settings } : { preset: chosen }),
      }),
    onSuccess: async ({ id }) => {
      await client.invalidateQueries({ queryKey: keys.featureSets(cohort.id) });
      onStarted(id);
    },
  });
  const ready = name.trim() !== '' && structure.trim() !== '' && counted && (chosen !== OWN || settings !== null) && !start.isPending;
  const structures = template.data?.structures.map((one) => one.name) ?? [];
  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        start.mutate();
      }}
    >
      <p className={layout.muted}>{t('cohort.features.startWhat', { n: cohort.included })}</p>
      <div className={css.pair}>
        <TextField label={t('cohort.features.structure')} hint={t('cohort.features.structureHint')} value={structure} onChange={setStructure} list="cohort-structures" />
        <datalist id="cohort-structures">
          {structures.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </datalist>
        <TextField label={t('cohort.features.name')} value={name} onChange={setName} maxLength={100} />
      </div>
      <div className={css.pair}>
        <SelectField
          label={t('cohort.features.modality')}
          value={modality}
          choices={MODALITIES.map((value) => ({ value, label: t(`cohort.modality.${value}`) }))}
          onChange={(value) => setModality(MODALITIES.find((one) => one === value) ?? 'CT')}
        />
        <SelectField
          label={t('cohort.features.source')}
          value={source}
          choices={SOURCES.map((value) => ({ value, label: t(`cohort.source.${value}`) }))}
          onChange={(value) => setSource(SOURCES.find((one) => one === value) ?? 'approved')}
        />
      </div>
      <div className={css.pair}>
        <SelectField
          label={t('cohort.features.preset')}
          value={chosen}
          choices={[...presets.map((one) => ({ value: one.name, label: one.name })), { value: OWN, label: t('cohort.features.own') }]}
          onChange={setPreset}
        />
        <TextField
          label={t('cohort.features.perturbations')}
          hint={t('cohort.features.perturbationsHint')}
          inputMode="numeric"
          value={perturbations}
          onChange={setPerturbations}
          problem={counted ? undefined : t('cohort.features.perturbationsWrong', { n: MOST_PERTURBATIONS })}
        />
      </div>
      {chosen === OWN ? (
        <Field label={t('cohort.features.settings')} problem={settings === null ? t('cohort.features.settingsWrong') : undefined}>
          {(id) => <textarea id={id} className={css.json} rows={12} spellCheck={false} value={text} onChange={(event) => setTyped(event.target.value)} />}
        </Field>
      ) : (
        <details className={css.details}>
          <summary>{t('cohort.features.settings')}</summary>
          <pre className={css.json}>{JSON.stringify(presets.find((one) => one.name === chosen)?.settings ?? {}, null, 2)}</pre>
        </details>
      )}
      {start.error !== null && <ErrorNote error={start.error} />}
      <DialogActions>
        <Button onClick={onClose}>{t('common.cancel')}</Button>
        <Button type="submit" look="primary" disabled={!ready}>
          {t('cohort.features.start')}
        </Button>
      </DialogActions>
    </form>
  );
}

/** Asks what is measured on which image, with which settings, and how often contours are disturbed to see what holds. */
export function StartFeatures(props: Omit<FormProps, 'presets'>) {
  const t = useT();
  const presets = useQuery({ queryKey: keys.radiomicsPresets, queryFn: () => all<RadiomicsPreset>('/radiomics-presets') });
  return (
    <Dialog title={t('cohort.features.startTitle')} onClose={props.onClose} wide>
      {presets.isPending && <Loading />}
      {presets.isError && <ErrorNote error={presets.error} retry={() => void presets.refetch()} />}
      {presets.data !== undefined && <Form {...props} presets={presets.data} />}
    </Dialog>
  );
}
