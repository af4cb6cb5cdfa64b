/** What the keys of a list of findings do; the number row goes on where the window's presets end. */
import type { Group } from '../labels/keymap';
import { nextOpen, stepped, type Finding, type FindingState } from '../../lib/findings';
import { toVoxel, type PlaneName } from '../../lib/planes';
import type { PlaneView } from '../../viewer/plane-view';
import { NO_FINDINGS, type Scene } from '../../viewer/scene';

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

type Pressed = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>;

/** What a pressed key asks of the list, or null. */
export function findingCommandOf({ key, ctrlKey, metaKey, altKey }: Pressed): FindingCommand | null {
  if (ctrlKey || metaKey || altKey) return null;
  return COMMANDS.find(([, bound]) => bound === key)?.[0] ?? null;
}

/** Marks a list, or what it has become (`before`: as it was last marked); another list's marks stay. */
export function markFindings(scene: Scene, before: readonly Finding[] | null, items: readonly Finding[], scoreText: (score: number) => string): void {
  const { findings } = scene.state;
  if (before !== null && findings !== NO_FINDINGS && findings.items !== before) return;
  const selectedId = items.some((one) => one.id === findings.selectedId) ? findings.selectedId : null;
  scene.set({ findings: { items, selectedId, scoreText } });
}

/** Takes a list's marks away; another list's stay. */
export function unmarkFindings(scene: Scene, items: readonly Finding[] | null): void {
  if (scene.state.findings.items === items) scene.set({ findings: NO_FINDINGS });
}

/** Runs what a key asks of a list, if it is this list that is marked; tells whether it was for it. */
export function pressFinding(event: Pressed, stage: Stage, items: readonly Finding[], judge: Judge | null): boolean {
  const command = findingCommandOf(event);
  if (command === null || stage.scene.state.findings.items !== items) return false;
  runFinding(command, stage, judge);
  return true;
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
