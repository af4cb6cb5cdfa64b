import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { Cohort } from '../../api/types';
import { useT } from '../../i18n';
import { Button, IconButton, Input, Select } from '../../ui/controls';
import { ErrorNote } from '../../ui/feedback';
import { Icon } from '../../ui/icons';
import { Section } from '../../ui/layout';
import css from './cohorts.module.css';
import { conditionReady, draftOf, needsValue, opsOf, opText, typedCondition, type Draft } from './conditions';
import { cohortPath } from './queries';

type FilterProps = { projectId: string; cohort: Cohort; manage: boolean };

type RowProps = { cohort: Cohort; draft: Draft; onChange: (draft: Draft) => void; onRemove: () => void };

const namesOf = ({ columns, endpoints }: Cohort): string[] => [...columns, ...endpoints].map(({ name }) => name);

/** A condition on a column before anything is typed. */
const blank = (cohort: Cohort, column: string): Draft => ({ column, op: opsOf(cohort, column)[0] ?? 'present', typed: '' });

function ConditionRow({ cohort, draft, onChange, onRemove }: RowProps) {
  const t = useT();
  const ops = opsOf(cohort, draft.column);
  return (
    <li className={css.condition}>
      <Select name={t('cohort.filter.column')} value={draft.column} choices={namesOf(cohort).map((name) => ({ value: name, label: name }))} onChange={(column) => onChange(blank(cohort, column))} />
      <Select
        name={t('cohort.filter.op')}
        value={draft.op}
        choices={ops.map((op) => ({ value: op, label: opText(op, t) }))}
        onChange={(op) => onChange({ ...draft, op: ops.find((one) => one === op) ?? 'present' })}
      />
      {needsValue(draft.op) && <Input name={t('cohort.filter.value')} value={draft.typed} onChange={(typed) => onChange({ ...draft, typed })} />}
      <IconButton small name={t('cohort.filter.remove')} onClick={onRemove}>
        <Icon name="close" />
      </IconButton>
    </li>
  );
}

function Editor({ projectId, cohort, onClose }: Omit<FilterProps, 'manage'> & { onClose: () => void }) {
  const t = useT();
  const client = useQueryClient();
  const [drafts, setDrafts] = useState<Draft[]>(cohort.filter.map(draftOf));
  const [first] = namesOf(cohort);
  const ready = drafts.every((draft) => conditionReady(cohort, draft));
  const save = useMutation({
    mutationFn: () =>
      api.put<Cohort>(`${cohortPath(projectId, cohort.id)}/filter`, { conditions: drafts.map((draft) => typedCondition(cohort, draft)) }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['cohorts'] });
      onClose();
    },
  });
  return (
    <form
      className={css.filter}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <ul>
        {drafts.map((draft, index) => (
          <ConditionRow
            key={index}
            cohort={cohort}
            draft={draft}
            onChange={(changed) => setDrafts(drafts.map((one, at) => (at === index ? changed : one)))}
            onRemove={() => setDrafts(drafts.filter((_, at) => at !== index))}
          />
        ))}
      </ul>
      {save.error !== null && <ErrorNote error={save.error} />}
      <div className={css.actions}>
        <Button small disabled={first === undefined} onClick={() => first !== undefined && setDrafts([...drafts, blank(cohort, first)])}>
          {t('cohort.filter.add')}
        </Button>
        <span />
        <Button onClick={onClose}>{t('common.cancel')}</Button>
        <Button type="submit" look="primary" disabled={!ready || save.isPending}>
          {t('cohort.filter.apply')}
        </Button>
      </div>
    </form>
  );
}

/** Which patients count: conditions that must all hold. Features and analyses see only these. */
export function FilterEditor({ projectId, cohort, manage }: FilterProps) {
  const t = useT();
  const [open, setOpen] = useState(false);
  const said = cohort.filter.map((one) => {
    const { column, op, typed } = draftOf(one);
    const condition = `${column} ${opText(op, t)}${needsValue(op) ? ` ${typed}` : ''}`;
    return t('cohort.filter.effect', { condition, n: one.left_out, missing: one.missing });
  });
  return (
    <Section
      title={t('cohort.filter.title')}
      note={said.length === 0 ? t('cohort.filter.none') : t('cohort.filter.left', { n: cohort.included, total: cohort.patients })}
      actions={
        manage &&
        !open && (
          <Button small onClick={() => setOpen(true)}>
            {t('cohort.filter.change')}
          </Button>
        )
      }
    >
      {!open && said.length > 0 && (
        <ul className={css.conditions}>
          {said.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
      )}
      {open && <Editor projectId={projectId} cohort={cohort} onClose={() => setOpen(false)} />}
    </Section>
  );
}
