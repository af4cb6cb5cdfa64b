/**
 * Keeps drafts: two seconds after the last stroke, four after the first at the latest, first in this browser, then
 * on the server. What the server did not take is sent again until it does.
 */
import { api } from '../../api/client';
import { isProblem } from '../../api/problem';
import { encodeMask, toBase64 } from '../../lib/mask';
import type { BitMask } from '../../lib/bits';
import { deleteDraft, putDraft } from './draft-store';

export type AutosaveState = { readonly kind: 'clean' | 'unsaved' | 'saving' | 'saved' | 'offline'; readonly at: Date | null };
export type DraftSource = (structureId: string) => { mask: BitMask; base: number; seconds: number } | null;

const QUIET_MS = 2000;
const LONGEST_MS = 4000;
const RETRY_MS = 8000;
/** How long the browser's own store may take before it is not counted on. */
export const STORE_MS = 3000;
const KEEPALIVE_BYTES = 60_000;

/** False, after a while. */
export const after = (milliseconds: number): Promise<false> =>
  new Promise((resolve) => {
    setTimeout(() => resolve(false), milliseconds);
  });

/** When to write, for an edit at `now` with the first unwritten one at `first`. */
export const dueAt = (now: number, first: number): number => Math.min(now + QUIET_MS, first + LONGEST_MS);

export class Autosave {
  state: AutosaveState = { kind: 'clean', at: null };
  private readonly userId: string;
  private readonly source: DraftSource;
  private readonly changed: () => void;
  private pending = new Set<string>();
  private timer: number | undefined;
  private first = 0;
  private writing: Promise<void> = Promise.resolve();

  constructor(userId: string, source: DraftSource, changed: () => void) {
    this.userId = userId;
    this.source = source;
    this.changed = changed;
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
    await Promise.race([deleteDraft(this.userId, structureId).catch(() => undefined), after(STORE_MS)]);
    if (this.pending.size === 0) this.show(at === null ? 'clean' : 'saved', at);
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
    let here = true;
    for (const structureId of batch) {
      const kept = await this.keep(structureId, leaving);
      if (kept === 'server') continue;
      this.pending.add(structureId);
      here &&= kept === 'browser';
    }
    if (this.pending.size === 0) this.show('saved', new Date());
    else if (batch.some((one) => this.pending.has(one))) {
      this.show(here ? 'offline' : 'unsaved', new Date());
      this.schedule(RETRY_MS);
    } else this.show('unsaved');
  }

  /** Where the draft is now. The browser's store is not waited for when the server has answered. */
  private async keep(structureId: string, leaving: boolean): Promise<'server' | 'browser' | 'nowhere'> {
    const draft = this.source(structureId);
    if (draft === null) return 'server';
    const { base, seconds } = draft;
    const mask = encodeMask(draft.mask);
    const stored = putDraft({ structureId, userId: this.userId, base, mask, seconds, savedAt: new Date().toISOString() });
    const here = Promise.race([stored.then(() => true, () => false), after(STORE_MS)]); // prettier-ignore
    try {
      const body = { base, mask: toBase64(mask), seconds };
      await api.put(`/structures/${structureId}/draft`, body, { keepalive: leaving && mask.length < KEEPALIVE_BYTES });
      return 'server';
    } catch (error) {
      // What the server refuses for good (4xx) stays in this browser; sending it again would not help.
      const refused = isProblem(error) && error.status >= 400 && error.status < 500;
      if (refused) return 'server';
      return (await here) ? 'browser' : 'nowhere';
    }
  }

  private show(kind: AutosaveState['kind'], at: Date | null = this.state.at): void {
    this.state = { kind, at };
    this.changed();
  }
}
