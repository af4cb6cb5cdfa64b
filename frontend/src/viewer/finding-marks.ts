/** Rings around point findings, with their scores. */
import { nearness, type FindingState } from '../lib/findings';
import { toVoxel } from '../lib/planes';
import { toScreen } from './camera';
import type { PlaneView } from './plane-view';
import type { Scene } from './scene';

const RADIUS = 11;
const SELECTED_RADIUS = 14;
const LINE = 1.6;
const SELECTED_LINE = 2.6;
const HALO = '#000000b0';
/** Apart from the crosshair's and from most structures' colours; accepted and dismissed are told by form too. */
export const FINDING_COLOURS: Record<FindingState, string> = { open: '#ffd54a', accepted: '#5ee08a', dismissed: '#aab4be' };

export function drawFindings(context: CanvasRenderingContext2D, view: PlaneView, scene: Scene): void {
  const { items, selectedId, scoreText } = scene.state.findings;
  const { grid } = scene.volume;
  const { across, columns, rows } = view.plane;
  for (const one of items) {
    const voxel = toVoxel(grid, one.position_mm);
    const sliceMm = view.acrossMm;
    const clear = nearness(Math.abs(voxel[across] - view.slice) * sliceMm, sliceMm);
    if (clear === 0) continue;
    const [x, y] = toScreen(view.frame.transform, [voxel[columns], voxel[rows]]);
    const selected = one.id === selectedId;
    context.globalAlpha = clear;
    drawRing(context, [x, y], one.state, selected);
    if (one.score !== null && clear === 1) drawScore(context, [x, y], scoreText(one.score), one.state);
  }
  context.globalAlpha = 1;
}

function drawRing(context: CanvasRenderingContext2D, [x, y]: readonly [number, number], state: FindingState, selected: boolean): void {
  const width = selected ? SELECTED_LINE : LINE;
  const radius = selected ? SELECTED_RADIUS : RADIUS;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  if (state === 'dismissed') {
    context.moveTo(x - radius * Math.SQRT1_2, y + radius * Math.SQRT1_2);
    context.lineTo(x + radius * Math.SQRT1_2, y - radius * Math.SQRT1_2);
  }
  context.strokeStyle = HALO;
  context.lineWidth = width + 2;
  context.stroke();
  context.setLineDash(state === 'dismissed' ? [4, 3] : []);
  context.strokeStyle = FINDING_COLOURS[state];
  context.lineWidth = width;
  context.stroke();
  context.setLineDash([]);
}

function drawScore(context: CanvasRenderingContext2D, [x, y]: readonly [number, number], text: string, state: FindingState): void {
  context.font = '600 12px sans-serif';
  context.textBaseline = 'bottom';
  context.lineWidth = 3;
  context.strokeStyle = HALO;
  context.fillStyle = FINDING_COLOURS[state];
  const [left, bottom] = [x + RADIUS, y - RADIUS + 2];
  context.strokeText(text, left, bottom);
  context.fillText(text, left, bottom);
}
