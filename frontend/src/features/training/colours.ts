/** Colours of structures in charts: the project's own where it has one, else a fixed row of distinct ones. */
import { useQuery } from '@tanstack/react-query';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Template } from '../../api/types';

export const SERIES_COLOURS = ['#4fc3f7', '#ffb74d', '#81c784', '#ba68c8', '#f06292', '#fff59d', '#4db6ac', '#ff8a65'] as const;

/** A colour for the n-th thing of a chart. */
export const seriesColour = (index: number): string => SERIES_COLOURS[index % SERIES_COLOURS.length] ?? '#4fc3f7';

export function useStructureColours(projectId: string): (name: string, index: number) => string {
  const template = useQuery({
    queryKey: keys.template(projectId),
    queryFn: () => api.get<Template>(`/projects/${projectId}/template`),
  });
  const known = new Map(template.data?.structures.map(({ name, colour }) => [name, colour]));
  return (name, index) => known.get(name) ?? seriesColour(index);
}
