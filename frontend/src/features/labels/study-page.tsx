import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useParams, useSearchParams } from 'react-router';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import { isProblem } from '../../api/problem';
import type { StructureSet, StudyMap, Template } from '../../api/types';
import { useT } from '../../i18n';
import { DeadEnd } from '../../ui/dead-end';
import { ErrorNote, Loading } from '../../ui/feedback';
import { PageLayout } from '../../ui/layout';
import { askedMap, studyMapsQuery } from '../maps/use-map';
import { shownOf, studyQuery } from './opening';
import { inOrder } from './order';
import { ViewerPage } from './viewer-page';

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

/** What an address asks for, on the image of its map unless it names a set or an image. */
function onImageOf(map: StudyMap | null | undefined, query: URLSearchParams): URLSearchParams {
  if (!map || query.has('set') || query.has('series')) return query;
  return new URLSearchParams({ ...Object.fromEntries(query), series: map.series_id });
}

/** `/studies/:studyId`: chooses the image and the structure set, then shows them. */
export function StudyPage() {
  const t = useT();
  const { studyId = '' } = useParams();
  const [query] = useSearchParams();
  const study = useQuery(studyQuery(studyId));
  const maps = useQuery({ ...studyMapsQuery(studyId), enabled: query.has('analysis') });
  const known = study.data !== undefined && (!query.has('analysis') || !maps.isPending);
  const shown = known && study.data !== undefined ? shownOf(study.data, onImageOf(askedMap(query, maps.data?.items ?? []), query)) : null;
  const set = useOrderedSet(shown?.set?.id, study.data?.project_id);
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
  if (study.data === undefined || shown === null) return <Loading label={t('viewer.loading')} />;
  const { images, image } = shown;
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
      setId={shown.set?.id ?? null}
      query={query}
    />
  );
}
