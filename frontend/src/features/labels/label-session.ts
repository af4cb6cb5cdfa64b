/**
 * The structures of one set while they are being edited: what revision each mask began from, what is unsaved, what
 * the server said. The scene holds the masks; this holds their dealings with the server. Nothing is overwritten: a
 * save names the revision it began from, and a newer one on the server becomes a conflict for the user to settle.
 */
import { api } from '../../api/client';
import { isProblem } from '../../api/problem';
import type { Page, Revision, SetDraft, Structure, StructureSet } from '../../api/types';
import { BitMask, difference } from '../../lib/bits';
import { decodeMask, encodeMask, fromBase64, toBase64 } from '../../lib/mask';
import type { Editor } from '../../viewer/editor';
import type { Scene, ShownStructure } from '../../viewer/scene';
import { Autosave, NO_DRAFT, STORE_MS, after, type AutosaveState } from './autosave';
import { getDraft } from './draft-store';

export type Conflict = { readonly structureId: string; readonly name: string; readonly theirs: BitMask; readonly head: Revision };
export type SessionState = {
  readonly autosave: AutosaveState;
  readonly dirty: ReadonlySet<string>;
  readonly loading: ReadonlySet<string>;
  readonly failed: ReadonlySet<string>;
  readonly restored: { readonly names: readonly string[]; readonly at: Date } | null;
  readonly conflict: Conflict | null;
  readonly saving: boolean;
};
type Work = { base: number; seconds: number; tool: string; lastEdit: number };
/** A revision as it was loaded or saved; `bytes` is null when nothing has been drawn. */
type Saved = { number: number; bytes: Uint8Array | null; count: number };
type Drafts = ReadonlyMap<string, SetDraft>;
type Operation = 'grow' | 'shrink' | 'smooth' | 'fill-holes' | 'remove-islands' | 'interpolate';

const PAUSE_S = 30;
const PARALLEL = 4;
const FILL_OPACITY = 0.12;
/** Large structures that would tint the image all over. */
const UNFILLED: ReadonlySet<string> = new Set(['PTV', 'CTV', 'GTV', 'EXTERNAL']);

export class LabelSession {
  readonly scene: Scene;
  readonly editor: Editor;
  readonly setId: string;
  state: SessionState;
  private readonly autosave: Autosave;
  private readonly userId: string;
  private readonly work = new Map<string, Work>();
  private readonly saved = new Map<string, Saved>();
  private readonly listeners = new Set<() => void>();
  /** Whether a structure was submitted or approved when last seen: it is locked when that happens and unlocked when it is returned. */
  private readonly signed = new Map<string, boolean>();
  /** What the server last said of the set. */
  private set: StructureSet | null = null;
  private applying = false;

  constructor(scene: Scene, editor: Editor, setId: string, userId: string) {
    this.scene = scene;
    this.editor = editor;
    this.setId = setId;
    this.userId = userId;
    this.autosave = new Autosave(userId, (id) => this.draftOf(id), () => this.change({ autosave: this.autosave.state }));
    const none: ReadonlySet<string> = new Set();
    this.state = {
      autosave: this.autosave.state, dirty: none, loading: none, failed: none, restored: null, conflict: null, saving: false,
    }; // prettier-ignore
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Begins to watch the editor. The returned function ends it; unsaved work stays as drafts. */
  open(): () => void {
    const release = this.editor.onEdit((id, tool) => this.edited(id, tool));
    const leave = (): void => void (document.visibilityState === 'hidden' && this.autosave.flush(true));
    document.addEventListener('visibilitychange', leave);
    return () => {
      release();
      document.removeEventListener('visibilitychange', leave);
      void this.autosave.flush();
      this.editor.history.clear();
      this.editor.refresh();
    };
  }

  /** Another tab goes on with this work: everything unsaved is a draft when this is done. */
  async leave(): Promise<void> {
    this.scene.set({ canEdit: false });
    await this.flush();
  }

  /** Writes the drafts that wait for a pause, now. */
  flush(): Promise<void> {
    return this.autosave.flush();
  }

  private change(change: Partial<SessionState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener();
  }

  private mark(field: 'dirty' | 'loading' | 'failed', id: string, present: boolean): void {
    const next = new Set(this.state[field]);
    if (present) next.add(id);
    else next.delete(id);
    this.change({ [field]: next });
  }

  private edited(id: string, tool: string): void {
    const work = this.work.get(id);
    if (work === undefined) return;
    const now = performance.now() / 1000;
    work.seconds += Math.min(PAUSE_S, work.lastEdit === 0 ? 1 : now - work.lastEdit);
    work.lastEdit = now;
    if (tool !== 'restored') work.tool = tool;
    if (this.applying) return;
    if (this.isAsSaved(id)) {
      void this.becomeClean(id);
      return;
    }
    this.mark('dirty', id, true);
    this.autosave.touch(id);
  }

  /** True when everything has been undone. */
  private isAsSaved(id: string): boolean {
    const saved = this.saved.get(id);
    const mask = this.scene.find(id)?.mask;
    return saved !== undefined && mask?.count === saved.count && difference(mask, this.maskOf(saved.bytes)).length === 0;
  }

  /** Nothing is unsaved any more, so the draft goes; an edit that comes meanwhile begins another one. */
  private async becomeClean(id: string): Promise<void> {
    const work = this.work.get(id);
    if (work !== undefined) Object.assign(work, { base: this.saved.get(id)?.number ?? work.base, seconds: 0, tool: '', lastEdit: 0 });
    this.mark('dirty', id, false);
    await this.autosave.forget(id, null);
    await api.delete(`/structures/${id}/draft`).catch(() => undefined);
    if (this.state.dirty.has(id)) this.autosave.touch(id);
    else if (this.set?.structures.some((one) => one.id === id && this.isStale(one))) await this.update(this.set);
  }

  /** The revision that unsaved work began from (0: none) where the server has a newer one; else null. */
  outdated({ id, head }: Structure): number | null {
    const base = this.work.get(id)?.base;
    if (base === undefined || head === null || this.state.saving || !this.state.dirty.has(id)) return null;
    return base < head.number ? base : null;
  }

  /** The revision that a structure with unsaved changes is measured against: `tag` is the same until another is saved. */
  savedOf(id: string): { tag: object; number: number; mask: () => BitMask } | null {
    const saved = this.saved.get(id);
    if (saved === undefined || saved.bytes === null || !this.state.dirty.has(id)) return null;
    return { tag: saved, number: saved.number, mask: () => this.maskOf(saved.bytes) };
  }

  private draftOf(id: string): { mask: BitMask; base: number; seconds: number } | null {
    const structure = this.scene.find(id);
    const work = this.work.get(id);
    return structure === null || work === undefined ? null : { mask: structure.mask, base: work.base, seconds: work.seconds };
  }

  /**
   * Brings the scene up to what the server says of the set; unsaved work is left alone. `first` becomes the active
   * structure where there is none.
   */
  async update(set: StructureSet, first: string | null = null): Promise<void> {
    this.set = set;
    const before = new Map(this.scene.state.structures.map((one) => [one.id, one]));
    const shown = set.structures.map((one) => this.shown(one, before.get(one.id)));
    const { activeId } = this.scene.state;
    const active = shown.some((one) => one.id === activeId) ? activeId : (first ?? shown[0]?.id ?? null);
    this.scene.set({ structures: shown, activeId: active });
    const stale = set.structures.filter((one) => this.isStale(one));
    for (const one of stale) this.work.set(one.id, { base: one.head?.number ?? 0, seconds: 0, tool: '', lastEdit: 0 });
    this.change({ loading: new Set([...this.state.loading, ...stale.map((one) => one.id)]) });
    const fresh = this.scene.state.canEdit && stale.some((one) => !before.has(one.id));
    const drafts: Promise<Drafts | null> = fresh ? this.remoteDrafts() : Promise.resolve(null);
    const outline = ({ kind }: Structure): number => (kind === 'EXTERNAL' ? 0 : 1);
    const queue = [...stale].sort((a, b) => outline(a) - outline(b)); // the views are fitted to it
    const restored: { name: string; at: string }[] = [];
    const worker = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const at = await this.loadOne(next, before.has(next.id) ? null : drafts);
        if (at !== null) restored.push({ name: next.name, at });
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, worker));
    const newest = restored.map((one) => one.at).sort().pop();
    if (newest !== undefined) this.change({ restored: { names: restored.map((one) => one.name), at: new Date(newest) } });
  }

  private shown(structure: Structure, before: ShownStructure | undefined): ShownStructure {
    const { id, name, colour } = structure;
    const signed = structure.state === 'approved' || structure.state === 'submitted';
    const derived = structure.derivation !== null; // what is drawn on it would stop it from following
    const wasSigned = this.signed.get(id) === true;
    this.signed.set(id, signed);
    if (before !== undefined) return { ...before, name, colour, locked: signed === wasSigned ? before.locked : signed || derived };
    const mask = new BitMask(this.scene.volume.grid.shape_kji);
    const opacity = UNFILLED.has(structure.kind) ? 0 : FILL_OPACITY;
    return { id, name, colour, visible: true, locked: signed || derived, opacity, mask, count: 0 };
  }

  private isStale({ id, head }: Structure): boolean {
    const work = this.work.get(id);
    return work === undefined || (work.base < (head?.number ?? 0) && !this.state.dirty.has(id));
  }

  /** Loads the newest revision and, the first time, the draft over it; the time of a restored draft, or null. */
  private async loadOne(structure: Structure, drafts: Promise<Drafts | null> | null): Promise<string | null> {
    const { id, head } = structure;
    try {
      const bytes = head === null ? null : await this.bytesOf(id, head.number);
      const mask = this.maskOf(bytes);
      this.put(id, mask);
      if (structure.kind === 'EXTERNAL' && mask.count > 0) this.scene.outlined(mask);
      this.saved.set(id, { number: head?.number ?? 0, bytes, count: mask.count });
      if (drafts === null || !this.scene.state.canEdit) return null;
      const remote = await drafts;
      if (remote !== null) this.autosave.seen(id, remote.get(id)?.version ?? NO_DRAFT);
      return await this.restore(id, remote?.get(id));
    } catch {
      this.mark('failed', id, true);
      return null;
    } finally {
      this.mark('loading', id, false);
    }
  }

  /** Puts a mask in place of another without a step of undo. */
  private put(id: string, mask: BitMask): void {
    this.editor.history.forget(id);
    this.editor.refresh();
    this.scene.changeStructure(id, { mask, count: mask.count });
  }

  /** The mask of a revision. */
  async revision(id: string, number: number): Promise<BitMask> {
    return this.maskOf(await this.bytesOf(id, number));
  }

  private async bytesOf(id: string, number: number): Promise<Uint8Array> {
    return (await api.bytes(`/structures/${id}/revisions/${number}/mask`)).value;
  }

  private maskOf(bytes: Uint8Array | null): BitMask {
    const shape = this.scene.volume.grid.shape_kji;
    return bytes === null ? new BitMask(shape) : decodeMask(bytes, shape);
  }

  private async restore(id: string, remote: SetDraft | undefined): Promise<string | null> {
    const draft = await this.newestDraft(id, remote);
    const work = this.work.get(id);
    if (draft === null || work === undefined) return null;
    work.base = draft.base;
    const changed = this.editor.replace(id, decodeMask(draft.mask, this.scene.volume.grid.shape_kji), 'restored');
    work.seconds = draft.seconds;
    return changed === 0 ? null : draft.savedAt;
  }

  /** The person's drafts on the server by structure; null when it cannot be asked. */
  private async remoteDrafts(): Promise<Drafts | null> {
    const answer = await api.get<Page<SetDraft>>(`/structure-sets/${this.setId}/drafts`).catch(() => null);
    return answer && new Map(answer.items.map((one) => [one.structure_id, one]));
  }

  private async newestDraft(id: string, remote: SetDraft | undefined) {
    const local = await Promise.race([getDraft(this.userId, id).catch(() => undefined), after(STORE_MS)]);
    const kept = remote === undefined ? null : { base: remote.base, mask: fromBase64(remote.mask), seconds: remote.seconds, savedAt: remote.saved_at };
    if (local === undefined || local === false) return kept;
    if (kept === null) return local;
    return local.savedAt > kept.savedAt ? local : kept;
  }

  dismissRestored(): void {
    this.change({ restored: null });
  }

  /** Throws unsaved work on a structure away and shows the newest revision again. */
  async discard(id: string): Promise<void> {
    const set = await api.get<StructureSet>(`/structure-sets/${this.setId}`);
    const structure = set.structures.find((one) => one.id === id);
    if (structure === undefined) return;
    const number = structure.head?.number ?? 0;
    this.settle(id, number === 0 ? this.maskOf(null) : await this.revision(id, number), number);
    await api.delete(`/structures/${id}/draft`).catch(() => undefined);
    await this.autosave.forget(id, null);
  }

  /** Shows what the server has (as one step of undo) and goes on from there. */
  private settle(id: string, mask: BitMask, base: number): void {
    this.applying = true;
    this.editor.replace(id, mask, 'discarded');
    this.applying = false;
    this.work.set(id, { base, seconds: 0, tool: '', lastEdit: 0 });
    this.saved.set(id, { number: base, bytes: encodeMask(mask), count: mask.count });
    this.mark('dirty', id, false);
  }

  /** Saves every changed structure as a revision; stops at the first conflict. The number saved. */
  async save(reason: string): Promise<number> {
    if (this.state.saving) return 0;
    this.change({ saving: true, restored: null });
    let saved = 0;
    try {
      for (const id of this.state.dirty) {
        if (!(await this.saveOne(id, reason))) break;
        saved += 1;
      }
    } finally {
      this.change({ saving: false });
    }
    return saved;
  }

  private async saveOne(id: string, reason: string): Promise<boolean> {
    const structure = this.scene.find(id);
    const work = this.work.get(id);
    if (structure === null || work === undefined) return true;
    const { version, count } = structure.mask;
    const bytes = encodeMask(structure.mask);
    const body = {
      mask: toBase64(bytes), reason, tool: work.tool,
      seconds: Math.round(work.seconds), empty: count === 0,
    }; // prettier-ignore
    try {
      const options = { ifMatch: `"${work.base}"`, idempotencyKey: crypto.randomUUID() };
      const revision = await api.post<Revision>(`/structures/${id}/revisions`, body, options);
      const edited = structure.mask.version !== version;
      this.work.set(id, { base: revision.number, seconds: 0, tool: '', lastEdit: 0 });
      this.saved.set(id, { number: revision.number, bytes, count });
      await this.autosave.forget(id, new Date());
      this.mark('dirty', id, edited);
      if (edited) this.autosave.touch(id);
      return true;
    } catch (error) {
      if (!isProblem(error) || error.status !== 412) throw error;
      await this.meetConflict(structure);
      return false;
    }
  }

  /** Puts the newest revision beside unsaved work, for the user to settle. */
  async meetConflict({ id, name }: Pick<ShownStructure, 'id' | 'name'>): Promise<void> {
    const set = await api.get<StructureSet>(`/structure-sets/${this.setId}`);
    const head = set.structures.find((one) => one.id === id)?.head ?? null;
    if (head === null) return;
    this.change({ conflict: { structureId: id, name, theirs: await this.revision(id, head.number), head } });
  }

  /** Settles a conflict: mine on top of theirs, theirs in place of mine, or later. */
  async resolve(choice: 'mine' | 'theirs' | 'later', reason: string): Promise<void> {
    const { conflict } = this.state;
    this.change({ conflict: null });
    if (conflict === null || choice === 'later') return;
    const { structureId: id, head } = conflict;
    if (choice === 'theirs') {
      this.settle(id, conflict.theirs, head.number);
      await api.delete(`/structures/${id}/draft`).catch(() => undefined);
      await this.autosave.forget(id, null);
      return;
    }
    const work = this.work.get(id);
    if (work !== undefined) work.base = head.number;
    this.change({ saving: true });
    await this.saveOne(id, reason).finally(() => this.change({ saving: false }));
  }

  /** Asks the server for geometry on the active mask and applies the answer as one step of undo; voxels changed. */
  async operate(operation: Operation, numbers: { mm?: number; keep?: number }): Promise<number> {
    const { active } = this.scene;
    if (active === null) return 0;
    const version = active.mask.version;
    const body = { operation, structure_id: active.id, mask: toBase64(encodeMask(active.mask)), ...numbers };
    const answer = await api.post<{ mask: string }>(`/structure-sets/${this.setId}/operations`, body);
    if (active.mask.version !== version) throw new Error('edited-meanwhile');
    return this.editor.replace(active.id, decodeMask(fromBase64(answer.mask), active.mask.shape), operation);
  }
}
