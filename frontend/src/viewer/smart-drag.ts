/**
 * A drag with the smart tool: left says what belongs to the structure, right (or Alt) what does not; a click is a
 * short scribble. With Shift, or where the tool is told so, a rectangle; as a lasso the inside of the line.
 */
import { voxelAt } from '../lib/planes';
import { disk, polygon, stepsBetween, type Point } from '../lib/raster';
import type { Triple } from '../lib/bits';
import type { Clicks } from './clicks';
import type { Refusal } from './editor';
import type { PlaneView } from './plane-view';
import type { Scene, SmartWay } from './scene';

/** Of a scribble: it says something of what lies under it, however large the voxels. */
const RADIUS_MM = 1;

export class SmartDrag {
  private readonly view: PlaneView;
  private readonly scene: Scene;
  private readonly clicks: Clicks;
  private readonly refused: (why: Refusal) => void;
  private way: SmartWay = 'scribble';

  constructor(view: PlaneView, scene: Scene, clicks: Clicks, refused: (why: Refusal) => void) {
    this.view = view;
    this.scene = scene;
    this.clicks = clicks;
    this.refused = refused;
  }

  begin(event: PointerEvent): void {
    const { view } = this;
    this.way = event.shiftKey ? 'box' : this.scene.state.smartWay;
    view.sketched = this.way === 'lasso' ? 'edge' : this.way;
    view.sketchCuts = event.button === 2 || event.altKey;
    view.sketch = [view.pointAt(event.clientX, event.clientY)];
    this.scene.repaint();
  }

  move(point: Point): void {
    const { view } = this;
    if (this.way === 'box') view.sketch = [view.sketch[0] ?? point, point];
    else view.sketch.push(point);
    this.scene.repaint();
  }

  end(): void {
    const { view } = this;
    const { sketch, slice, plane } = view;
    view.sketch = [];
    view.sketched = 'edge';
    this.scene.repaint();
    if (this.way === 'box') return this.box(sketch);
    const lasso = this.way === 'lasso' && sketch.length > 2;
    const voxels: Triple[] = [];
    const span = (u0: number, u1: number, v: number): void => {
      for (let u = u0; u < u1; u += 1) voxels.push(voxelAt(plane, slice, u, v));
    };
    if (lasso) polygon(sketch, span);
    else for (const point of densely(sketch, view)) disk(point, RADIUS_MM, view.spacing, span);
    const seen = new Set<string>();
    const once = voxels.filter((voxel) => !seen.has(voxel.join()) && seen.add(voxel.join()));
    if (once.length === 0) return;
    const hint = { voxels: once, add: !view.sketchCuts, lasso: lasso ? plane.across : null };
    void this.clicks.give(hint).then((refusal) => refusal !== null && this.refused(refusal));
  }

  /** Two corners limit the answers; a click without a drag takes the limit away. */
  private box(sketch: readonly Point[]): void {
    const [from, to] = sketch;
    if (from === undefined || to === undefined || Math.hypot(from[0] - to[0], from[1] - to[1]) < 1) this.clicks.unlimit();
    else this.clicks.limit(this.view.plane, this.view.slice, from, to);
  }
}

/** The points of a scribble, with those between them. */
function densely(sketch: readonly Point[], { spacing }: PlaneView): Point[] {
  return sketch.flatMap((point, n) => {
    const before = sketch[n - 1];
    return before === undefined ? [point] : stepsBetween(before, point, RADIUS_MM, spacing);
  });
}
