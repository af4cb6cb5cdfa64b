import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { address, api } from '../../api/client';
import { keys } from '../../api/keys';
import { all } from '../../api/pages';
import type { Analysis, AnalysisDetail, Cohort, CohortPatient, FeatureSet, FeatureSetDetail, JobState, OutcomeMap, Page, Prediction } from '../../api/types';

const LIVE_MS = 2000;
const PAGE = 200;

export const cohortPath = (projectId: string, cohortId: string): string => `/projects/${projectId}/cohorts/${cohortId}`;

/** Where a figure is, to be shown. */
export const figureAddress = (projectId: string, cohortId: string, analysisId: string, name: string): string =>
  address(`${cohortPath(projectId, cohortId)}/analyses/${analysisId}/figures/${name}`, { format: 'svg' });

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

/** Whether a job still waits or runs. */
export const isLive = ({ job }: { job: { state: JobState } }): boolean => job.state === 'queued' || job.state === 'running';

export const useFeatureSets = (projectId: string, cohortId: string) =>
  useQuery({
    queryKey: keys.featureSets(cohortId),
    queryFn: () => all<FeatureSet>(`${cohortPath(projectId, cohortId)}/feature-sets`),
    refetchInterval: ({ state }) => (state.data?.some(isLive) === true ? LIVE_MS : false),
  });

export const useFeatureSet = (projectId: string, cohortId: string, id: string) =>
  useQuery({
    queryKey: keys.featureSet(cohortId, id),
    queryFn: () => api.get<FeatureSetDetail>(`${cohortPath(projectId, cohortId)}/feature-sets/${id}`),
    refetchInterval: ({ state }) => (state.data !== undefined && isLive(state.data) ? LIVE_MS : false),
  });

export const useAnalyses = (projectId: string, cohortId: string) =>
  useQuery({
    queryKey: keys.analyses(cohortId),
    queryFn: () => all<Analysis>(`${cohortPath(projectId, cohortId)}/analyses`),
    refetchInterval: ({ state }) => (state.data?.some(isLive) === true ? LIVE_MS : false),
  });

export const useAnalysis = (projectId: string, cohortId: string, id: string) =>
  useQuery({
    queryKey: keys.analysis(cohortId, id),
    queryFn: () => api.get<AnalysisDetail>(`${cohortPath(projectId, cohortId)}/analyses/${id}`),
    refetchInterval: ({ state }) => (state.data !== undefined && isLive(state.data) ? LIVE_MS : false),
  });

/** What an analysis was asked of patients, newest first. */
export const usePredictions = (projectId: string, cohortId: string, id: string) =>
  useQuery({
    queryKey: keys.predictions(cohortId, id),
    queryFn: () => all<Prediction>(`${cohortPath(projectId, cohortId)}/analyses/${id}/predictions`),
    refetchInterval: ({ state }) => (state.data?.some(isLive) === true ? LIVE_MS : false),
  });

/** Whose maps there are, by a network. */
export const useMaps = (projectId: string, cohortId: string, id: string, enabled: boolean) =>
  useQuery({
    queryKey: keys.outcomeMaps(cohortId, id),
    queryFn: () => all<OutcomeMap>(`${cohortPath(projectId, cohortId)}/analyses/${id}/maps`),
    enabled,
  });
