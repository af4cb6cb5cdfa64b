import { useT, type Key } from '../../i18n';
import { Checkbox, SelectField, TextField } from '../../ui/controls';
import css from './cohorts.module.css';
import { isWrong, type Draft, type FormField, type KindForm } from './fields';
import { Fold } from './fold';

/** The list of names that is offered for structures. */
const STRUCTURES = 'analysis-structures';

type FieldProps = { field: FormField; draft: Draft; onChange: (draft: Draft) => void };

function hintOf(field: FormField, t: ReturnType<typeof useT>): string | undefined {
  return field.hint === undefined ? undefined : t(field.hint);
}

function FieldView({ field, draft, onChange }: FieldProps) {
  const t = useT();
  const value = draft[field.name];
  const set = (changed: Draft[string]): void => onChange({ ...draft, [field.name]: changed });
  const label = t(field.label as Key);
  const hint = hintOf(field, t);
  if (field.kind === 'choice') {
    return (
      <SelectField
        label={label}
        hint={hint}
        value={String(value ?? '')}
        choices={field.choices.map((one) => ({ value: one.value, label: one.key === undefined ? one.text : t(one.key) }))}
        onChange={set}
      />
    );
  }
  if (field.kind === 'names') return <TextField label={label} hint={hint} list={STRUCTURES} value={String(value ?? '')} onChange={set} />;
  if (field.kind === 'several') {
    const chosen = Array.isArray(value) ? value : [];
    const toggle = (one: string): void => set(chosen.includes(one) ? chosen.filter((name) => name !== one) : [...chosen, one]);
    return (
      <fieldset className={css.choices}>
        <legend>
          {label}
          {hint !== undefined && ` · ${hint}`}
        </legend>
        <div>
          {field.choices.map((one) => (
            <Checkbox key={one.value} label={one.key === undefined ? one.text : t(one.key)} checked={chosen.includes(one.value)} onChange={() => toggle(one.value)} />
          ))}
        </div>
      </fieldset>
    );
  }
  if (field.kind !== 'number') return null;
  return (
    <TextField
      label={label}
      hint={hint}
      inputMode="decimal"
      value={String(value ?? '')}
      onChange={set}
      problem={isWrong(field, draft) ? t('cohort.form.range', { low: field.low, high: field.high }) : undefined}
    />
  );
}

function Fields({ fields, draft, onChange }: { fields: readonly FormField[]; draft: Draft; onChange: (draft: Draft) => void }) {
  const narrow = fields.filter(({ kind }) => kind !== 'several');
  const wide = fields.filter(({ kind }) => kind === 'several');
  return (
    <>
      {narrow.length > 0 && (
        <div className={css.pair}>
          {narrow.map((field) => (
            <FieldView key={field.name} field={field} draft={draft} onChange={onChange} />
          ))}
        </div>
      )}
      {wide.map((field) => (
        <FieldView key={field.name} field={field} draft={draft} onChange={onChange} />
      ))}
    </>
  );
}

type FormProps = { form: KindForm; draft: Draft; structures: readonly string[]; onChange: (draft: Draft) => void };

/** The settings of a kind of analysis: those that one has to think of, and behind a fold the rest. */
export function DraftForm({ form, draft, structures, onChange }: FormProps) {
  const t = useT();
  return (
    <>
      <datalist id={STRUCTURES}>
        {structures.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </datalist>
      <Fields fields={form.fields} draft={draft} onChange={onChange} />
      {form.said !== undefined && (
        <p className={css.lead} role="status">
          {form.said(draft, t)}
        </p>
      )}
      {form.further.length > 0 && (
        <Fold title={t('cohort.form.further')}>
          <div className={css.stack}>
            <Fields fields={form.further} draft={draft} onChange={onChange} />
          </div>
        </Fold>
      )}
    </>
  );
}
