import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Page, StudyRow } from '../../api/types';
import { sortStudies, type Filters, type Sort } from './filters';

const PAGE_SIZE = 100;

/**
 * Studies of a project in pages. An order of one's own needs all of them, so it fetches the rest.
 */
export function useWorklist(projectId: string, filters: Filters, sort: Sort | null) {
  const query = useInfiniteQuery({
    queryKey: keys.studies(projectId, filters),
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<StudyRow>>(`/projects/${projectId}/studies`, {
        query: { ...filters, limit: PAGE_SIZE, cursor: pageParam },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: (before, asked) => (asked?.queryKey[1] === projectId ? before : undefined),
  });
  const { hasNextPage, isFetchingNextPage, fetchNextPage, isError } = query;
  useEffect(() => {
    if (sort !== null && hasNextPage && !isFetchingNextPage && !isError) void fetchNextPage();
  }, [sort, hasNextPage, isFetchingNextPage, fetchNextPage, isError]);
  const studies = useMemo(
    () =>
      sortStudies(
        (query.data?.pages ?? []).flatMap((page) => page.items),
        sort,
      ),
    [query.data, sort],
  );
  return { query, studies };
}
