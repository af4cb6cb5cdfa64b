/**
 * Every change of a mask goes through here: strokes voxel by voxel, whole masks that a server operation made,
 * undo and redo. Whoever keeps drafts listens to `onEdit`.
 */
import { BitMask, difference, runVoxels, runsOf, type Runs } from '../lib/bits';
import { History, type Edit } from '../lib/history';
import { spacingKji, voxelAt, type Axis, type Plane, type PlaneName } from '../lib/planes';
import { disk, polygon, stepsBetween, type Point, type Spacing } from '../lib/raster';
import type { Scene } from './scene';

export type EditTool = 'brush' | 'eraser' | 'threshold' | 'contour' | 'cut';
/** Hears of every edit after it was made: `runs` are the voxels that it flipped. */
export type EditListener = (structureId: string, tool: string, runs: Runs) => void;
export type Refusal = 'read-only' | 'no-structure' | 'locked' | 'hidden' | 'outside' | 'not-loaded' | 'air' | 'failed';

/** A growing list of voxel indices. */
class Flipped {
  private indices = new Int32Array(4096);
  length = 0;

  add(index: number): void {
    if (this.length === this.indices.length) {
      const larger = new Int32Array(2 * this.length);
      larger.set(this.indices);
      this.indices = larger;
    }
    this.indices[this.length] = index;
    this.length += 1;
  }

  get list(): Int32Array {
    return this.indices.subarray(0, this.length);
  }
}

type Stroke = { structureId: string; mask: BitMask; tool: EditTool; plane: Plane; slice: number; last: Point | null; flipped: Flipped };

export class Editor {
  readonly history = new History();
  private readonly scene: Scene;
  private stroke: Stroke | null = null;
  private listeners = new Set<EditListener>();

  constructor(scene: Scene) {
    this.scene = scene;
  }

  onEdit(listener: EditListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Whether a stroke is being drawn, so that its mask is still to change without an edit being told. */
  get drawing(): boolean {
    return this.stroke !== null;
  }

  /** Why the active structure may not be edited now, or null. */
  refusal(): Refusal | null {
    const { canEdit, showContours } = this.scene.state;
    const active = this.scene.active;
    if (!canEdit) return 'read-only';
    if (active === null) return 'no-structure';
    if (active.locked) return 'locked';
    return active.visible && showContours ? null : 'hidden';
  }

  /** Begins a stroke on the active structure in one slice. */
  begin(tool: EditTool, planeName: PlaneName): void {
    const active = this.scene.active;
    if (active === null || this.refusal() !== null) return;
    const plane = this.scene.planes[planeName];
    const slice = this.scene.sliceOf(planeName);
    this.stroke = { structureId: active.id, mask: active.mask, tool, plane, slice, last: null, flipped: new Flipped() };
  }

  /** Draws with the brush from where the stroke was to a position (columns, rows) of its slice. */
  brushTo(point: Point): void {
    const { stroke } = this;
    if (stroke === null) return;
    const radius = this.scene.state.brushMm / 2;
    const spacing = this.spacing(stroke.plane);
    const steps = stroke.last === null ? [point] : stepsBetween(stroke.last, point, radius, spacing);
    stroke.last = point;
    const across = this.scene.state.ball ? spacingKji(this.scene.volume.grid)[stroke.plane.across] : Infinity;
    const reach = Math.floor(radius / across);
    for (let offset = -reach; offset <= reach; offset += 1) {
      const away = offset === 0 ? 0 : offset * across;
      const at = Math.sqrt(radius * radius - away * away);
      for (const step of steps) disk(step, at, spacing, (u0, u1, v) => this.span(stroke, stroke.slice + offset, u0, u1, v));
    }
    stroke.mask.touch();
    this.scene.repaint();
  }

  /** Fills (or cuts) the inside of a line drawn by hand. */
  fillPolygon(points: readonly Point[]): void {
    const { stroke } = this;
    if (stroke === null || points.length < 3) return;
    polygon(points, (u0, u1, v) => this.span(stroke, stroke.slice, u0, u1, v));
    stroke.mask.touch();
  }

  /** Gives the stroke up as if it had not begun. */
  cancel(): void {
    const { stroke } = this;
    this.stroke = null;
    if (stroke === null || stroke.flipped.length === 0) return;
    stroke.mask.flipRuns(runsOf(stroke.flipped.list));
    this.scene.repaint();
  }

  /** Ends the stroke: it becomes one step of undo. */
  end(): void {
    const { stroke } = this;
    this.stroke = null;
    if (stroke === null || stroke.flipped.length === 0) return;
    const edit = { structureId: stroke.structureId, label: stroke.tool, runs: runsOf(stroke.flipped.list) };
    this.history.push(edit);
    this.announce(edit);
  }

  /** Replaces a structure's mask by another one as a single step of undo; the number of voxels that changed. */
  replace(structureId: string, mask: BitMask, label: string): number {
    const structure = this.scene.find(structureId);
    if (structure === null) return 0;
    const runs = difference(structure.mask, mask);
    if (runs.length === 0) return 0;
    structure.mask.flipRuns(runs);
    this.history.push({ structureId, label, runs });
    this.announce({ structureId, label, runs });
    return runVoxels(runs);
  }

  /** Takes back the last edit of the active structure; why that is refused, or null. */
  undo(): Refusal | null {
    return this.step((id) => this.history.undo(id));
  }

  /** Does again what was taken back last on the active structure; why that is refused, or null. */
  redo(): Refusal | null {
    return this.step((id) => this.history.redo(id));
  }

  private step(take: (structureId: string) => Edit | null): Refusal | null {
    const { active } = this.scene;
    const refusal = this.refusal();
    if (active === null || refusal !== null || this.stroke !== null) return refusal;
    const edit = take(active.id);
    if (edit === null) return null;
    active.mask.flipRuns(edit.runs);
    this.announce(edit);
    return null;
  }

  /** Tells the page that the undo list has changed. */
  refresh(): void {
    this.scene.set({});
  }

  private announce({ structureId, label, runs }: Edit): void {
    const count = this.scene.find(structureId)?.mask.count ?? 0;
    this.scene.changeStructure(structureId, { count });
    for (const listener of this.listeners) listener(structureId, label, runs);
  }

  private spacing(plane: Plane): Spacing {
    const spacing = spacingKji(this.scene.volume.grid);
    return [spacing[plane.columns], spacing[plane.rows]];
  }

  private span({ mask, plane, tool, flipped }: Stroke, slice: number, u0: number, u1: number, v: number): void {
    const { shape_kji: shape } = this.scene.volume.grid;
    const within = (axis: Axis, value: number): boolean => value >= 0 && value < shape[axis];
    if (!within(plane.rows, v) || !within(plane.across, slice)) return;
    const value = tool !== 'eraser' && tool !== 'cut';
    const end = Math.min(u1, shape[plane.columns]);
    const voxel = voxelAt(plane, slice, 0, v);
    for (let u = Math.max(0, u0); u < end; u += 1) {
      voxel[plane.columns] = u;
      const [k, j, i] = voxel;
      if (tool === 'threshold' && !this.inRange(k, j, i)) continue;
      if (mask.write(k, j, i, value)) flipped.add((k * shape[1] + j) * shape[2] + i);
    }
  }

  private inRange(k: number, j: number, i: number): boolean {
    const value = this.scene.volume.valueAt(k, j, i) ?? NaN;
    const { low, high } = this.scene.state.threshold;
    return value >= low && value <= high;
  }
}
