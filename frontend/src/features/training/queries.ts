import { useQuery } from '@tanstack/react-query';
import { keys } from '../../api/keys';
import { all } from '../../api/pages';
import type { ArchitectureComparison, Deployment, JobState, Member, Network, NetworkVersion, Run, Snapshot } from '../../api/types';

const LIVE_MS = 4000;

export const useNetworks = () => useQuery({ queryKey: keys.networks, queryFn: () => all<Network>('/networks') });

export const useSnapshots = (projectId: string) =>
  useQuery({
    queryKey: keys.snapshots(projectId),
    queryFn: () => all<Snapshot>(`/projects/${projectId}/snapshots`),
  });

/** Whether a job still waits or runs. */
export const isLive = ({ state }: { state: JobState }): boolean => state === 'queued' || state === 'running';

export const useRuns = (projectId: string) =>
  useQuery({
    queryKey: keys.runs(projectId),
    queryFn: () => all<Run>(`/projects/${projectId}/runs`),
    refetchInterval: (query) => (query.state.data?.some(isLive) === true ? LIVE_MS : false),
  });

export const useComparisons = (projectId: string) =>
  useQuery({
    queryKey: keys.comparisons(projectId),
    queryFn: () => all<ArchitectureComparison>(`/projects/${projectId}/comparisons`),
    refetchInterval: (query) => (query.state.data?.some(isLive) === true ? LIVE_MS : false),
  });

export const useDeployments = (projectId: string) =>
  useQuery({
    queryKey: keys.deployments(projectId),
    queryFn: () => all<Deployment>(`/projects/${projectId}/deployments`),
  });

/** Display names of members by user id. */
export function useMemberNames(projectId: string): (id: string | null) => string {
  const members = useQuery({
    queryKey: keys.members(projectId),
    queryFn: () => all<Member>(`/projects/${projectId}/members`),
  });
  const names = new Map(members.data?.map(({ user }) => [user.id, user.display_name]));
  return (id) => (id === null ? '–' : (names.get(id) ?? '–'));
}

/** The version that draws now: the promoted one, else the newest shipped. */
export function versionInUse(network: Network, deployments: readonly Deployment[]): NetworkVersion | undefined {
  const active = deployments.find((deployment) => deployment.active && deployment.network === network.name);
  if (active !== undefined) return network.versions.find(({ id }) => id === active.version.id);
  return network.versions
    .filter(({ origin }) => origin === 'shipped')
    .reduce<NetworkVersion | undefined>((newest, one) => (one.version > (newest?.version ?? -1) ? one : newest), undefined);
}

/** Who signed a version off for this project; undefined when nobody did. */
export const signatureIn = (version: NetworkVersion, projectId: string) =>
  version.signatures.find(({ project_id }) => project_id === projectId);

export const versionName = ({ name, version }: { name: string; version: number }): string => `${name} v${version}`;

/** The networks whose versions learn from corrections: of ours, those that read CT. */
export const learners = (networks: readonly Network[]): Network[] =>
  networks
    .map((network) => ({
      ...network,
      versions: network.versions.filter(({ modality, origin }) => modality === 'CT' && origin !== 'imported'),
    }))
    .filter(({ versions }) => versions.length > 0);
