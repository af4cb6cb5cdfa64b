/**
 * The clicks, scribbles and lassos of a person on one structure, and what they bring about. A hint is answered from
 * the mask as it is then, one after the other; every answer is a step of undo, and taking it back takes its hint back.
 * The session ends, and what it drew stays, with Enter and with any other edit of the structure, another structure or
 * another tool; Esc takes everything back to where it began.
 */
import { inOuterAir, isOfAir } from '../lib/air';
import type { BitMask, Box, Runs, Triple } from '../lib/bits';
import { ADD, REMOVE } from '../lib/growth';
import { cut, expectedCc, extentOf, regionOf, type Request } from '../lib/hints';
import { spacingKji, type Axis, type Plane } from '../lib/planes';
import type { Point } from '../lib/raster';
import type { Editor, Refusal } from './editor';
import { NO_HINTS, type Scene } from './scene';

/** What a person said: the voxels under a click, a scribble or inside a lasso. */
export type Hint = { readonly voxels: readonly Triple[]; readonly add: boolean; readonly lasso: Axis | null };
export type Answerer = { readonly begin: () => void; readonly ask: (request: Request) => Promise<Uint8Array>; readonly end: () => void };
/** `undone` while its answer is taken back; `runs` is null when the answer changed nothing. */
type Answered = { readonly hint: Hint; runs: Runs | null; undone: boolean };
type Session = { readonly structureId: string; readonly start: BitMask; readonly hints: Answered[] };

const TOOL = 'smart';

/** A worker of its own, started when the tool is chosen so that it is warm by the first click; it answers one at a time. */
export function workerAnswerer(): Answerer {
  let worker: Worker | null = null;
  const end = (): void => {
    worker?.terminate();
    worker = null;
  };
  const started = (): Worker => (worker ??= new Worker(new URL('./clicks-worker.ts', import.meta.url), { type: 'module' }));
  const ask = (request: Request): Promise<Uint8Array> =>
    new Promise((resolve, reject) => {
      const worker = started();
      worker.onmessage = ({ data }: MessageEvent<Uint8Array>) => resolve(data);
      worker.onerror = (event) => {
        end();
        reject(new Error(event.message));
      };
      worker.postMessage(request, [request.values.buffer, request.inside.buffer, request.seeds.buffer, request.fresh.buffer]);
    });
  return { begin: () => void started(), ask, end };
}

export class Clicks {
  private readonly scene: Scene;
  private readonly editor: Editor;
  private readonly answerer: Answerer;
  private session: Session | null = null;
  private applying = false;
  private last: Promise<unknown> = Promise.resolve();

  constructor(scene: Scene, editor: Editor, answerer: Answerer) {
    this.scene = scene;
    this.editor = editor;
    this.answerer = answerer;
  }

  /** Begins to watch the scene and the editor; the returned function ends it. */
  open(): () => void {
    const release = [this.editor.onEdit((id, _, runs) => this.edited(id, runs)), this.scene.subscribe(() => this.watch())];
    return () => {
      this.keep();
      for (const one of release) one();
      this.answerer.end();
    };
  }

  /** Whether there is something to keep or to drop. */
  get active(): boolean {
    return this.scene.state.hints !== NO_HINTS;
  }

  /** Answers a hint; why it may not be given here, or null when it was answered (or dropped meanwhile). */
  async give(hint: Hint): Promise<Refusal | null> {
    const shape = this.scene.volume.grid.shape_kji;
    const voxels = hint.voxels.filter((voxel) => voxel.every((value, axis) => value >= 0 && value < (shape[axis] ?? 0)));
    const refusal = this.editor.refusal() ?? (voxels.length === 0 ? 'outside' : this.unloaded(voxels) ? 'not-loaded' : null);
    const { active } = this.scene;
    if (refusal === null && active !== null && this.airy({ ...hint, voxels }, active.name)) return 'air';
    if (refusal !== null || active === null) return refusal;
    if (this.session?.structureId !== active.id) this.session = { structureId: active.id, start: active.mask.copy(), hints: [] };
    const { session } = this;
    const answered: Answered = { hint: { ...hint, voxels }, runs: null, undone: false };
    session.hints.push(answered);
    this.show();
    const turn = this.last.then(() => this.answer(session, answered));
    this.last = turn;
    return turn;
  }

  /** Keeps what was drawn and forgets the hints. */
  keep(): void {
    if (this.session === null && !this.active) return;
    this.session = null;
    this.scene.set({ hints: NO_HINTS });
  }

  /** Takes back all that the hints have drawn, as one step of undo. */
  drop(): void {
    const { session } = this;
    this.keep();
    if (session === null || this.editor.refusal() !== null) return;
    this.applying = true;
    this.editor.replace(session.structureId, session.start, TOOL);
    this.applying = false;
  }

  /** Limits the answers to a box: a rectangle of a slice, as deep as it is wide unless another plane said how deep. */
  limit(plane: Plane, slice: number, from: Point, to: Point): void {
    const shape = this.scene.volume.grid.shape_kji;
    const spacing = spacingKji(this.scene.volume.grid);
    const low: [number, number, number] = [0, 0, 0];
    const high: [number, number, number] = [0, 0, 0];
    const set = (axis: Axis, a: number, b: number): void => {
      low[axis] = Math.max(0, Math.round(Math.min(a, b)));
      high[axis] = Math.min(shape[axis], Math.round(Math.max(a, b)) + 1);
    };
    set(plane.columns, from[0], to[0]);
    set(plane.rows, from[1], to[1]);
    const before = this.scene.state.hints.box;
    if (before !== null && before.low[plane.across] <= slice && slice < before.high[plane.across]) {
      set(plane.across, before.low[plane.across], before.high[plane.across] - 1);
    } else {
      const mm = Math.max(Math.abs(to[0] - from[0]) * spacing[plane.columns], Math.abs(to[1] - from[1]) * spacing[plane.rows]);
      set(plane.across, slice - mm / 2 / spacing[plane.across], slice + mm / 2 / spacing[plane.across]);
    }
    const box: Box = { low, high };
    this.scene.set({ hints: { ...this.scene.state.hints, box: extentOf(box).every((extent) => extent >= 1) ? box : null } });
  }

  /** Answers reach everywhere again. */
  unlimit(): void {
    this.scene.set({ hints: { ...this.scene.state.hints, box: null } });
  }

  private unloaded(voxels: readonly Triple[]): boolean {
    const { grid, arrived } = this.scene.volume;
    const { low, high } = regionOf(voxels, grid.shape_kji, spacingKji(grid), this.scene.state.hints.box);
    return arrived.subarray(low[0], high[0]).includes(0);
  }

  /** A click or scribble that would begin a structure in the air around the patient; a lasso says itself where it ends. */
  private airy({ voxels, add, lasso }: Hint, name: string): boolean {
    const { data, grid, description } = this.scene.volume;
    const { unit, slope } = description;
    return add && lasso === null && !isOfAir(name) && inOuterAir({ data, shape: grid.shape_kji, unit, slope }, voxels);
  }

  private async answer(session: Session, answered: Answered): Promise<Refusal | null> {
    if (this.session !== session) return null;
    const { request, region } = this.request(session, answered);
    const flips = await this.answerer.ask(request).catch(() => null);
    if (this.session !== session) return null;
    const refusal = this.editor.refusal() ?? (flips === null ? 'failed' : null);
    if (flips === null || refusal !== null) session.hints.splice(session.hints.indexOf(answered), 1);
    else this.apply(session, answered, region, flips);
    this.show();
    return refusal;
  }

  private request({ structureId, hints }: Session, { hint }: Answered): { request: Request; region: Box } {
    const { grid, data } = this.scene.volume;
    const { box } = this.scene.state.hints;
    const spacing = spacingKji(grid);
    const region = regionOf(hint.voxels, grid.shape_kji, spacing, box);
    const shape = extentOf(region);
    const size = shape[0] * shape[1] * shape[2];
    const inside = new Uint8Array(size);
    this.scene.find(structureId)?.mask.forEachRun((k, j, i, length) => {
      for (let n = Math.max(i, region.low[2]); n < i + length; n += 1) {
        const at = indexIn(region, [k, j, n]);
        if (at !== null) inside[at] = 1;
      }
    }, region.low[0], region.high[0]); // prettier-ignore
    const seeds = new Uint8Array(size);
    for (const other of hints) {
      if (other.undone) continue;
      for (const at of indicesIn(region, other.hint.voxels)) seeds[at] = other.hint.add ? ADD : REMOVE;
    }
    const fresh = Int32Array.from(indicesIn(region, hint.voxels));
    for (const at of fresh) seeds[at] = hint.add ? ADD : REMOVE;
    const expected = box === null ? null : expectedCc(box, spacing);
    const values = cut(data, grid.shape_kji, region);
    return { request: { values, shape, spacing, inside, seeds, fresh, add: hint.add, lasso: hint.lasso, expectedCc: expected }, region };
  }

  private apply({ structureId }: Session, answered: Answered, region: Box, flips: Uint8Array): void {
    const mask = this.scene.find(structureId)?.mask.copy();
    if (mask === undefined) return;
    const [, nj, ni] = extentOf(region);
    flips.forEach((flip, at) => {
      if (flip !== 1) return;
      const row = Math.floor(at / ni);
      mask.write(region.low[0] + Math.floor(row / nj), region.low[1] + (row % nj), region.low[2] + (at % ni), answered.hint.add);
    });
    this.applying = true;
    const release = this.editor.onEdit((_, __, runs) => (answered.runs = runs));
    this.editor.replace(structureId, mask, TOOL);
    release();
    this.applying = false;
  }

  /** Undo and redo concern a hint where they flip its voxels; any other edit ends the session. */
  private edited(structureId: string, runs: Runs): void {
    if (this.applying || this.session?.structureId !== structureId) return;
    const mine = this.session.hints.find((one) => one.runs === runs);
    if (mine === undefined) return this.keep();
    mine.undone = !mine.undone;
    this.show();
  }

  private watch(): void {
    const { activeId, tool, hints } = this.scene.state;
    if (tool === TOOL) this.answerer.begin();
    const elsewhere = this.session !== null && this.session.structureId !== activeId;
    if (elsewhere || (tool !== TOOL && hints !== NO_HINTS)) this.keep();
  }

  private show(): void {
    const said = this.session?.hints.filter((one) => !one.undone).map((one) => one.hint) ?? [];
    this.scene.set({ hints: { ...this.scene.state.hints, said } });
  }
}

/** Index within a region, i fastest; null outside. */
function indexIn({ low, high }: Box, [k, j, i]: Triple): number | null {
  const outside = k < low[0] || j < low[1] || i < low[2] || k >= high[0] || j >= high[1] || i >= high[2];
  return outside ? null : ((k - low[0]) * (high[1] - low[1]) + j - low[1]) * (high[2] - low[2]) + i - low[2];
}

const indicesIn = (region: Box, voxels: readonly Triple[]): number[] =>
  voxels.map((voxel) => indexIn(region, voxel)).filter((at) => at !== null);
