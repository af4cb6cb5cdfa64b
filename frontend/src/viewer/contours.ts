/** Outlines and fills of the structures on one slice. */
import type { BitMask } from '../lib/bits';
import { outline, type Loops } from '../lib/outline';
import type { PlaneView } from './plane-view';
import type { Scene } from './scene';

type Entry = { slice: number; version: number; loops: Loops };

/** The last outline of every structure in one plane. */
export class ContourCache {
  private entries = new Map<string, Entry>();

  loops(id: string, mask: BitMask, view: PlaneView): Loops {
    const { slice } = view;
    const known = this.entries.get(id);
    if (known?.slice === slice && known.version === mask.version) return known.loops;
    const pixels = mask.slice(view.plane.across, slice);
    const loops = pixels === null ? [] : transposed(outline(pixels), view.plane.columns < view.plane.rows);
    this.entries.set(id, { slice, version: mask.version, loops });
    return loops;
  }
}

/** Slices of a mask run along the faster axis; some planes show that axis downwards. */
function transposed(loops: Loops, swap: boolean): Loops {
  if (swap) {
    for (const loop of loops) {
      for (let n = 0; n < loop.length; n += 2) [loop[n], loop[n + 1]] = [loop[n + 1] ?? 0, loop[n] ?? 0];
    }
  }
  return loops;
}

const LINE = 1.5;
const ACTIVE_LINE = 2.2;

export function drawContours(context: CanvasRenderingContext2D, view: PlaneView, scene: Scene, cache: ContourCache): void {
  const { structures, activeId, comparison, showContours } = scene.state;
  if (!showContours) return;
  const last = structures.filter((one) => one.id === activeId);
  for (const one of [...structures.filter((other) => other.id !== activeId), ...last]) {
    if (!one.visible) continue;
    const loops = cache.loops(one.id, one.mask, view);
    if (loops.length === 0) continue;
    tracePath(context, view, loops);
    fill(context, one.colour, one.opacity);
    stroke(context, view, one.colour, one.id === activeId ? ACTIVE_LINE : LINE, []);
  }
  if (comparison !== null) {
    const loops = cache.loops(`compare ${comparison.structureId}`, comparison.mask, view);
    tracePath(context, view, loops);
    stroke(context, view, comparison.colour, LINE, [6, 4]);
  }
}

function tracePath(context: CanvasRenderingContext2D, view: PlaneView, loops: Loops): void {
  const { transform: t, ratio } = view.frame;
  const [a, d, e, f] = [t.a * ratio, t.d * ratio, t.e * ratio, t.f * ratio];
  context.beginPath();
  for (const loop of loops) {
    context.moveTo(a * (loop[0] ?? 0) + e, d * (loop[1] ?? 0) + f);
    for (let n = 2; n < loop.length; n += 2) context.lineTo(a * (loop[n] ?? 0) + e, d * (loop[n + 1] ?? 0) + f);
    context.closePath();
  }
}

function fill(context: CanvasRenderingContext2D, colour: string, opacity: number): void {
  if (opacity <= 0) return;
  context.globalAlpha = opacity;
  context.fillStyle = colour;
  context.fill('evenodd');
  context.globalAlpha = 1;
}

function stroke(context: CanvasRenderingContext2D, view: PlaneView, colour: string, width: number, dash: number[]): void {
  const { ratio } = view.frame;
  context.strokeStyle = colour;
  context.lineWidth = width * ratio;
  context.lineJoin = 'round';
  context.setLineDash(dash.map((length) => length * ratio));
  context.stroke();
}
