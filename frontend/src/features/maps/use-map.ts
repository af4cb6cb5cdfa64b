/** Which maps of analyses can be shown over an image, and the loading of the chosen one. */
import { queryOptions, useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { StructureSet, StudyDetail, StudyMap, Volume as VolumeOf } from '../../api/types';
import { useT } from '../../i18n';
import type { PlaneName } from '../../lib/planes';
import { caution, notify } from '../../ui/toast';
import { mapSampler, NO_MAP, peakOf } from '../../viewer/map-view';
import type { PlaneView } from '../../viewer/plane-view';
import type { Scene } from '../../viewer/scene';
import { useScene } from '../../viewer/use-scene';

export const studyMapsQuery = (studyId: string) =>
  queryOptions({ queryKey: keys.studyMaps(studyId), queryFn: () => api.get<{ items: StudyMap[] }>(`/studies/${studyId}/maps`) });

/** The name of a map among those of a study. */
export const mapKey = ({ analysis_id, kind }: Pick<StudyMap, 'analysis_id' | 'kind'>): string => `${analysis_id} ${kind}`;

/** The map that an address asks for (`analysis`, `map`; without `map` the analysis' first); null where it asks for none. */
export function askedMap(query: URLSearchParams, maps: readonly StudyMap[]): StudyMap | null | undefined {
  const [analysis, kind] = [query.get('analysis'), query.get('map')];
  if (analysis === null) return null;
  return maps.find((one) => one.analysis_id === analysis && (kind === null || one.kind === kind));
}

/** Maps that lie on an image, or on another one in its frame of reference. */
export function mapsOver(maps: readonly StudyMap[], series: StudyDetail['series'], imageId: string): StudyMap[] {
  const frameOf = (id: string): string | undefined => series.find((one) => one.id === id)?.volume?.frame_of_reference_uid;
  const frame = frameOf(imageId);
  return maps.filter((one) => one.series_id === imageId || (frame !== undefined && frame !== '' && frameOf(one.series_id) === frame));
}

/** Contours of the map's region that have a newer revision than the map was made from. */
export function changedSince({ revisions }: StudyMap, set: StructureSet | null): { structure: string; revision: number; head: number }[] {
  return revisions.flatMap(({ structure, structure_id, revision }) => {
    const head = set?.structures.find((one) => one.id === structure_id)?.head?.number ?? revision;
    return head > revision ? [{ structure, revision, head }] : [];
  });
}

/** The maps that can be shown over an image of a study; none before they are known. */
export function useMaps(study: StudyDetail, imageId: string): StudyMap[] {
  const { data } = useQuery(studyMapsQuery(study.id));
  return data === undefined ? [] : mapsOver(data.items, study.series, imageId);
}

/** Another map is shown. */
export const chooseMap = (scene: Scene, map: StudyMap): void =>
  scene.changeMap({ key: mapKey(map), range: { low: map.range[0], high: map.range[1] }, field: null });

async function voxelsOf(projectId: string, map: StudyMap, part: 'values' | 'significant', signal: AbortSignal): Promise<Float32Array> {
  const path = `/projects/${projectId}/cohorts/${map.cohort_id}/analyses/${map.analysis_id}/maps/${encodeURIComponent(map.patient_id)}`;
  const answer = await api.stream(path, { query: { kind: map.kind, part, grid: 'map' }, signal });
  return new Float32Array(await answer.arrayBuffer());
}

async function load(scene: Scene, projectId: string, map: StudyMap, signal: AbortSignal): Promise<boolean> {
  const [values, significant] = await Promise.all([
    voxelsOf(projectId, map, 'values', signal),
    map.significant ? voxelsOf(projectId, map, 'significant', signal) : null,
  ]);
  if (signal.aborted) return false;
  const image = scene.volume.grid;
  scene.changeMap({
    field: {
      key: mapKey(map),
      values: mapSampler(map.grid, values, image),
      significant: significant === null ? null : mapSampler(map.grid, significant, image),
    },
  });
  return true;
}

/** Every plane to where the map is largest. */
export function lookAtPeak(scene: Scene, views: ReadonlyMap<PlaneName, Pick<PlaneView, 'centre'>>): void {
  const { field } = scene.state.map;
  if (field === null) return;
  scene.lookAt(peakOf(field.values, scene.volume.grid));
  for (const view of views.values()) view.centre(null);
}

type Image = { id: string; volume: VolumeOf };

/** Offers the study's maps to the scene, shows the one that the address asks for, and loads the chosen one when it is to be seen. */
export function useMap(scene: Scene, study: StudyDetail, image: Image, query: URLSearchParams): void {
  const t = useT();
  const { data } = useQuery(studyMapsQuery(study.id));
  const [analysis, kind] = [query.get('analysis'), query.get('map')];
  const chosen = useScene(scene, (state) => state.map.key);
  const shown = useScene(scene, (state) => state.map.shown);
  const maps = data === undefined ? null : mapsOver(data.items, study.series, image.id);
  /** What of the address has been answered, and the map that it asked for until it has been looked at. */
  const answered = useRef<string | null>(null);
  const owed = useRef<string | null>(null);
  /** The maps that there were: what else is shown is not this list's to hide. */
  const offered = useRef<readonly string[]>([]);
  const names = maps?.map(mapKey).join();
  const map = maps?.find((one) => mapKey(one) === chosen) ?? null;
  useEffect(() => {
    if (maps === null) return;
    const address = `${analysis} ${kind}`;
    const asked = answered.current === address ? null : askedMap(query, maps);
    answered.current = address;
    if (asked === undefined) caution(t('map.missing'));
    const first = asked ?? maps[0];
    const { key } = scene.state.map;
    const gone = key !== null && offered.current.includes(key) && !maps.some((one) => mapKey(one) === key);
    offered.current = maps.map(mapKey);
    if (gone) scene.set({ map: NO_MAP });
    if (first !== undefined && (asked || gone || key === null)) chooseMap(scene, first);
    if (asked) {
      owed.current = mapKey(asked);
      scene.changeMap({ shown: true });
    }
    // oxlint-disable-next-line react/exhaustive-deps -- what is asked for, and which maps there are
  }, [scene, names, analysis, kind]);
  useEffect(() => {
    if (!shown || map === null || scene.state.map.field?.key === chosen) return undefined;
    const abort = new AbortController();
    const showPeak = (loaded: boolean): void => {
      if (loaded && owed.current === chosen) lookAtPeak(scene, new Map());
      if (loaded) owed.current = null;
    };
    load(scene, study.project_id, map, abort.signal).then(showPeak, () => {
      if (abort.signal.aborted) return;
      scene.changeMap({ shown: false });
      notify(t('map.failed'), true);
    });
    return () => abort.abort();
    // oxlint-disable-next-line react/exhaustive-deps -- a map never changes: its key says which it is
  }, [scene, shown, chosen, map === null, t]);
}
