/** What every command of the keymap does. */
import { caution, notify } from '../../ui/toast';
import { PLANES } from '../../lib/planes';
import type { BitMask } from '../../lib/bits';
import type { ToolName } from '../../viewer/scene';
import { nextBrush } from '../../viewer/pointer';
import type { Translate } from '../../i18n';
import type { Command } from './keymap';
import { presetsFor } from './presets';
import { sayRefused } from './refusal';
import { nextUnchecked, type Workspace } from './workspace';

export type Actions = {
  readonly save: () => void;
  readonly accept: () => void;
  readonly approve: () => void;
  readonly sendBack: () => void;
  readonly operate: (operation: 'interpolate' | 'fill-holes' | 'remove-islands' | 'smooth' | 'grow' | 'shrink') => void;
};

const FILLED = 0.12;

/** Runs a command; pictures first, server work by `actions`. */
export function runCommand(command: Command, workspace: Omit<Workspace, 'run'>, actions: Actions, t: Translate): void {
  const { scene, editor, views, open } = workspace;
  const [group = '', name = ''] = command.split('.');
  if (group === 'tool') scene.set({ tool: name as ToolName });
  else if (command === 'smart.keep') workspace.clicks.keep();
  else if (command === 'smart.drop') workspace.clicks.drop();
  else if (group === 'brush') changeBrush(workspace, name);
  else if (group === 'slice') scrollBy(workspace, name);
  else if (command === 'structure.unchecked') goToUnchecked(workspace, t);
  else if (group === 'structure') changeStructure(workspace, name);
  else if (group === 'preset') choosePreset(workspace, Number(name));
  else if (group === 'op') actions.operate(name as Parameters<Actions['operate']>[0]);
  else if (command === 'undo' || command === 'redo') stepBack(editor, command, t);
  else if (command === 'save') actions.save();
  else if (command === 'accept') actions.accept();
  else if (command === 'approve') actions.approve();
  else if (command === 'return') actions.sendBack();
  else if (command === 'help' || command === 'history') open(command);
  else if (command === 'derive') deriveStructure(workspace, t);
  else if (command === 'contours') scene.set({ showContours: !scene.state.showContours });
  else if (command === 'crosshair') scene.set({ showCrosshair: !scene.state.showCrosshair });
  else if (command === 'fill') toggleFill(workspace);
  else if (command === 'map') toggleMap(workspace, t);
  else if (command === 'dose.plan') open('plan');
  else if (group === 'dose') toggleDose(workspace, name as 'wash' | 'lines' | 'dvh', t);
  else if (command === 'reset') for (const view of views.values()) view.reset();
  else if (command === 'layout') cycleLayout(workspace);
  else notify(t('viewer.nothing'), true);
}

type Part = Omit<Workspace, 'run'>;

function deriveStructure({ mayEdit, set, open }: Part, t: Translate): void {
  if (!mayEdit || set === null) sayRefused('read-only', t);
  else open('derive');
}

function stepBack(editor: Part['editor'], command: 'undo' | 'redo', t: Translate): void {
  const refusal = editor[command]();
  if (refusal !== null) sayRefused(refusal, t);
}

function changeBrush({ scene }: Part, name: string): void {
  const { brushMm, ball } = scene.state;
  if (name === 'ball') scene.set({ ball: !ball });
  else scene.set({ brushMm: nextBrush(brushMm, name === 'larger' ? 1 : -1) });
}

function scrollBy({ scene, views }: Part, name: string): void {
  const { layout } = scene.state;
  const hovered = PLANES.find((plane) => views.get(plane)?.hover !== null && views.get(plane)?.hover !== undefined);
  const plane = hovered ?? (layout === 'all' ? 'axial' : layout);
  scene.scroll(plane, (name.startsWith('next') ? 1 : -1) * (name.endsWith('10') ? 10 : 1));
}

/** Every view close up on what a mask holds. */
export function focus({ scene, views }: Pick<Part, 'scene' | 'views'>, mask: BitMask): void {
  const box = mask.tightBox();
  if (box === null) return;
  const [k, j, i] = box.high;
  scene.lookAtMiddle(mask);
  for (const view of views.values()) view.centre([k - box.low[0], j - box.low[1], i - box.low[2]]);
}

function goToUnchecked(part: Part, t: Translate): void {
  const { scene, set } = part;
  const id = nextUnchecked(set?.structures ?? [], scene.state.activeId, part)?.id;
  const shown = scene.state.structures.find((one) => one.id === id);
  if (shown === undefined) return notify(t('viewer.unchecked.none'));
  scene.set({ activeId: shown.id });
  focus(part, shown.mask);
}

function changeStructure({ scene, views }: Part, name: string): void {
  const { active } = scene;
  const { structures, activeId } = scene.state;
  if (name === 'next' || name === 'previous') {
    const at = structures.findIndex((one) => one.id === activeId);
    const next = structures[(at + (name === 'next' ? 1 : -1) + structures.length) % structures.length];
    if (next === undefined) return;
    scene.set({ activeId: next.id });
    scene.goTo(next.id);
    for (const view of views.values()) view.centre(null);
  } else if (active === null) return;
  else if (name === 'goto') focus({ scene, views }, active.mask);
  else if (name === 'visible') scene.changeStructure(active.id, { visible: !active.visible });
  else if (name === 'lock') scene.changeStructure(active.id, { locked: !active.locked });
  else {
    const alone = structures.every((one) => one.visible === (one.id === activeId));
    scene.set({ structures: structures.map((one) => ({ ...one, visible: alone || one.id === activeId })) });
  }
}

function choosePreset({ scene }: Part, number: number): void {
  const { unit, window } = scene.volume.description;
  const preset = presetsFor(unit, window)[number - 1];
  if (preset !== undefined) scene.set({ window: preset.window });
}

function toggleFill({ scene }: Part): void {
  const { structures } = scene.state;
  const opacity = structures.some((one) => one.opacity > 0) ? 0 : FILLED;
  scene.set({ structures: structures.map((one) => ({ ...one, opacity })) });
}

function toggleDose({ scene }: Part, shown: 'wash' | 'lines' | 'dvh', t: Translate): void {
  const { dose } = scene.state;
  if (dose.seriesId === null) caution(t('dose.none'));
  else scene.changeDose({ [shown]: !dose[shown] });
}

function toggleMap({ scene }: Part, t: Translate): void {
  const { map } = scene.state;
  if (map.key === null) caution(t('map.none'));
  else scene.changeMap({ shown: !map.shown });
}

function cycleLayout({ scene, views }: Part): void {
  const hovered = PLANES.find((plane) => views.get(plane)?.hover !== null && views.get(plane)?.hover !== undefined);
  scene.set({ layout: scene.state.layout === 'all' ? (hovered ?? 'axial') : 'all' });
}
