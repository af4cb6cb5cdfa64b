/**
 * The histograms of the structures on the screen while they are looked at: counted in pauses of a few milliseconds,
 * the one in hand first, then brought up to every edit by the voxels that it flipped. Beside the present contour of
 * a structure stand its saved revision where that differs, and the one it is compared with. Structures that count as one
 * volume have a mask of their own here, which follows theirs.
 *
 * A histogram is that of a mask while both hold the same number of voxels; anything else is counted anew.
 */
import { runsOf, unionOf, type BitMask, type Runs } from '../../lib/bits';
import { applyRuns, dvhOf, histogramOf, type Dvh, type Histogram } from '../../lib/dvh';
import { voxelCc } from '../../lib/planes';
import type { DoseField } from '../../viewer/dose-view';
import type { Editor } from '../../viewer/editor';
import type { Scene } from '../../viewer/scene';
import type { LabelSession } from '../labels/label-session';

export type CurveKind = 'now' | 'saved' | 'compared';
export const curveKey = (kind: CurveKind, structureId: string): string => `${kind} ${structureId}`;
/** Of structures that count as one volume. */
export const unionId = (structureIds: readonly string[]): string => structureIds.join('+');

/** What is unsaved, and the revision it began from. */
export type SavedWork = Pick<LabelSession, 'subscribe' | 'savedOf'>;
type Wanted = { readonly key: string; readonly tag: object; readonly size: number; readonly mask: () => BitMask };
type Entry = { tag: object; mask: BitMask; histogram: Histogram };
/** Masks that count as one volume, and that volume since it was first asked for. */
type Union = { readonly masks: readonly [BitMask, ...BitMask[]]; readonly tag: object; mask: BitMask | null };
type Job = { key: string; tag: object; mask: BitMask; version: number; steps: Generator<void, Histogram> };

const BUDGET_MS = 10;

/** The voxels of an edit's runs in which a union is no longer that of its masks. */
function changeOf(union: BitMask, masks: Union['masks'], runs: Runs): Runs {
  const [, nj, ni] = union.shape;
  const changed: number[] = [];
  for (let n = 0; n < runs.length; n += 2) {
    const first = runs[n] ?? 0;
    for (let at = first; at < first + (runs[n + 1] ?? 0); at += 1) {
      const row = Math.floor(at / ni);
      const [k, j, i] = [Math.floor(row / nj), row % nj, at % ni];
      if (union.get(k, j, i) !== masks.some((mask) => mask.get(k, j, i))) changed.push(at);
    }
  }
  return runsOf(Int32Array.from(changed));
}

export class DvhBook {
  /** The curves that have been counted. */
  state: ReadonlyMap<string, Dvh> = new Map();
  private readonly scene: Scene;
  private readonly editor: Editor;
  private readonly session: SavedWork;
  private readonly entries = new Map<string, Entry>();
  private readonly listeners = new Set<() => void>();
  private included: ReadonlySet<string> = new Set();
  private joined: readonly (readonly string[])[] = [];
  private readonly unions = new Map<string, Union>();
  private field: DoseField | null = null;
  private job: Job | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(scene: Scene, editor: Editor, session: SavedWork) {
    this.scene = scene;
    this.editor = editor;
    this.session = session;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Hidden structures that are counted as well, and those that are counted as one volume. */
  include(structureIds: ReadonlySet<string>, joined: readonly (readonly string[])[] = []): void {
    this.included = structureIds;
    this.joined = joined;
    this.follow();
  }

  /** Begins to follow scene, edits and saves; the returned function ends it. */
  open(): () => void {
    const release = [
      this.scene.subscribe(() => this.follow()),
      this.session.subscribe(() => this.follow()),
      this.editor.onEdit((id, _, runs) => this.edited(id, runs)),
    ];
    this.follow();
    return () => {
      for (const end of release) end();
      clearTimeout(this.timer);
      this.timer = undefined;
      this.job = null;
    };
  }

  /** What is to be counted now, the active structure first, then the small ones. */
  private get wanted(): Wanted[] {
    const { structures, activeId, comparison } = this.scene.state;
    const found: Wanted[] = [];
    for (const { id, mask, visible, count } of structures) {
      if (!visible && !this.included.has(id)) continue;
      const size = id === activeId ? 0 : count;
      if (mask.count > 0) found.push({ key: curveKey('now', id), tag: mask, size, mask: () => mask });
      const saved = this.session.savedOf(id);
      if (saved !== null) found.push({ key: curveKey('saved', id), tag: saved.tag, size, mask: saved.mask });
    }
    if (comparison !== null) {
      const { structureId, mask } = comparison;
      found.push({ key: curveKey('compared', structureId), tag: mask, size: 0, mask: () => mask });
    }
    for (const ids of this.joined) {
      const union = this.unionOf(ids);
      if (union === null || (union.mask === null && this.editor.drawing)) continue;
      const size = union.masks.reduce((sum, { count }) => sum + count, 0);
      found.push({ key: curveKey('now', unionId(ids)), tag: union.tag, size, mask: () => (union.mask ??= unionOf(union.masks)) });
    }
    return found.sort((a, b) => a.size - b.size);
  }

  /** The volume of structures; null while one of them holds nothing. */
  private unionOf(ids: readonly string[]): Union | null {
    const [first, ...others] = ids.flatMap((id) => this.scene.find(id)?.mask ?? []);
    if (first === undefined || others.length + 1 < ids.length || [first, ...others].some(({ count }) => count === 0)) return null;
    const masks = [first, ...others] as const;
    const known = this.unions.get(unionId(ids));
    if (known !== undefined && masks.every((mask, n) => mask === known.masks[n])) return known;
    const union: Union = { masks, tag: {}, mask: null };
    this.unions.set(unionId(ids), union);
    return union;
  }

  private follow(): void {
    const { field } = this.scene.state.dose;
    if (field !== this.field) {
      this.field = field;
      this.entries.clear();
      this.job = null;
      this.publish(new Map());
    }
    if (field !== null && this.timer === undefined && this.next() !== undefined) this.schedule();
  }

  private next(): Wanted | undefined {
    return this.wanted.find(({ key, tag }) => this.entries.get(key)?.tag !== tag);
  }

  private schedule(): void {
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.work();
    });
  }

  /** Counts for a while, then lets the page breathe. */
  private work(): void {
    const { field } = this;
    if (field === null) return;
    const until = performance.now() + BUDGET_MS;
    while (performance.now() < until) {
      const job = this.current(field);
      if (job === null) return;
      const step = job.steps.next();
      if (step.done !== true) continue;
      this.job = null;
      this.entries.set(job.key, { tag: job.tag, mask: job.mask, histogram: step.value });
      this.show(job.key, step.value);
    }
    this.schedule();
  }

  /** The job to go on with; a mask that has changed since, or is not wanted any more, is not gone on with. */
  private current(field: DoseField): Job | null {
    if (this.job !== null && this.job.version === this.job.mask.version) return this.job;
    const wanted = this.next();
    if (wanted === undefined) return null;
    const mask = wanted.mask();
    this.job = { key: wanted.key, tag: wanted.tag, mask, version: mask.version, steps: histogramOf(mask, field.sampler) };
    return this.job;
  }

  private edited(id: string, runs: Runs): void {
    const mask = this.scene.find(id)?.mask;
    this.flipped(curveKey('now', id), mask, runs);
    for (const ids of this.joined) {
      const union = ids.includes(id) ? this.unions.get(unionId(ids)) : undefined;
      if (!union?.mask) continue;
      const change = changeOf(union.mask, union.masks, runs);
      union.mask.flipRuns(change);
      this.flipped(curveKey('now', unionId(ids)), union.mask, change);
    }
    this.follow();
  }

  /** Brings a histogram up to its mask, or has it counted anew. */
  private flipped(key: string, now: BitMask | undefined, runs: Runs): void {
    const entry = this.entries.get(key);
    if (this.field === null || entry === undefined) return;
    const { mask, histogram } = entry;
    if (mask === now) applyRuns(histogram, mask, runs, this.field.sampler);
    if (histogram.voxels === mask.count) return this.show(key, histogram);
    this.entries.delete(key);
    this.follow();
  }

  private show(key: string, histogram: Histogram): void {
    this.publish(new Map(this.state).set(key, dvhOf(histogram, voxelCc(this.scene.volume.grid))));
  }

  private publish(state: ReadonlyMap<string, Dvh>): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}
