/**
 * Keeps drafts: two seconds after the last stroke, four after the first at the latest, first in this browser, then
 * on the server. What did not reach the server is sent again until it does; what the server refuses is said.
 */
import { api } from '../../api/client';
import { isProblem, type Problem } from '../../api/problem';
import type { Draft } from '../../api/types';
import { encodeMask, toBase64 } from '../../lib/mask';
import type { BitMask } from '../../lib/bits';
import { deleteDraft, putDraft } from './draft-store';

export type AutosaveState = {
  /** `saved`: drafts are on the server; `revision`: everything is in a revision. */
  readonly kind: 'clean' | 'unsaved' | 'saving' | 'saved' | 'revision' | 'offline' | 'refused';
  readonly at: Date | null;
  /** Why the server has not taken a draft. */
  readonly why: Problem | null;
};
/** A draft that the server has not taken: whether this browser has it, and why. */
export type Unkept = { readonly here: boolean; readonly why: Problem | null };
export type DraftSource = (structureId: string) => { mask: BitMask; base: number; seconds: number } | null;

const QUIET_MS = 2000;
const LONGEST_MS = 4000;
const RETRY_MS = 8000;
/** How long the browser's own store may take before it is not counted on. */
export const STORE_MS = 3000;
/** The version of a draft that is not there. */
export const NO_DRAFT = '0';
const KEEPALIVE_BYTES = 60_000;

/** False, after a while. */
export const after = (milliseconds: number): Promise<false> =>
  new Promise((resolve) => {
    setTimeout(() => resolve(false), milliseconds);
  });

/** When to write, for an edit at `now` with the first unwritten one at `first`. */
export const dueAt = (now: number, first: number): number => Math.min(now + QUIET_MS, first + LONGEST_MS);

const isRefusal = (why: Problem | null): why is Problem => why !== null && why.status >= 400 && why.status < 500;
/** Refusals that end by themselves: logged out, too slow, too often. */
const PASSING: ReadonlySet<number> = new Set([401, 408, 429]);
const comesBack = ({ why }: Unkept): boolean => !isRefusal(why) || PASSING.has(why.status);

/** The worst that can be said of drafts that the server has not taken. */
export function worst(unkept: readonly Unkept[]): Pick<AutosaveState, 'kind' | 'why'> {
  const lost = unkept.find((one) => !one.here);
  if (lost !== undefined) return { kind: 'unsaved', why: lost.why };
  const refused = unkept.find((one) => isRefusal(one.why));
  return { kind: refused === undefined ? 'offline' : 'refused', why: refused?.why ?? null };
}

export class Autosave {
  state: AutosaveState = { kind: 'clean', at: null, why: null };
  private readonly userId: string;
  private readonly source: DraftSource;
  private readonly changed: () => void;
  private pending = new Set<string>();
  private readonly unkept = new Map<string, Unkept>();
  /** The version of each draft that this window has last read or written. */
  private readonly versions = new Map<string, string>();
  /** When the server took the draft of a structure that is still unsaved. */
  private readonly kept = new Map<string, Date>();
  private timer: number | undefined;
  private first = 0;
  private writing: Promise<void> = Promise.resolve();

  constructor(userId: string, source: DraftSource, changed: () => void) {
    this.userId = userId;
    this.source = source;
    this.changed = changed;
  }

  /** This window has seen the draft of a structure, or that there is none: only that one is overwritten. */
  seen(structureId: string, version: string): void {
    this.versions.set(structureId, version);
  }

  /** A structure was edited. */
  touch(structureId: string): void {
    const now = performance.now();
    if (this.pending.size === 0) this.first = now;
    this.pending.add(structureId);
    this.show('unsaved');
    this.schedule(dueAt(now, this.first) - now);
  }

  /** The structure was saved as a revision, or its draft thrown away. */
  async forget(structureId: string, at: Date | null): Promise<void> {
    this.pending.delete(structureId);
    await this.writing;
    this.pending.delete(structureId);
    this.unkept.delete(structureId);
    this.kept.delete(structureId);
    this.versions.set(structureId, NO_DRAFT);
    await Promise.race([deleteDraft(this.userId, structureId).catch(() => undefined), after(STORE_MS)]);
    this.showSettled(at === null ? 'clean' : 'revision', at);
  }

  /** Writes what is pending now. */
  flush(leaving = false): Promise<void> {
    window.clearTimeout(this.timer);
    this.timer = undefined;
    const batch = [...this.pending];
    this.pending.clear();
    if (batch.length > 0) this.writing = this.writing.then(() => this.write(batch, leaving)).catch(() => this.show('unsaved'));
    return this.writing;
  }

  private schedule(delay: number): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.flush(), Math.max(0, delay));
  }

  private async write(batch: string[], leaving: boolean): Promise<void> {
    this.show('saving');
    for (const structureId of batch) {
      const unkept = await this.keep(structureId, leaving);
      if (unkept === null) {
        this.unkept.delete(structureId);
        this.kept.set(structureId, new Date());
      } else this.unkept.set(structureId, unkept);
      if (unkept !== null && comesBack(unkept)) this.pending.add(structureId);
    }
    this.showSettled('clean', null);
    if (this.pending.size > 0 && this.timer === undefined) this.schedule(RETRY_MS);
  }

  /** Sends a draft; null when the server has it. The browser's store is not waited for then. */
  private async keep(structureId: string, leaving: boolean): Promise<Unkept | null> {
    const draft = this.source(structureId);
    if (draft === null) return null;
    const { base, seconds } = draft;
    const mask = encodeMask(draft.mask);
    const stored = putDraft({ structureId, userId: this.userId, base, mask, seconds, savedAt: new Date().toISOString() });
    const here = Promise.race([stored.then(() => true, () => false), after(STORE_MS)]); // prettier-ignore
    const version = this.versions.get(structureId);
    try {
      const body = { base, mask: toBase64(mask), seconds };
      const taken = await api.put<Draft>(`/structures/${structureId}/draft`, body, {
        keepalive: leaving && mask.length < KEEPALIVE_BYTES,
        ...(version === undefined ? {} : { ifMatch: `"${version}"` }),
      });
      this.versions.set(structureId, taken.version);
      return null;
    } catch (error) {
      const why = isProblem(error) ? error : null;
      if (!isRefusal(why)) this.versions.delete(structureId); // it may have arrived: nobody knows its version
      return { here: await here, why };
    }
  }

  /** Says how it ended: `kind` only if no draft is left. */
  private showSettled(kind: 'clean' | 'revision', at: Date | null): void {
    const { kind: bad, why } = worst([...this.unkept.values()]);
    const newest = [...this.kept.values()].sort((a, b) => a.getTime() - b.getTime()).pop();
    if (this.unkept.size > 0) this.show(bad, new Date(), why);
    else if (this.pending.size > 0) this.show('unsaved');
    else if (newest !== undefined) this.show('saved', newest);
    else this.show(kind, at);
  }

  private show(kind: AutosaveState['kind'], at: Date | null = this.state.at, why: Problem | null = null): void {
    this.state = { kind, at, why };
    this.changed();
  }
}
