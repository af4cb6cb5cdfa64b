/**
 * Files on their way to the server: a few at a time, each with its progress and what became of it.
 * Sending the same files again resumes: what the server has it names a duplicate. The queue outlives
 * pages, so that one may look at studies while a folder is uploading.
 */
import { isProblem } from '../../api/problem';
import type { FileOutcome, ImportSummary } from '../../api/types';

export type Picked = { path: string; file: Blob };
export type ItemState = 'waiting' | 'sending' | 'done' | 'failed' | 'cancelled';
export type Item = {
  key: number;
  path: string;
  size: number;
  sent: number;
  state: ItemState;
  outcomes: readonly FileOutcome[];
  error: unknown;
};
export type Batch = {
  projectId: string | null;
  items: readonly Item[];
  active: boolean;
  /** All is sent and the server is putting volumes together. */
  closing: boolean;
  /** Set when the server has closed the batch. */
  summary: ImportSummary | null;
  error: unknown;
};
export type SendOptions = { signal: AbortSignal; onProgress: (sent: number) => void };
export type Transport = {
  open: (projectId: string) => Promise<string>;
  send: (importId: string, picked: Picked, options: SendOptions) => Promise<FileOutcome[]>;
  complete: (importId: string) => Promise<ImportSummary>;
};

const EMPTY: Batch = { projectId: null, items: [], active: false, closing: false, summary: null, error: null };

export class UploadQueue {
  private batch: Batch = EMPTY;
  private files = new Map<number, Blob>();
  private importId: Promise<string> | null = null;
  private abort = new AbortController();
  private running = 0;
  private nextKey = 0;
  private readonly listeners = new Set<() => void>();
  private readonly transport: Transport;
  private readonly width: number;

  constructor(transport: Transport, width: number) {
    this.transport = transport;
    this.width = width;
  }

  snapshot = (): Batch => this.batch;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Adds files to the batch of a project; another project's finished batch is put away first. */
  add(projectId: string, picked: readonly Picked[]): void {
    if (picked.length === 0) return;
    if (this.batch.projectId !== projectId || !this.batch.active) this.clear();
    const items = picked.map(({ path, file }): Item => {
      const key = this.nextKey;
      this.nextKey += 1;
      this.files.set(key, file);
      return { key, path, size: file.size, sent: 0, state: 'waiting', outcomes: [], error: null };
    });
    this.change({ projectId, active: true, summary: null, error: null, items: [...this.batch.items, ...items] });
    this.pump();
  }

  /** Stops what is being sent and drops what waits. */
  cancel(): void {
    this.abort.abort();
    this.abort = new AbortController();
    const items = this.batch.items.map((item) =>
      item.state === 'waiting' || item.state === 'sending' ? { ...item, state: 'cancelled' as const } : item,
    );
    this.change({ items });
  }

  /** Sends again what failed or was cancelled. */
  resume(): void {
    const items = this.batch.items.map((item) =>
      item.state === 'failed' || item.state === 'cancelled'
        ? { ...item, state: 'waiting' as const, sent: 0, error: null }
        : item,
    );
    this.change({ items, active: true, summary: null, error: null });
    this.pump();
  }

  /** Puts a finished batch away. */
  clear(): void {
    this.abort.abort();
    this.abort = new AbortController();
    this.files.clear();
    this.importId = null;
    this.running = 0;
    this.change(EMPTY);
  }

  private change(part: Partial<Batch>): void {
    this.batch = { ...this.batch, ...part };
    for (const listener of this.listeners) listener();
  }

  private patch(key: number, part: Partial<Item>): void {
    this.change({ items: this.batch.items.map((item) => (item.key === key ? { ...item, ...part } : item)) });
  }

  private pump(): void {
    while (this.running < this.width) {
      const item = this.batch.items.find(({ state }) => state === 'waiting');
      if (item === undefined) break;
      this.running += 1;
      this.patch(item.key, { state: 'sending' });
      void this.sendOne(item, this.abort.signal);
    }
    if (this.running === 0 && this.batch.active) void this.finish();
  }

  private async sendOne(item: Item, signal: AbortSignal): Promise<void> {
    try {
      this.importId ??= this.transport.open(this.batch.projectId ?? '');
      const importId = await this.importId;
      const onProgress = (sent: number): void => {
        if (!signal.aborted) this.patch(item.key, { sent });
      };
      const file = this.files.get(item.key) ?? new Blob();
      const outcomes = await this.transport.send(importId, { path: item.path, file }, { signal, onProgress });
      if (!signal.aborted) this.patch(item.key, { state: 'done', sent: item.size, outcomes });
      this.files.delete(item.key);
    } catch (error) {
      if (!signal.aborted) this.patch(item.key, { state: 'failed', error });
      if (isProblem(error) && error.status === 404) this.importId = null;
    }
    if (this.batch.items.some(({ key }) => key === item.key)) {
      this.running -= 1;
      this.pump();
    }
  }

  private async finish(): Promise<void> {
    const sent = this.importId;
    this.importId = null;
    this.change({ active: false, closing: sent !== null });
    if (sent === null) return;
    try {
      const summary = await this.transport.complete(await sent);
      this.change({ closing: false, summary, items: withRefusals(this.batch.items, summary.refusals) });
    } catch (error) {
      this.change({ closing: false, error });
    }
  }
}

/** The items after the last word of the server: what was stored at first may not belong to images that came later. */
export function withRefusals(items: readonly Item[], refusals: readonly FileOutcome[]): readonly Item[] {
  const refused = new Map(refusals.flatMap((one) => (one.sop_instance_uid ? [[one.sop_instance_uid, one] as const] : [])));
  const last = (one: FileOutcome): FileOutcome => {
    const refusal = one.outcome === 'stored' ? refused.get(one.sop_instance_uid ?? '') : undefined;
    return refusal === undefined ? one : { ...refusal, name: one.name };
  };
  return items.map((item) => ({ ...item, outcomes: item.outcomes.map(last) }));
}

export type Tally = { files: number; settled: number; stored: number; duplicate: number; refused: number; failed: number };

/** What became of a batch so far; a zip counts each file inside it. */
export function tally(items: readonly Item[]): Tally {
  const sum: Tally = { files: items.length, settled: 0, stored: 0, duplicate: 0, refused: 0, failed: 0 };
  for (const item of items) {
    if (item.state === 'failed' || item.state === 'cancelled') sum.failed += 1;
    if (item.state !== 'waiting' && item.state !== 'sending') sum.settled += 1;
    for (const { outcome } of item.outcomes) sum[outcome] += 1;
  }
  return sum;
}

/** The share of all bytes that has left, 0 to 1. */
export function sentShare(items: readonly Item[]): number {
  const total = items.reduce((sum, item) => sum + item.size, 0);
  const sent = items.reduce((sum, item) => sum + (item.state === 'done' ? item.size : item.sent), 0);
  return total === 0 ? 0 : sent / total;
}
