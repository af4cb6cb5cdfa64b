/** Which doses can be shown over an image, and the loading of the chosen one. */
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { PlannedDose, Registration, Series, StudyDetail, Volume as VolumeOf } from '../../api/types';
import { voxels } from '../../api/voxels';
import { useT, type Translate } from '../../i18n';
import { notify } from '../../ui/toast';
import { fieldOf, isDoseWanted, NO_DOSE } from '../../viewer/dose-view';
import type { Scene } from '../../viewer/scene';
import { useScene } from '../../viewer/use-scene';
import { Volume } from '../../viewer/volume';
import { keyOf } from '../labels/keymap';
import { planOf, prescriptionOf, type Plan } from './prescription';
import { registrationKey } from './registration';

export type DoseSeries = Pick<Series, 'id' | 'modality' | 'number' | 'description'> & {
  readonly volume: VolumeOf;
  /** What brought it to the image's frame of reference; null where it is in it. */
  readonly registration: Registration | null;
};

/** The doses in gray in the image's frame of reference, and those that a registration brings to it. */
export function dosesOf(study: Pick<StudyDetail, 'series' | 'registered_doses'>, frameOfReference: string): DoseSeries[] {
  const seen = ({ volume }: DoseSeries): boolean => volume.unit === 'Gy' && volume.frame_of_reference_uid === frameOfReference;
  const own = study.series.flatMap((one) =>
    one.modality === 'RTDOSE' && one.volume !== null ? [{ ...one, volume: one.volume, registration: null }] : [],
  );
  const brought = study.registered_doses.map(({ series_id: id, volume, registration, ...one }) => ({
    ...one,
    id,
    registration,
    // its voxels lie elsewhere by each registration
    volume: { ...volume, digest: `${volume.digest} ${registrationKey(registration)}` },
  }));
  return [...own, ...brought].filter(seen);
}

async function load(scene: Scene, { id, volume }: DoseSeries, signal: AbortSignal): Promise<void> {
  const response = await voxels(id, signal);
  if (response.body === null) return;
  const loaded = new Volume(volume);
  await loaded.fill(response.body, () => undefined);
  if (!signal.aborted) scene.changeDose({ field: fieldOf(volume.digest, loaded, scene.volume.grid) });
}

export type ShownDose = DoseSeries & {
  /** What is known of it without its voxels; null where that cannot be told. */
  readonly kind: PlannedDose | null;
};

/** Doses as they are offered: of the image's own frame before those that were moved, else as `known` puts them. */
export function inOrder(doses: readonly DoseSeries[], known: readonly PlannedDose[]): ShownDose[] {
  const place = new Map(known.map((kind, n) => [kind.series_id, { kind, n }]));
  const rank = ({ id, registration }: DoseSeries): number => (registration === null ? 0 : known.length + 1) + (place.get(id)?.n ?? known.length);
  return doses.toSorted((a, b) => rank(a) - rank(b)).map((one) => ({ ...one, kind: place.get(one.id)?.kind ?? null }));
}

/** What a study's doses are of, those that registrations bring to it among them; null while that is asked. */
function useKinds({ id, series, registered_doses: brought }: StudyDetail): readonly PlannedDose[] | null {
  const any = brought.length > 0 || series.some(({ modality }) => modality === 'RTDOSE');
  const doses = useQuery({
    queryKey: keys.doses(id),
    queryFn: () => api.get<{ items: PlannedDose[] }>(`/studies/${id}/doses`),
    enabled: any,
    staleTime: Infinity,
  });
  return any && doses.isPending ? null : (doses.data?.items ?? []);
}

/** The doses that can be shown over an image, the one to begin with first; none before it is known what they are of. */
export function useDoses(study: StudyDetail, frameOfReference: string | undefined): ShownDose[] {
  const kinds = useKinds(study);
  return kinds === null || frameOfReference === undefined ? [] : inOrder(dosesOf(study, frameOfReference), kinds);
}

/** What a dose is of; null while that is not known. */
export const useDoseKind = (study: StudyDetail, seriesId: string | null): PlannedDose | null =>
  useKinds(study)?.find((one) => one.series_id === seriesId) ?? null;

/** The plan whose dose this is, with its prescription; null while that is not known. */
export const usePlan = (study: StudyDetail, seriesId: string | null): Plan | null => planOf(useKinds(study) ?? [], seriesId);

/** Whether there is a treatment plan to show: of the study, or of a dose that was brought to it. */
export const useHasPlan = (study: StudyDetail): boolean =>
  (useKinds(study) ?? []).some((one) => one.plan_label !== null) || study.series.some(({ modality }) => modality === 'RTPLAN');

/** What the buttons that show it say, with their key. */
export const planHint = (t: Translate): string => `${t('dose.key.plan')} (${keyOf('dose.plan')})`;

/** Another distribution is shown. */
export const chooseDose = (scene: Scene, seriesId: string): void => scene.changeDose({ seriesId, field: null, prescriptionGy: null });

/** Offers the study's doses to the scene and loads the chosen one as soon as anything of it is to be seen. */
export function useDose(scene: Scene, study: StudyDetail, image: { volume: VolumeOf }): void {
  const t = useT();
  const chosen = useScene(scene, (state) => state.dose.seriesId);
  const wanted = useScene(scene, (state) => isDoseWanted(state.dose));
  const doses = useDoses(study, image.volume.frame_of_reference_uid);
  const series = doses.find((one) => one.id === chosen) ?? doses[0];
  const id = series?.id ?? null;
  const digest = series?.volume.digest ?? '';
  const plan = usePlan(study, id);
  useEffect(() => {
    if (scene.state.dose.seriesId === id) return;
    if (id === null) scene.set({ dose: NO_DOSE });
    else chooseDose(scene, id);
  }, [scene, id]);
  useEffect(() => {
    if (id !== null) scene.changeDose({ prescriptionGy: prescriptionOf(id, plan) });
    // oxlint-disable-next-line react/exhaustive-deps -- of the plan only its dose matters here
  }, [scene, id, plan?.gy]);
  useEffect(() => {
    if (!wanted || series === undefined || scene.state.dose.field?.digest === digest) return undefined;
    const abort = new AbortController();
    load(scene, series, abort.signal).catch(() => {
      if (abort.signal.aborted) return;
      scene.changeDose({ wash: false, lines: false, dvh: false });
      notify(t('dose.failed'), true);
    });
    return () => abort.abort();
    // oxlint-disable-next-line react/exhaustive-deps -- a refetched study is the same dose while its digest is
  }, [scene, wanted, id, digest, t]);
}
