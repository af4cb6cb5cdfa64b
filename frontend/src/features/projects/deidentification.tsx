import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Deidentification, DeidentificationOption } from '../../api/types';
import { useT } from '../../i18n';
import { Button, Checkbox, SelectField } from '../../ui/controls';
import { ErrorNote, Loading } from '../../ui/feedback';
import { layout, Section } from '../../ui/layout';
import { notify } from '../../ui/toast';
import { useUnsaved } from '../../ui/unsaved';
import css from './project.module.css';

const MODES = ['none', 'import', 'export'] as const;
const OPTIONS = [
  'patient', 'modified_dates', 'full_dates', 'descriptors', 'institution', 'device', 'uids', 'safe_private',
  'structured_content', 'graphics',
] as const satisfies readonly DeidentificationOption[];

/** Dates are kept or moved, never both. */
const EXCLUDES: Partial<Record<DeidentificationOption, DeidentificationOption>> = {
  full_dates: 'modified_dates',
  modified_dates: 'full_dates',
};

function toggled(options: readonly DeidentificationOption[], option: DeidentificationOption, on: boolean): DeidentificationOption[] {
  const others = options.filter((one) => one !== option && !(on && one === EXCLUDES[option]));
  return on ? [...others, option] : others;
}

const same = (one: readonly string[], other: readonly string[]): boolean => [...one].sort().join() === [...other].sort().join();

function Form({ projectId, known, manage }: { projectId: string; known: Deidentification; manage: boolean }) {
  const t = useT();
  const client = useQueryClient();
  const [mode, setMode] = useState(known.mode);
  const [options, setOptions] = useState<readonly DeidentificationOption[]>(known.options);
  const save = useMutation({
    mutationFn: () => api.put<Deidentification>(`/projects/${projectId}/deidentification`, { mode, options }),
    onSuccess: (changed) => {
      client.setQueryData(keys.deidentification(projectId), changed);
      notify(t('common.saved'));
    },
  });
  const changed = mode !== known.mode || !same(options, known.options);
  useUnsaved(changed);
  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <SelectField
        label={t('deid.mode')}
        value={mode}
        disabled={!manage}
        choices={MODES.map((value) => ({ value, label: t(`deid.mode.${value}`) }))}
        onChange={(value) => setMode(MODES.find((one) => one === value) ?? 'none')}
      />
      <p className={layout.muted}>{t(`deid.hint.${mode}`)}</p>
      {mode !== 'none' && <p className={layout.muted}>{t('deid.faces')}</p>}
      {mode !== 'none' && (
        <fieldset className={css.choices}>
          <legend>{t('deid.options')}</legend>
          {OPTIONS.map((option) => (
            <Checkbox
              key={option}
              label={t(`deid.option.${option}`)}
              checked={options.includes(option)}
              disabled={!manage}
              onChange={(on) => setOptions(toggled(options, option, on))}
            />
          ))}
        </fieldset>
      )}
      {save.error !== null && <ErrorNote error={save.error} />}
      {manage && (
        <div>
          <Button type="submit" look="primary" disabled={!changed || save.isPending}>
            {t('common.save')}
          </Button>
        </div>
      )}
    </form>
  );
}

/** Where the project takes out what names its patients, and with which options of the standard. */
export function DeidentificationSection({ projectId, manage }: { projectId: string; manage: boolean }) {
  const t = useT();
  const setting = useQuery({
    queryKey: keys.deidentification(projectId),
    queryFn: () => api.get<Deidentification>(`/projects/${projectId}/deidentification`),
  });
  if (setting.isPending) return <Loading />;
  if (setting.isError) return <ErrorNote error={setting.error} retry={() => void setting.refetch()} />;
  return (
    <Section title={t('deid.title')} note={t('deid.note', { edition: setting.data.edition })} padded>
      <Form projectId={projectId} known={setting.data} manage={manage} />
    </Section>
  );
}
