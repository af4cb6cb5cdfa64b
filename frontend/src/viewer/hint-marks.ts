/** What the smart tool was told: green and red points and scribbles, the box, and what is being drawn. */
import type { Triple } from '../lib/bits';
import { toScreen } from './camera';
import type { PlaneView } from './plane-view';
import type { Scene } from './scene';

const ADDS = '#3ddc84';
const TAKES = '#ff5252';
const BOX = '#ffd54a';
/** A hint that ends so few voxels from where it began is drawn as one point. */
const POINT_VOXELS = 4;
/** Slices over which a hint fades when it lies elsewhere. */
const FADES_OVER = 3;

export function drawHints(context: CanvasRenderingContext2D, view: PlaneView, scene: Scene): void {
  const { said, box } = scene.state.hints;
  for (const { voxels, add } of said) drawHint(context, view, voxels, add ? ADDS : TAKES);
  if (box !== null && box.low[view.plane.across] <= view.slice && view.slice < box.high[view.plane.across]) {
    const { columns, rows } = view.plane;
    drawBox(context, view, [box.low[columns] - 0.5, box.low[rows] - 0.5], [box.high[columns] - 0.5, box.high[rows] - 0.5]);
  }
  const [first, ...others] = view.sketch;
  const last = others.at(-1);
  if (first === undefined || view.sketched === 'edge') return;
  if (view.sketched === 'box') return last === undefined ? undefined : drawBox(context, view, first, last);
  context.beginPath();
  for (const point of view.sketch) context.lineTo(...(toScreen(view.frame.transform, point) as [number, number]));
  context.strokeStyle = view.sketchCuts ? TAKES : ADDS;
  context.lineWidth = 3;
  context.lineCap = 'round';
  context.stroke();
}

function drawHint(context: CanvasRenderingContext2D, view: PlaneView, voxels: readonly Triple[], colour: string): void {
  const { across, columns, rows } = view.plane;
  const middle = voxels[voxels.length >> 1];
  if (middle === undefined) return;
  const { transform } = view.frame;
  const [first, last] = [voxels[0] ?? middle, voxels.at(-1) ?? middle];
  const small = first.every((value, axis) => Math.abs(value - (last[axis] ?? value)) <= POINT_VOXELS) && voxels.length <= POINT_VOXELS ** 2;
  if (small) {
    const away = Math.abs(middle[across] - view.slice);
    if (away > FADES_OVER) return;
    const [x, y] = toScreen(transform, [middle[columns], middle[rows]]);
    context.globalAlpha = 1 - away / (FADES_OVER + 1);
    context.beginPath();
    context.arc(x, y, 5, 0, 2 * Math.PI);
    context.fillStyle = colour;
    context.fill();
    context.lineWidth = 1.5;
    context.strokeStyle = '#000000c0';
    context.stroke();
    context.globalAlpha = 1;
    return;
  }
  context.fillStyle = colour;
  context.globalAlpha = 0.55;
  const [width, height] = [Math.abs(transform.a), Math.abs(transform.d)];
  for (const voxel of voxels) {
    if (voxel[across] !== view.slice) continue;
    const [x, y] = toScreen(transform, [voxel[columns], voxel[rows]]);
    context.fillRect(x - width / 2, y - height / 2, width, height);
  }
  context.globalAlpha = 1;
}

function drawBox(context: CanvasRenderingContext2D, view: PlaneView, from: readonly [number, number], to: readonly [number, number]): void {
  const [x0, y0] = toScreen(view.frame.transform, from);
  const [x1, y1] = toScreen(view.frame.transform, to);
  context.setLineDash([6, 4]);
  context.lineWidth = 1.5;
  context.strokeStyle = BOX;
  context.strokeRect(Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0));
  context.setLineDash([]);
}
