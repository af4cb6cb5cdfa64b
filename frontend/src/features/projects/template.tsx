import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Template, TemplateStructure } from '../../api/types';
import { useT } from '../../i18n';
import { IconButton, Input, Select } from '../../ui/controls';
import { EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import { Icon } from '../../ui/icons';
import { layout, Section, TableHead } from '../../ui/layout';
import { notify } from '../../ui/toast';
import { seriesColour } from '../training/colours';
import { doubled, isStructureName, moved, replaced, without } from './editing';
import { EditFoot } from './edit-foot';
import css from './project.module.css';

const KINDS = ['ORGAN', 'GTV', 'CTV', 'PTV', 'EXTERNAL', 'AVOIDANCE', 'CONTROL', 'SUPPORT', 'DOSE_REGION'] as const;

type RowProps = {
  row: TemplateStructure;
  manage: boolean;
  first: boolean;
  last: boolean;
  onChange: (part: Partial<TemplateStructure>) => void;
  onMove: (by: -1 | 1) => void;
  onRemove: () => void;
};

function Actions({ row, first, last, onMove, onRemove }: Omit<RowProps, 'manage' | 'onChange'>) {
  const t = useT();
  return (
    <td className={layout.actions}>
      <IconButton small name={t('project.up', { name: row.name })} disabled={first} onClick={() => onMove(-1)}>
        <Icon name="up" />
      </IconButton>
      <IconButton small name={t('project.down', { name: row.name })} disabled={last} onClick={() => onMove(1)}>
        <Icon name="down" />
      </IconButton>
      <IconButton small name={t('project.remove', { name: row.name })} onClick={onRemove}>
        <Icon name="trash" />
      </IconButton>
    </td>
  );
}

function Row({ row, manage, onChange, ...rest }: RowProps) {
  const t = useT();
  return (
    <tr>
      <td className={css.colour}>
        <Input
          name={t('project.colour')}
          type="color"
          value={row.colour}
          disabled={!manage}
          onChange={(colour) => onChange({ colour })}
        />
      </td>
      <td>
        <Input
          name={t('project.structureName')}
          value={row.name}
          disabled={!manage}
          aria-invalid={!isStructureName(row.name)}
          maxLength={64}
          onChange={(name) => onChange({ name })}
        />
      </td>
      <td className={css.kind}>
        <Select
          name={t('project.kind')}
          value={row.kind}
          disabled={!manage}
          choices={KINDS.map((value) => ({ value, label: value }))}
          onChange={(value) => onChange({ kind: KINDS.find((kind) => kind === value) ?? 'ORGAN' })}
        />
      </td>
      <td className={css.centre}>
        <input
          type="checkbox"
          aria-label={t('project.requiredFor', { name: row.name })}
          checked={row.required}
          disabled={!manage}
          onChange={(event) => onChange({ required: event.target.checked })}
        />
      </td>
      {manage && <Actions row={row} {...rest} />}
    </tr>
  );
}

function useProblem(rows: readonly TemplateStructure[]): string | null {
  const t = useT();
  const names = rows.map(({ name }) => name);
  const wrong = names.find((name) => !isStructureName(name));
  if (wrong !== undefined) return t('project.badName', { name: wrong });
  const [twice] = doubled(names);
  return twice === undefined ? null : t('project.twice', { name: twice });
}

type EditorProps = { projectId: string; saved: readonly TemplateStructure[]; manage: boolean };

function Editor({ projectId, saved, manage }: EditorProps) {
  const t = useT();
  const client = useQueryClient();
  const [edited, setRows] = useState<readonly TemplateStructure[] | null>(null); // what the server says goes on coming in
  const rows = edited ?? saved;
  const problem = useProblem(rows);
  const save = useMutation({
    mutationFn: () => api.put<Template>(`/projects/${projectId}/template`, { structures: rows }),
    onSuccess: (stored) => {
      client.setQueryData(keys.template(projectId), stored);
      setRows(null);
      notify(t('common.saved'));
    },
  });
  const add = (): void =>
    setRows([...rows, { name: '', colour: seriesColour(rows.length), required: true, kind: 'ORGAN' }]);
  const changed = JSON.stringify(rows) !== JSON.stringify(saved);
  return (
    <>
      {rows.length === 0 && (
        <EmptyState title={t('project.noTemplate')}>
          <p>{t('project.noTemplateHint')}</p>
        </EmptyState>
      )}
      {rows.length > 0 && (
        <table className={`${layout.table} ${css.cells}`}>
          <TableHead
            columns={(['colour', 'structureName', 'kind', 'required'] as const).map((name) => t(`project.${name}`))}
            actions={manage}
          />
          <tbody>
            {rows.map((row, index) => (
              <Row
                key={index}
                row={row}
                manage={manage}
                first={index === 0}
                last={index === rows.length - 1}
                onChange={(part) => setRows(replaced(rows, index, part))}
                onMove={(by) => setRows(moved(rows, index, by))}
                onRemove={() => setRows(without(rows, index))}
              />
            ))}
          </tbody>
        </table>
      )}
      {save.error !== null && (
        <div className={css.problem}>
          <ErrorNote error={save.error} />
        </div>
      )}
      {manage && (
        <EditFoot
          add={t('project.addStructure')}
          onAdd={add}
          changed={changed}
          problem={problem}
          pending={save.isPending}
          onRevert={() => setRows(null)}
          onSave={() => save.mutate()}
        />
      )}
    </>
  );
}

/** The structures that the project wants, in order. */
export function TemplateSection({ projectId, manage }: { projectId: string; manage: boolean }) {
  const t = useT();
  const template = useQuery({
    queryKey: keys.template(projectId),
    queryFn: () => api.get<Template>(`/projects/${projectId}/template`),
  });
  return (
    <Section title={t('project.template')} note={t('project.templateNote')}>
      {template.isPending && <Loading />}
      {template.isError && <ErrorNote error={template.error} retry={() => void template.refetch()} />}
      {template.isSuccess && (
        <Editor projectId={projectId} saved={template.data.structures} manage={manage} />
      )}
    </Section>
  );
}
