import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { AnalysisDetail, CohortPatient, ModelInput, Page, Prediction, StudyRow } from '../../api/types';
import { useT } from '../../i18n';
import { Button, SelectField, TextField } from '../../ui/controls';
import { Caution, ErrorNote } from '../../ui/feedback';
import css from './cohorts.module.css';
import { Fold } from './fold';
import { valuesOf, wrongValue, type Typed } from './prediction';
import { cohortPath, usePatients } from './queries';

const OFFERED = 50;
const LIST = 'prediction-patients';

type Place = { projectId: string; cohortId: string; analysis: AnalysisDetail };

/** Whether the analysis has learnt from the test patients too, as survival of everybody does. */
const learntFromTest = ({ kind, config }: AnalysisDetail): boolean => kind === 'survival' && config['patients'] !== 'train';

/** Patients whom it can be asked about: of the cohort those that it has not learnt from, and whoever is in the store. */
function useOffered({ projectId, cohortId, analysis }: Place, typed: string): string[] {
  const cohort = usePatients(projectId, cohortId);
  const store = useQuery({
    queryKey: ['prediction-patients', projectId, typed],
    queryFn: () => api.get<Page<StudyRow>>(`/projects/${projectId}/studies`, { query: { limit: OFFERED, ...(typed === '' ? {} : { q: typed }) } }),
  });
  const members = cohort.data?.pages.flatMap(({ items }) => items) ?? [];
  const learnt = new Set(members.filter((one) => (one.role !== 'test' || learntFromTest(analysis)) && one.left_out === null).map((one) => one.patient_id));
  const others = members.filter(({ patient_id }) => !learnt.has(patient_id)).map(({ patient_id }) => patient_id);
  const stored = (store.data?.items ?? []).map(({ patient_id }) => patient_id).filter((one) => !learnt.has(one));
  return [...new Set([...others, ...stored])].filter((one) => one.toLowerCase().includes(typed.toLowerCase())).slice(0, OFFERED);
}

/** What the cohort knows of the patient, as it would be typed. */
function useKnown({ projectId, cohortId }: Place, patientId: string): Typed {
  const query = useQuery({
    queryKey: keys.cohortPatient(cohortId, patientId),
    queryFn: () => api.get<Page<CohortPatient>>(`${cohortPath(projectId, cohortId)}/patients`, { query: { patient_id: patientId } }),
    enabled: patientId !== '',
  });
  const values = query.data?.items[0]?.values ?? {};
  return Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value === null || value === undefined ? [] : [[name, String(value)]])));
}

type InputsProps = { inputs: readonly ModelInput[]; typed: Typed; known: Typed; onChange: (typed: Typed) => void };

function Inputs({ inputs, typed, known, onChange }: InputsProps) {
  const t = useT();
  return (
    <div className={css.inputs}>
      {inputs.map(({ name, kind, unit, levels }) => {
        const value = typed[name] ?? known[name] ?? '';
        const label = unit === '' ? name : `${name}, ${unit}`;
        const set = (changed: string): void => onChange({ ...typed, [name]: changed });
        if (kind === 'number') {
          const wrong = value !== '' && !Number.isFinite(Number(value));
          return <TextField key={name} label={label} inputMode="decimal" value={value} onChange={set} problem={wrong ? t('cohort.predict.noNumber') : undefined} />;
        }
        const choices = [...new Set([...levels, ...(value === '' ? [] : [value])])].map((one) => ({ value: one, label: one }));
        return <SelectField key={name} label={label} value={value} choices={[{ value: '', label: t('cohort.predict.notKnown') }, ...choices]} onChange={set} />;
      })}
    </div>
  );
}

/** Asks of whom and by which values; what the cohort knows of the patient stands there already. */
export function PredictionForm(place: Place & { onStarted: (id: string) => void }) {
  const t = useT();
  const client = useQueryClient();
  const { projectId, cohortId, analysis, onStarted } = place;
  const [patient, setPatient] = useState('');
  const [typed, setTyped] = useState<Typed>({});
  const offered = useOffered(place, patient.trim());
  const known = useKnown(place, patient.trim());
  const clinical = analysis.inputs.filter(({ source }) => source === 'clinical');
  const features = analysis.inputs.filter(({ source }) => source === 'feature');
  const all: Typed = { ...known, ...typed };
  const start = useMutation({
    mutationFn: () =>
      api.post<Prediction>(`${cohortPath(projectId, cohortId)}/analyses/${analysis.id}/predictions`, {
        patient_id: patient.trim(),
        values: valuesOf(analysis.inputs, all),
      }),
    onSuccess: async ({ id }) => {
      await client.invalidateQueries({ queryKey: keys.predictions(cohortId, analysis.id) });
      onStarted(id);
    },
  });
  const lacking = analysis.kind === 'survival' && clinical.some(({ name }) => (all[name] ?? '').trim() === '');
  const ready = !lacking && patient.trim() !== '' && wrongValue(analysis.inputs, all) === null && !start.isPending;
  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) start.mutate();
      }}
    >
      <div className={css.pick}>
        <TextField
          label={t('cohort.predict.patient')}
          hint={t('cohort.predict.patientHint')}
          value={patient}
          maxLength={64}
          list={LIST}
          autoComplete="off"
          onChange={(changed) => {
            setPatient(changed);
            setTyped({});
          }}
        />
        <datalist id={LIST}>
          {offered.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </datalist>
      </div>
      {clinical.length > 0 && <Inputs inputs={clinical} typed={typed} known={known} onChange={setTyped} />}
      {features.length > 0 && (
        <Fold title={t('cohort.predict.features', { n: features.length })}>
          <div className={css.stack}>
            <p className={css.absent}>{t('cohort.predict.featuresHint')}</p>
            <Inputs inputs={features} typed={typed} known={known} onChange={setTyped} />
          </div>
        </Fold>
      )}
      {analysis.inputs.length === 0 && <p className={css.absent}>{t('cohort.predict.noInputs')}</p>}
      {analysis.kind === 'outcome-network' && <Caution>{t('cohort.predict.needsImage')}</Caution>}
      {lacking && <p className={css.absent}>{t('cohort.predict.needsAll')}</p>}
      {start.error !== null && <ErrorNote error={start.error} />}
      <div className={css.actions}>
        <Button type="submit" look="primary" disabled={!ready}>
          {t('cohort.predict.start')}
        </Button>
      </div>
    </form>
  );
}
