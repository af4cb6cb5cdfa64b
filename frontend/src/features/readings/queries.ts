import { useQuery } from '@tanstack/react-query';
import { address, api } from '../../api/client';
import { all } from '../../api/pages';
import type { Member, MyReadings, ReaderAnalysis, ReaderDesign, ReaderStudy, StudyRow } from '../../api/types';
import { told } from './keeping';

const LIVE_MS = 2000;

export const studiesPath = (projectId: string): string => `/projects/${projectId}/reader-studies`;
export const studyPath = (projectId: string, id: string): string => `${studiesPath(projectId)}/${id}`;

export const readingKeys = {
  studies: (projectId: string) => ['reader-studies', projectId] as const,
  study: (id: string) => ['reader-study', id] as const,
  design: (id: string) => ['reader-study', id, 'design'] as const,
  mine: (id: string) => ['reader-study', id, 'mine'] as const,
  analyses: (id: string) => ['reader-study', id, 'analyses'] as const,
  analysis: (id: string, analysisId: string) => ['reader-study', id, 'analyses', analysisId] as const,
};

export const useReaderStudies = (projectId: string) =>
  useQuery({ queryKey: readingKeys.studies(projectId), queryFn: () => all<ReaderStudy>(studiesPath(projectId)) });

export const useReaderStudy = (projectId: string | undefined, id: string) =>
  useQuery({
    queryKey: readingKeys.study(id),
    queryFn: () => api.get<ReaderStudy>(studyPath(projectId ?? '', id)),
    enabled: projectId !== undefined,
  });

export const useDesign = (projectId: string, id: string) =>
  useQuery({ queryKey: readingKeys.design(id), queryFn: () => api.get<ReaderDesign>(`${studyPath(projectId, id)}/design`) });

/** Forgotten when the page is left: a reading that goes on begins with what the server has. */
export const useMine = (projectId: string, id: string) =>
  useQuery({
    queryKey: readingKeys.mine(id),
    queryFn: () => told().then(() => api.get<MyReadings>(`${studyPath(projectId, id)}/mine`)),
    staleTime: 0,
    gcTime: 0,
  });

export const useMembers = (projectId: string) =>
  useQuery({ queryKey: ['members', projectId, 'readers'], queryFn: () => all<Member>(`/projects/${projectId}/members`) });

export const useProjectStudies = (projectId: string) =>
  useQuery({ queryKey: ['studies', projectId, 'readers'], queryFn: () => all<StudyRow>(`/projects/${projectId}/studies`) });

export const isLive = ({ job }: ReaderAnalysis): boolean => job.state === 'queued' || job.state === 'running';

export const useReaderAnalyses = (projectId: string, id: string) =>
  useQuery({
    queryKey: readingKeys.analyses(id),
    queryFn: () => all<ReaderAnalysis>(`${studyPath(projectId, id)}/analyses`),
    refetchInterval: ({ state }) => (state.data?.some(isLive) === true ? LIVE_MS : false),
  });

export const useReaderAnalysis = (projectId: string, id: string, analysisId: string, live: boolean) =>
  useQuery({
    queryKey: [...readingKeys.analysis(id, analysisId), live],
    queryFn: () => api.get<ReaderAnalysis>(`${studyPath(projectId, id)}/analyses/${analysisId}`),
  });

export const figureOf = (projectId: string, id: string, analysisId: string, name: string, format: 'svg' | 'pdf'): string =>
  address(`${studyPath(projectId, id)}/analyses/${analysisId}/figures/${name}`, { format });

export const tableOf = (projectId: string, id: string, analysisId: string, name: string): string =>
  address(`${studyPath(projectId, id)}/analyses/${analysisId}/tables/${name}`);
