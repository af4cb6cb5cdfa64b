/**
 * What a study opens with: its images, the one that is shown and the structure set on it. A worklist says when the
 * pointer goes down on a study, some 100 ms before that is a click: the study and the voxels are then under way while
 * the page is built.
 */
import { queryOptions, type QueryClient } from '@tanstack/react-query';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Series, StructureSetRow, StudyDetail, Volume } from '../../api/types';
import { askAhead } from '../../api/voxels';
import { setToOpen } from './opening-set';

export type ImageSeries = Series & { volume: Volume };
export type Shown = { images: ImageSeries[]; image: ImageSeries | undefined; set: StructureSetRow | undefined };

const MODALITIES = ['CT', 'MR', 'PT'];

/** The series that can be looked at, the likeliest first. */
export function imagesOf(study: Pick<StudyDetail, 'series'>): ImageSeries[] {
  const rank = (one: Series): number => (MODALITIES.indexOf(one.modality) + 10) % 10;
  return study.series
    .filter((one): one is ImageSeries => one.volume !== null && !one.derived && MODALITIES.includes(one.modality))
    .sort((a, b) => rank(a) - rank(b) || b.instance_count - a.instance_count);
}

/** The image and the structure set that an address asks for (`set`, `series`), or the likeliest. */
export function shownOf(study: StudyDetail, asked: URLSearchParams): Shown {
  const [images, sets] = [imagesOf(study), study.structure_sets];
  const [wanted, series] = [asked.get('set'), asked.get('series')];
  const onImage = sets.filter((one) => series === null || one.series_id === series);
  const set = wanted === null ? setToOpen(onImage) : sets.find((one) => one.id === wanted);
  const image = images.find((one) => one.id === (set?.series_id ?? series)) ?? images[0];
  return { images, image, set };
}

export const studyQuery = (studyId: string) =>
  queryOptions({ queryKey: keys.study(studyId), queryFn: () => api.get<StudyDetail>(`/studies/${studyId}`) });

/** Asks for what the page of a study shows first. A failure is the page's to tell, which asks again. */
export function approach(client: QueryClient, studyId: string): void {
  const show = (study: StudyDetail): void => {
    const { image } = shownOf(study, new URLSearchParams());
    if (image !== undefined) askAhead(image.id);
  };
  client.ensureQueryData(studyQuery(studyId)).then(show, () => undefined);
}
