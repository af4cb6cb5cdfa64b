/** What the keys of a list of findings do; the number row goes on where the window's presets end. */
import type { Group } from '../labels/keymap';
import { nextOpen, stepped, type Finding, type FindingState } from '../../lib/findings';
import { toVoxel, type PlaneName } from '../../lib/planes';
import type { PlaneView } from '../../viewer/plane-view';
import type { Scene } from '../../viewer/scene';

export const FINDING_KEYS = { previous: '7', next: '8', accept: '9', dismiss: '0' } as const;
export type FindingCommand = keyof typeof FINDING_KEYS;

/** For the help sheet. */
export const FINDING_HELP: Group<FindingCommand> = {
  title: 'findings.keys',
  bindings: (['previous', 'next', 'accept', 'dismiss'] as const).map((command) => ({
    command,
    keys: [FINDING_KEYS[command]],
    label: `findings.${command}` as const,
  })),
};

/** Where findings are marked. */
export type Stage = { readonly scene: Scene; readonly views: ReadonlyMap<PlaneName, Pick<PlaneView, 'centre'>> };
/** Told what a person says of a finding; `open` takes it back. */
export type Judge = (id: string, state: FindingState) => void;

const COMMANDS = Object.entries(FINDING_KEYS) as [FindingCommand, string][];

/** What a pressed key asks of the list, or null. */
export function findingCommandOf({ key, ctrlKey, metaKey, altKey }: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>): FindingCommand | null {
  if (ctrlKey || metaKey || altKey) return null;
  return COMMANDS.find(([, bound]) => bound === key)?.[0] ?? null;
}

/** Selects a finding and brings it to the middle of all planes. */
export function showFinding({ scene, views }: Stage, { id, position_mm }: Finding): void {
  scene.set({ findings: { ...scene.state.findings, selectedId: id } });
  scene.lookAt(toVoxel(scene.volume.grid, position_mm));
  for (const view of views.values()) view.centre(null);
}

/** Tells what is said of a finding (said again: takes it back), and goes on to the next that nobody has judged. */
export function judgeFinding(stage: Stage, finding: Finding, state: FindingState, judge: Judge): void {
  const next = finding.state === state ? null : nextOpen(stage.scene.state.findings.items, finding.id);
  judge(finding.id, finding.state === state ? 'open' : state);
  if (next !== null) showFinding(stage, next);
}

/** Runs a command on the findings that the scene marks; without a judge there is nothing to accept. */
export function runFinding(command: FindingCommand, stage: Stage, judge: Judge | null): void {
  const { items, selectedId } = stage.scene.state.findings;
  if (command === 'next' || command === 'previous') {
    const next = stepped(items, selectedId, command === 'next' ? 1 : -1);
    if (next !== null) showFinding(stage, next);
    return;
  }
  const selected = items.find((one) => one.id === selectedId);
  if (selected !== undefined && judge !== null) judgeFinding(stage, selected, command === 'accept' ? 'accepted' : 'dismissed', judge);
}
