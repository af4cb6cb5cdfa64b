import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Detection, LesionCandidate, Page } from '../../api/types';
import { useT } from '../../i18n';
import { problemText } from '../../i18n/problems';
import type { FindingState } from '../../lib/findings';
import { notify } from '../../ui/toast';
import { isLive } from '../training/queries';

const LIVE_MS = 2000;

/** What detectors suspected in a study, newest first; asked again while one still looks. */
export const useDetections = (studyId: string) =>
  useQuery({
    queryKey: keys.detections(studyId),
    queryFn: () => api.get<Page<Detection>>(`/studies/${studyId}/detections`),
    select: (page) => page.items,
    refetchInterval: ({ state }) => (state.data?.items.some((one) => isLive(one.job)) === true ? LIVE_MS : false),
  });

/** Lets the detector look at a series. */
export function useSearch(studyId: string, seriesId: string) {
  const t = useT();
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api.post<Detection>(`/studies/${studyId}/detections`, { series_id: seriesId }),
    onError: (error) => notify(problemText(error, t), true),
    onSettled: () => client.invalidateQueries({ queryKey: keys.detections(studyId) }),
  });
}

const judged = (one: Detection, id: string, state: FindingState): Detection => ({
  ...one,
  candidates: one.candidates.map((candidate) => (candidate.id === id ? { ...candidate, state } : candidate)),
});

/** Says of a candidate what a reader thinks of it; shown at once, taken back where the server refuses it. */
export function useJudge(studyId: string) {
  const t = useT();
  const client = useQueryClient();
  const queryKey = keys.detections(studyId);
  return useMutation({
    mutationFn: ({ id, state }: { id: string; state: FindingState }) => api.patch<LesionCandidate>(`/candidates/${id}`, { state }),
    onMutate: async ({ id, state }) => {
      await client.cancelQueries({ queryKey });
      client.setQueryData<Page<Detection>>(queryKey, (page) => page && { ...page, items: page.items.map((one) => judged(one, id, state)) });
    },
    onError: (error) => notify(problemText(error, t), true),
    onSettled: () => client.invalidateQueries({ queryKey }),
  });
}
