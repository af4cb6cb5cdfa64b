import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Consensus, ConsensusResults, Page } from '../../api/types';
import { useT } from '../../i18n';
import { problemText } from '../../i18n/problems';
import { notify } from '../../ui/toast';

const LIVE_MS = 3000;

/** The consensus tasks of a study; asked again while one of them is computed. */
export const useTasks = (studyId: string) =>
  useQuery({
    queryKey: keys.consensus(studyId),
    queryFn: () => api.get<Page<Consensus>>(`/studies/${studyId}/consensus`),
    select: (page) => page.items,
    refetchInterval: ({ state }) => (state.data?.items.some((one) => one.state === 'closed') === true ? LIVE_MS : false),
  });

export const useResults = (task: Consensus) =>
  useQuery({
    queryKey: keys.consensusResults(task.id),
    queryFn: () => api.get<ConsensusResults>(`/consensus/${task.id}/results`),
    enabled: task.state === 'ready',
  });

/** An act on a task, after which task, results and contours are fetched again. */
export function useAct<T>(task: Pick<Consensus, 'id' | 'study_id' | 'set_id'>, act: (what: T) => Promise<unknown>) {
  const t = useT();
  const client = useQueryClient();
  return useMutation({
    mutationFn: act,
    onError: (error) => notify(problemText(error, t), true),
    onSettled: () =>
      Promise.all(
        [keys.consensus(task.study_id), keys.consensusResults(task.id), keys.structureSet(task.set_id), keys.study(task.study_id)].map(
          (queryKey) => client.invalidateQueries({ queryKey }),
        ),
      ),
  });
}
