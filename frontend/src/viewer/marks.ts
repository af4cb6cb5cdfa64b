/** Crosshair, scale bar, findings, brush circle and the line being drawn. */
import { colour } from '../ui/tokens';
import { toScreen } from './camera';
import type { PlaneView } from './plane-view';
import { drawFindings } from './finding-marks';
import { drawHints } from './hint-marks';
import { drawScaleBar } from './scale-bar';
import { BRUSH_TOOLS, type Scene } from './scene';

const GAP = 14;
const CROSS_LINE = { axial: '#e8b04b', sagittal: '#6fb3e8', coronal: '#8fd18a' } as const;
/** Each line has the colour of the plane whose slice it marks. */
export const planeColour = CROSS_LINE;

export function drawMarks(context: CanvasRenderingContext2D, view: PlaneView, scene: Scene): void {
  const { ratio, size, transform } = view.frame;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  if (scene.state.showCrosshair) drawCrosshair(context, view, scene);
  drawScaleBar(context, size, Math.abs(transform.a) / view.spacing[0]);
  drawFindings(context, view, scene);
  drawHints(context, view, scene);
  if (view.sketch.length > 1 && view.sketched === 'edge') drawSketch(context, view, scene);
  else if (view.hover !== null && BRUSH_TOOLS.has(scene.state.tool)) drawBrush(context, view, scene);
}

function drawCrosshair(context: CanvasRenderingContext2D, view: PlaneView, scene: Scene): void {
  const { size, transform } = view.frame;
  const at = scene.state.crosshair;
  const [x, y] = toScreen(transform, [at[view.plane.columns], at[view.plane.rows]]).map((v) => Math.round(v) + 0.5);
  if (x === undefined || y === undefined) return;
  const others = Object.values(scene.planes).filter((plane) => plane.name !== view.plane.name);
  context.lineWidth = 1;
  context.globalAlpha = 0.55;
  for (const plane of others) {
    context.strokeStyle = CROSS_LINE[plane.name];
    context.beginPath();
    if (plane.across === view.plane.columns) lines(context, [x, 0, x, y - GAP], [x, y + GAP, x, size.height]);
    else lines(context, [0, y, x - GAP, y], [x + GAP, y, size.width, y]);
    context.stroke();
  }
  context.globalAlpha = 1;
}

function lines(context: CanvasRenderingContext2D, ...ends: [number, number, number, number][]): void {
  for (const [x0, y0, x1, y1] of ends) {
    context.moveTo(x0, y0);
    context.lineTo(x1, y1);
  }
}

function drawBrush(context: CanvasRenderingContext2D, view: PlaneView, scene: Scene): void {
  if (view.hover === null) return;
  const { transform } = view.frame;
  const [x, y] = toScreen(transform, view.hover);
  const radius = (scene.state.brushMm / 2 / view.spacing[0]) * Math.abs(transform.a);
  const erases = scene.state.tool === 'eraser';
  context.beginPath();
  context.arc(x, y, Math.max(2, radius), 0, 2 * Math.PI);
  context.setLineDash(erases ? [4, 3] : []);
  context.lineWidth = 3;
  context.strokeStyle = '#000000a0';
  context.stroke();
  context.lineWidth = 1.4;
  context.strokeStyle = erases ? '#ffffff' : (scene.active?.colour ?? colour.textMuted);
  context.stroke();
  context.setLineDash([]);
}

function drawSketch(context: CanvasRenderingContext2D, view: PlaneView, scene: Scene): void {
  const { transform } = view.frame;
  const cuts = view.sketchCuts;
  context.beginPath();
  for (const point of view.sketch) context.lineTo(...(toScreen(transform, point) as [number, number]));
  context.closePath();
  context.globalAlpha = 0.25;
  context.fillStyle = cuts ? '#ffffff' : (scene.active?.colour ?? colour.accent);
  context.fill();
  context.globalAlpha = 1;
  context.setLineDash(cuts ? [5, 4] : []);
  context.lineWidth = 1.6;
  context.strokeStyle = cuts ? '#ffffff' : (scene.active?.colour ?? colour.accent);
  context.stroke();
  context.setLineDash([]);
}
