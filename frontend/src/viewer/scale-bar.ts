/** The bar in the corner of a view that says how long things are. */
import { colour } from '../ui/tokens';
import type { Size } from './camera';

const STEPS = [1, 2, 5] as const;
/** Of the view's width, and in pixels. */
const MOST = { share: 0.3, px: 160 };
const CORNER = { x: 12, y: 14 };
const TICK = 4;

/** The longest of 1, 2, 5, 10, … mm that takes at most `most` pixels; null where not even a millimetre does. */
export function barMm(pixelsPerMm: number, most: number): number | null {
  const longest = most / pixelsPerMm;
  if (!(longest >= 1)) return null;
  const decade = 10 ** Math.floor(Math.log10(longest) + 1e-9);
  return decade * STEPS.reduce<number>((best, step) => (step * decade <= longest + 1e-9 ? step : best), 1);
}

export const barLabel = (mm: number): string => (mm < 10 ? `${mm} mm` : `${mm / 10} cm`);

/** In the lower left corner, light on dark so that it is read on any tissue. */
export function drawScaleBar(context: CanvasRenderingContext2D, size: Size, pixelsPerMm: number): void {
  const mm = barMm(pixelsPerMm, Math.min(MOST.px, MOST.share * size.width));
  if (mm === null) return;
  const [x0, y] = [CORNER.x + 0.5, Math.round(size.height - CORNER.y) + 0.5];
  const x1 = x0 + Math.round(mm * pixelsPerMm);
  context.beginPath();
  context.moveTo(x0, y - TICK);
  context.lineTo(x0, y);
  context.lineTo(x1, y);
  context.lineTo(x1, y - TICK);
  context.font = '12px system-ui, sans-serif';
  context.textAlign = 'center';
  context.lineJoin = 'round';
  for (const [style, width] of [['#000000c0', 4], [colour.text, 1.5]] as const) {
    context.strokeStyle = style;
    context.lineWidth = width;
    context.stroke();
  }
  context.strokeStyle = '#000000c0';
  context.lineWidth = 3;
  context.strokeText(barLabel(mm), (x0 + x1) / 2, y - 6);
  context.fillStyle = colour.text;
  context.fillText(barLabel(mm), (x0 + x1) / 2, y - 6);
}
