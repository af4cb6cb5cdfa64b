import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Expression, PlannedDose, Structure } from '../../api/types';
import { useT } from '../../i18n';
import { Button } from '../../ui/controls';
import { Dialog, DialogActions } from '../../ui/dialog';
import { Caution, ErrorNote } from '../../ui/feedback';
import { notify } from '../../ui/toast';
import { useScene } from '../../viewer/use-scene';
import { planOf, prescriptionOf } from '../dose/prescription';
import { NameField } from '../labels/name-field';
import { volumeText } from '../labels/structure-list';
import { ApprovalLost } from '../labels/withdraw';
import { recordOf, useLabels, useWorkspace } from '../labels/workspace';
import css from './derive.module.css';
import { formOf, MOST_MM, NEW_STEP, NO_OPERAND, readForm, sourcesOf, words, type Form, type NameOf } from './expression';
import { Lines } from './lines';
import { PreviewNote, usePreview } from './preview';
import { useSources } from './sources';

/** The prescription that the viewer shows with a dose, or that of its plan. */
function usePrescriptions(): (seriesId: string) => string {
  const { study } = useWorkspace();
  const doses = useQuery({
    queryKey: keys.doses(study.id),
    queryFn: () => api.get<{ items: PlannedDose[] }>(`/studies/${study.id}/doses`),
    enabled: study.series.some((one) => one.modality === 'RTDOSE'),
    staleTime: Infinity,
  });
  return (seriesId) => String(prescriptionOf(seriesId, planOf(doses.data?.items ?? [], seriesId)) ?? '');
}

/** What a person has to know before it is computed. */
function Cautions({ record, expression, nameOf }: { record: Structure | null; expression: Expression | null; nameOf: NameOf }) {
  const t = useT();
  const { session } = useWorkspace();
  const dirty = useLabels(session, (state) => state.dirty);
  const unsaved = [...new Set(expression === null ? [] : sourcesOf(expression))].filter((id) => dirty.has(id));
  return (
    <>
      {unsaved.length > 0 && <Caution>{t('derive.unsaved', { names: unsaved.map(nameOf).join(', ') })}</Caution>}
      {record?.derivation?.status === 'overridden' && <Caution>{t('derive.overridden.lost')}</Caution>}
      {record !== null && <ApprovalLost record={record} />}
    </>
  );
}

/** Asks the server for a new derived structure, or for another derivation of one. */
function useDerive(record: Structure | null, name: string, onClose: () => void) {
  const t = useT();
  const client = useQueryClient();
  const { session, scene } = useWorkspace();
  return useMutation({
    mutationFn: (expression: Expression) =>
      record === null
        ? api.post<Structure>(`/structure-sets/${session.setId}/derived-structures`, { name: name.trim(), expression })
        : api.put<Structure>(`/structures/${record.id}/derivation`, { expression }, { ifMatch: `"${record.head?.number ?? 0}"` }),
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: keys.structureSet(session.setId) });
      await client.invalidateQueries({ queryKey: keys.revisions(made.id) });
      scene.set({ activeId: made.id });
      notify(t('derive.made', { name: made.name, cc: volumeText(made.head?.volume_cc ?? 0) }));
      onClose();
    },
  });
}

/**
 * Derives a structure from others by margins, set algebra, distances and isodoses; `record` is one whose derivation is
 * changed. While its preview is looked at the dialog makes room for the views, which can be used.
 */
export function DeriveDialog({ record, onClose }: { record: Structure | null; onClose: () => void }) {
  const t = useT();
  const { set, scene } = useWorkspace();
  const activeId = useScene(scene, (state) => state.activeId);
  const [name, setName] = useState('');
  const [form, setForm] = useState<Form>(() => {
    if (record?.derivation !== null && record?.derivation !== undefined) return formOf(record.derivation.expression);
    const drawn = recordOf(set, activeId)?.head ?? null;
    return { first: { ...NO_OPERAND, source: drawn === null ? '' : `structure ${activeId ?? ''}` }, steps: [NEW_STEP] };
  });
  const { choices, nameOf } = useSources(record);
  const prescriptions = usePrescriptions();
  const derive = useDerive(record, name, onClose);
  const preview = usePreview(record, record?.name ?? name);
  const { shown } = preview;
  const expression = readForm(form);
  const ready = expression !== null && (record !== null || name.trim() !== '') && !derive.isPending;
  const title = record === null ? t('derive.title.new') : t('derive.title.edit', { name: record.name });
  return (
    <Dialog title={title} wide beside={shown !== null} onClose={onClose}>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) derive.mutate(expression);
        }}
      >
        {record === null && shown === null && <NameField name={name} onChange={setName} />}
        {shown === null && <Lines form={form} choices={choices} prescriptionOf={prescriptions} onChange={setForm} />}
        <p className={css.result} role="status" aria-label={t('derive.result')}>
          {expression === null ? <span>{t('derive.incomplete', { most: MOST_MM })}</span> : words(expression, nameOf, t)}
        </p>
        {shown !== null && <PreviewNote shown={shown} />}
        <Cautions record={record} expression={expression} nameOf={nameOf} />
        {derive.error !== null && <ErrorNote error={derive.error} />}
        {preview.error !== null && <ErrorNote error={preview.error} />}
        <DialogActions>
          {shown === null ? (
            <Button title={t('derive.preview.look')} disabled={expression === null || preview.pending} onClick={() => expression !== null && preview.look(expression)}>
              {t(preview.pending ? 'viewer.op.running' : 'derive.preview')}
            </Button>
          ) : (
            <Button onClick={preview.end}>{t('derive.preview.back')}</Button>
          )}
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button look="primary" type="submit" disabled={!ready} title={shown !== null && !ready ? t('derive.preview.nameless') : undefined}>
            {t(derive.isPending ? 'viewer.op.running' : record === null ? 'derive.create' : 'derive.change')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
