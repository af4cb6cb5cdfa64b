/** What a structure can be derived from: structures of all sets on this image, and doses in its coordinates or brought to them. */
import { useQueries } from '@tanstack/react-query';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Structure, StructureSet, StudyDetail } from '../../api/types';
import { useT, type Translate } from '../../i18n';
import type { Choice } from '../../ui/controls';
import { registrationLabels } from '../dose/registration';
import { dosesOf, type DoseSeries } from '../dose/use-dose';
import { recordOf, useWorkspace } from '../labels/workspace';
import { dependsOn } from './followers';
import type { NameOf } from './expression';

/** A set that structures are chosen from; null is the label of the one on the screen. */
export type SourceSet = { readonly label: string | null; readonly structures: readonly Structure[] };

/** Ids of the other structure sets of a study that are drawn on the voxels of an image. */
export function otherSetsOn(study: Pick<StudyDetail, 'series' | 'structure_sets'>, seriesId: string, setId: string | null): string[] {
  const volumeOf = (id: string) => study.series.find((one) => one.id === id)?.volume ?? null;
  const image = volumeOf(seriesId);
  const alike = (id: string): boolean => {
    const volume = volumeOf(id);
    if (id === seriesId || image === null || volume === null) return id === seriesId;
    return volume.frame_of_reference_uid === image.frame_of_reference_uid && JSON.stringify(volume.grid) === JSON.stringify(image.grid);
  };
  return study.structure_sets.filter((one) => one.id !== setId && alike(one.series_id)).map((one) => one.id);
}

/** The set on the screen first, then the others on this image as they arrive. */
export function useSourceSets(): readonly SourceSet[] {
  const { study, set, seriesId } = useWorkspace();
  const others = useQueries({
    queries: otherSetsOn(study, seriesId, set?.id ?? null).map((id) => ({
      queryKey: keys.structureSet(id),
      queryFn: () => api.get<StructureSet>(`/structure-sets/${id}`),
    })),
  });
  return [{ label: null, structures: set?.structures ?? [] }, ...others.flatMap(({ data }) => (data === undefined ? [] : [data]))];
}

/** Names by structure id; of another set with its label, of one that is in no set any more as the derivation remembers it. */
export function namesOf(sets: readonly SourceSet[], record: Structure | null, t: Translate): NameOf {
  return (id) => {
    for (const { label, structures } of sets) {
      const found = structures.find((one) => one.id === id);
      if (found !== undefined) return label === null ? found.name : t('derive.operand.of', { name: found.name, set: label });
    }
    return record?.derivation?.sources.find((one) => one.structure_id === id)?.name ?? null;
  };
}

/** The choices of an operand: what holds a contour and is not derived from `record` itself, what it names already, and doses. */
export function choicesOf(sets: readonly SourceSet[], doses: readonly DoseSeries[], record: Structure | null, t: Translate): Choice[] {
  const all = sets.flatMap(({ structures }) => structures);
  const nameOf = namesOf(sets, record, t);
  const able = all.filter((one) => one.head !== null && (record === null || !dependsOn(all, one, record.id)));
  const gone = (record?.derivation?.sources ?? []).filter((one) => !all.some(({ id }) => id === one.structure_id));
  return [
    ...able.map((one) => ({ value: `structure ${one.id}`, label: nameOf(one.id) ?? one.name })),
    ...gone.map(({ structure_id, name, head }) => ({
      value: `structure ${structure_id}`,
      label: t(head === null ? 'derive.operand.deleted' : 'derive.operand.elsewhere', { name }),
    })),
    ...doses.map(({ id, number, description, registration }) => {
      const name = description || `RTDOSE ${number ?? ''}`.trim();
      const label = registration === null ? t('derive.operand.dose', { name }) : t('derive.operand.moved', { name, by: registrationLabels(registration) });
      return { value: `isodose ${id}`, label };
    }),
  ];
}

/** What an operand of this structure's derivation, or of a new one, can be; and how it is called. */
export function useSources(record: Structure | null): { choices: Choice[]; nameOf: NameOf } {
  const t = useT();
  const { study, seriesId } = useWorkspace();
  const sets = useSourceSets();
  const frame = study.series.find((one) => one.id === seriesId)?.volume?.frame_of_reference_uid ?? '';
  return { choices: choicesOf(sets, dosesOf(study, frame), record, t), nameOf: namesOf(sets, record, t) };
}

/** Names of structures by id, also of those of another set that a derivation names, without asking for that set. */
export function useNameOf(record: Structure | null): NameOf {
  const { set } = useWorkspace();
  return (id) => recordOf(set, id)?.name ?? record?.derivation?.sources.find((one) => one.structure_id === id)?.name ?? null;
}
