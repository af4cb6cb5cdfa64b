/** What the panels of the viewer page share. */
import { createContext, useContext, useSyncExternalStore } from 'react';
import type { Structure, StructureSet, StudyDetail } from '../../api/types';
import type { PlaneName } from '../../lib/planes';
import type { Clicks } from '../../viewer/clicks';
import type { Editor } from '../../viewer/editor';
import type { PlaneView } from '../../viewer/plane-view';
import type { Scene } from '../../viewer/scene';
import type { Command } from './keymap';
import type { LabelSession, SessionState } from './label-session';

export type DialogName =
  'plan' | 'help' | 'history' | 'submit' | 'approve' | 'return' | 'new' | 'save' | 'withdraw' | 'export' | 'derive' | 'derivation';

export type Workspace = {
  readonly study: StudyDetail;
  readonly set: StructureSet | null;
  readonly seriesId: string;
  readonly scene: Scene;
  readonly editor: Editor;
  readonly clicks: Clicks;
  readonly session: LabelSession;
  readonly userId: string;
  readonly mayEdit: boolean;
  readonly mayReview: boolean;
  readonly mayExport: boolean;
  readonly views: Map<PlaneName, PlaneView>;
  readonly run: (command: Command) => void;
  readonly open: (dialog: DialogName | null) => void;
};

export const WorkspaceContext = createContext<Workspace | null>(null);

export function useWorkspace(): Workspace {
  const workspace = useContext(WorkspaceContext);
  if (workspace === null) throw new Error('useWorkspace outside the viewer page');
  return workspace;
}

/** A part of what the label session says. */
export const useLabels = <T>(session: LabelSession, pick: (state: SessionState) => T): T =>
  useSyncExternalStore(session.subscribe, () => pick(session.state));

const WITH_ITS_MAKER: ReadonlySet<Structure['state']> = new Set(['draft', 'returned']);

/**
 * The structure after this one, round the list, that waits for this person: a network's contour that nobody has
 * judged for who may edit, for who may review a submitted one that is not their own work.
 */
export function nextUnchecked(
  structures: readonly Structure[],
  activeId: string | null,
  { mayEdit, mayReview, userId }: Pick<Workspace, 'mayEdit' | 'mayReview' | 'userId'>,
): Structure | null {
  const after = structures.findIndex((one) => one.id === activeId) + 1;
  const round = [...structures.slice(after), ...structures.slice(0, after)];
  const owed = ({ state, involved }: Structure): boolean => state === 'submitted' && involved[userId] === undefined;
  const unchecked = ({ assessment, head, state }: Structure): boolean =>
    assessment === 'none' && WITH_ITS_MAKER.has(state) && head !== null && head.author === null && head.network_version !== null;
  return round.find((one) => (mayEdit && unchecked(one)) || (mayReview && owed(one))) ?? null;
}

/** The server's record of a structure. */
export const recordOf = (set: StructureSet | null, id: string | null): Structure | null =>
  set?.structures.find((one) => one.id === id) ?? null;
