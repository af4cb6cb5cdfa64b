import { useInfiniteQuery } from '@tanstack/react-query';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Page, StudyRow } from '../../api/types';
import { writeSort, type Filters, type Sort } from './filters';

const PAGE_SIZE = 100;

/** Studies of a project in pages, in the chosen order or as the server gives them (newest import first). */
export function useWorklist(projectId: string, filters: Filters, sort: Sort | null) {
  const asked = { ...filters, sort: writeSort(sort) };
  return useInfiniteQuery({
    queryKey: keys.studies(projectId, asked),
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<StudyRow>>(`/projects/${projectId}/studies`, {
        query: { ...asked, limit: PAGE_SIZE, cursor: pageParam },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: (before, query) => (query?.queryKey[1] === projectId ? before : undefined),
  });
}
