import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useParams, useSearchParams } from 'react-router';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import { isProblem } from '../../api/problem';
import type { Series, StructureSet, StudyDetail, Template, Volume } from '../../api/types';
import { useT } from '../../i18n';
import { DeadEnd } from '../../ui/dead-end';
import { ErrorNote, Loading } from '../../ui/feedback';
import { PageLayout } from '../../ui/layout';
import { inOrder } from './order';
import { ViewerPage } from './viewer-page';

export type ImageSeries = Series & { volume: Volume };

const MODALITIES = ['CT', 'MR', 'PT'];

/** The series that can be looked at, the likeliest first. */
export function imagesOf(study: StudyDetail): ImageSeries[] {
  const rank = (one: Series): number => (MODALITIES.indexOf(one.modality) + 10) % 10;
  return study.series
    .filter((one): one is ImageSeries => one.volume !== null && !one.derived && MODALITIES.includes(one.modality))
    .sort((a, b) => rank(a) - rank(b) || b.instance_count - a.instance_count);
}

/** A structure set in the order of the project's template; null until both are here. */
function useOrderedSet(setId: string | undefined, projectId: string | undefined): StructureSet | null {
  const { data: set } = useQuery({
    queryKey: keys.structureSet(setId ?? ''),
    queryFn: () => api.get<StructureSet>(`/structure-sets/${setId ?? ''}`),
    enabled: setId !== undefined,
  });
  const { data: template, isPending } = useQuery({
    queryKey: keys.template(projectId ?? ''),
    queryFn: () => api.get<Template>(`/projects/${projectId ?? ''}/template`),
    enabled: projectId !== undefined,
  });
  return useMemo(() => {
    if (set === undefined || isPending) return null;
    const wanted = template?.structures.map((one) => one.name) ?? [];
    return { ...set, structures: inOrder(set.structures, set.origin, wanted) };
  }, [set, template, isPending]);
}

/** `/studies/:studyId`: chooses the image and the structure set, then shows them. */
export function StudyPage() {
  const t = useT();
  const { studyId = '' } = useParams();
  const [query] = useSearchParams();
  const study = useQuery({ queryKey: keys.study(studyId), queryFn: () => api.get<StudyDetail>(`/studies/${studyId}`) });
  const images = study.data === undefined ? [] : imagesOf(study.data);
  const sets = study.data?.structure_sets ?? [];
  const wanted = query.get('set');
  const onImage = sets.filter((one) => query.get('series') === null || one.series_id === query.get('series'));
  const drawn = onImage.find((one) => one.origin === 'ai') ?? onImage[onImage.length - 1];
  const row = wanted === null ? drawn : sets.find((one) => one.id === wanted);
  const set = useOrderedSet(row?.id, study.data?.project_id);
  if (isProblem(study.error) && study.error.status === 404) {
    return <DeadEnd title={t('viewer.missing')} hint={t('viewer.missing.detail')} />;
  }
  if (study.error !== null) {
    return (
      <PageLayout title={t('viewer.page')}>
        <ErrorNote error={study.error} retry={() => void study.refetch()} />
      </PageLayout>
    );
  }
  if (study.data === undefined) return <Loading label={t('viewer.loading')} />;
  const image = images.find((one) => one.id === (row?.series_id ?? query.get('series'))) ?? images[0];
  if (image === undefined) {
    return <DeadEnd title={t('viewer.no-image')} hint={t('viewer.no-image.detail')} />;
  }
  return (
    <ViewerPage
      key={`${image.id} ${image.volume.digest}`}
      study={study.data}
      images={images}
      image={image}
      set={set}
      setId={row?.id ?? null}
    />
  );
}
