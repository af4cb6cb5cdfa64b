import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Page, StudyRow } from '../../api/types';
import { writeSort, type Filters, type Sort } from './filters';

const PAGE_SIZE = 100;

/** A list as it came, with the order that it has. */
type Shown = { studies: readonly StudyRow[]; sort: Sort | null; more: boolean; at: number };

/** Studies of a project in pages, in the chosen order or as the server gives them (newest import first). */
export function useWorklist(projectId: string, filters: Filters, sort: Sort | null) {
  const query = useStudies(projectId, filters, sort);
  const [shown, setShown] = useState<Shown | null>(null);
  const { data, dataUpdatedAt: at } = query;
  // The last list stays, under the order that it has, until another one is there: also when none comes.
  if (data !== undefined && shown?.at !== at) {
    const studies = data.pages.flatMap((page) => page.items);
    setShown({ studies, sort, more: query.hasNextPage, at });
  }
  return { query, shown };
}

function useStudies(projectId: string, filters: Filters, sort: Sort | null) {
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
  });
}
