import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import { all } from '../../api/pages';
import type { Cohort, CohortPatient, Page } from '../../api/types';

const PAGE = 200;

export const cohortPath = (projectId: string, cohortId: string): string => `/projects/${projectId}/cohorts/${cohortId}`;

export const useCohorts = (projectId: string) =>
  useQuery({ queryKey: keys.cohorts(projectId), queryFn: () => all<Cohort>(`/projects/${projectId}/cohorts`) });

export const useCohort = (projectId: string | undefined, id: string) =>
  useQuery({
    queryKey: keys.cohort(id),
    queryFn: () => api.get<Cohort>(cohortPath(projectId ?? '', id)),
    enabled: projectId !== undefined,
  });

/** The patients in their order, page after page. */
export const usePatients = (projectId: string, cohortId: string) =>
  useInfiniteQuery({
    queryKey: keys.cohortPatients(cohortId),
    queryFn: ({ pageParam }) =>
      api.get<Page<CohortPatient>>(`${cohortPath(projectId, cohortId)}/patients`, { query: { limit: PAGE, cursor: pageParam } }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor ?? null,
  });
