/** Which doses can be shown over an image, and the loading of the chosen one. */
import { useEffect } from 'react';
import { api } from '../../api/client';
import type { Series, StudyDetail, Volume as VolumeOf } from '../../api/types';
import { useT } from '../../i18n';
import { notify } from '../../ui/toast';
import { fieldOf, isDoseWanted, NO_DOSE } from '../../viewer/dose-view';
import type { Scene } from '../../viewer/scene';
import { useScene } from '../../viewer/use-scene';
import { Volume } from '../../viewer/volume';
import { recalledPrescription } from './prescription';

export type DoseSeries = Series & { volume: VolumeOf };

/** The doses in gray that share the image's frame of reference. */
export function dosesOf(study: Pick<StudyDetail, 'series'>, frameOfReference: string): DoseSeries[] {
  return study.series.filter(
    (one): one is DoseSeries =>
      one.modality === 'RTDOSE' && one.volume?.unit === 'Gy' && one.volume.frame_of_reference_uid === frameOfReference,
  );
}

async function load(scene: Scene, { id, volume }: DoseSeries, signal: AbortSignal): Promise<void> {
  const response = await api.stream(`/series/${id}/volume`, { query: { order: 'middle-out' }, signal });
  if (response.body === null) return;
  const loaded = new Volume(volume);
  await loaded.fill(response.body, () => undefined);
  if (!signal.aborted) scene.changeDose({ field: fieldOf(volume.digest, loaded, scene.volume.grid) });
}

/** Another distribution is shown, with the prescription that was typed for it. */
export const chooseDose = (scene: Scene, seriesId: string): void =>
  scene.changeDose({ seriesId, field: null, prescriptionGy: recalledPrescription(seriesId) });

/** Offers the study's doses to the scene and loads the chosen one as soon as anything of it is to be seen. */
export function useDose(scene: Scene, study: StudyDetail, image: { volume: VolumeOf }): void {
  const t = useT();
  const chosen = useScene(scene, (state) => state.dose.seriesId);
  const wanted = useScene(scene, (state) => isDoseWanted(state.dose));
  const doses = dosesOf(study, image.volume.frame_of_reference_uid);
  const series = doses.find((one) => one.id === chosen) ?? doses[0];
  const id = series?.id ?? null;
  const digest = series?.volume.digest ?? '';
  useEffect(() => {
    if (scene.state.dose.seriesId === id) return;
    if (id === null) scene.set({ dose: NO_DOSE });
    else chooseDose(scene, id);
  }, [scene, id]);
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
