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
const KEEPALIVE_BYTES = 60_000;

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
    await deleteDraft(this.userId, structureId);
    if (this.pending.size === 0) this.show(at === null ? 'clean' : 'saved', at);
  }

  /** Writes what is pending now. */
  flush(leaving = false): Promise<void> {
    window.clearTimeout(this.timer);
    this.timer = undefined;
    const batch = [...this.pending];
    this.pending.clear();
    if (batch.length > 0) this.writing = this.writing.then(() => this.write(batch, leaving));
    return this.writing;
  }

  private schedule(delay: number): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.flush(), Math.max(0, delay));
  }

  private async write(batch: string[], leaving: boolean): Promise<void> {
    this.show('saving');
    const failed: string[] = [];
    for (const structureId of batch) if (!(await this.keep(structureId, leaving))) failed.push(structureId);
    for (const structureId of failed) this.pending.add(structureId);
    if (failed.length > 0) {
      this.show('offline', new Date());
      this.schedule(RETRY_MS);
    } else if (this.pending.size === 0) this.show('saved', new Date());
    else this.show('unsaved');
  }

  /** Whether the server has the draft now; the browser has it in any case. */
  private async keep(structureId: string, leaving: boolean): Promise<boolean> {
    const draft = this.source(structureId);
    if (draft === null) return true;
    const { base, seconds } = draft;
    const mask = encodeMask(draft.mask);
    const stored = putDraft({ structureId, userId: this.userId, base, mask, seconds, savedAt: new Date().toISOString() });
    const body = { base, mask: toBase64(mask), seconds };
    const sent = api.put(`/structures/${structureId}/draft`, body, { keepalive: leaving && mask.length < KEEPALIVE_BYTES });
    const outcomes = await Promise.allSettled([stored, sent]);
    const error: unknown = outcomes[1].status === 'rejected' ? outcomes[1].reason : null;
    // A draft that the server refuses for good (4xx) stays in this browser; sending it again would not help.
    return error === null || (isProblem(error) && error.status >= 400 && error.status < 500);
  }

  private show(kind: AutosaveState['kind'], at: Date | null = this.state.at): void {
    this.state = { kind, at };
    this.changed();
  }
}
