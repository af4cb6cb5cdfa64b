/** The protocol that was chosen for a dose, and what the contours on the screen make of its objectives. */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Page, PlannedDose, Protocol } from '../../api/types';
import type { Dvh } from '../../lib/dvh';
import type { SceneState } from '../../viewer/scene';
import { useLabels, useWorkspace } from '../labels/workspace';
import type { DvhBook } from './dvh-book';
import { linesOf, neededOf, unjudged, type Line } from './objective-lines';
import { recalledProtocol, rememberProtocol } from './prescription';
import { useDoseKind } from './use-dose';

export type Objectives = {
  readonly protocols: readonly Protocol[];
  readonly protocol: Protocol | null;
  readonly failed: boolean;
  readonly lines: readonly Line[];
  /** What the dose is of; nothing is judged of one that is not of a whole plan. */
  readonly kind: PlannedDose | null;
  readonly choose: (id: string | null) => void;
};

/** `shown`: whether the score card is looked at, so that its histograms are worth counting. */
export function useObjectives(
  seriesId: string,
  book: DvhBook,
  counted: ReadonlyMap<string, Dvh>,
  structures: SceneState['structures'],
  shown: boolean,
): Objectives {
  const { set, session, study } = useWorkspace();
  const kind = useDoseKind(study, seriesId);
  const whole = kind?.is_whole_plan ?? false;
  const dirty = useLabels(session, (state) => state.dirty);
  const [id, setId] = useState(() => recalledProtocol(seriesId));
  const found = useQuery({
    queryKey: keys.protocols,
    queryFn: () => api.get<Page<Protocol>>('/dose/protocols'),
    enabled: shown,
    staleTime: Infinity,
  });
  const protocols = found.data?.items ?? [];
  const protocol = (shown && protocols.find((one) => one.id === id)) || null;
  const drawn = useMemo(() => ({ structures, records: set?.structures ?? [] }), [structures, set]);
  const wanted = useMemo(() => neededOf(protocol, drawn), [protocol, drawn]);
  useEffect(() => book.include(wanted.ids, wanted.unions), [book, wanted]);
  const lines = useMemo(() => {
    const judged = protocol === null ? [] : linesOf(protocol, drawn, counted, (structureId) => dirty.has(structureId));
    return whole ? judged : judged.map(unjudged);
  }, [protocol, drawn, counted, dirty, whole]);
  const choose = (chosen: string | null): void => {
    rememberProtocol(seriesId, chosen);
    setId(chosen);
  };
  return { protocols, protocol, failed: found.isError, lines, kind, choose };
}
