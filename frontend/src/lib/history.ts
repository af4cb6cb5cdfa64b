/**
 * Undo and redo, structure by structure: taking back concerns the one in hand and nothing out of sight. An edit is
 * the set of voxels it flipped, so taking it back and doing it again are the same operation on the mask.
 */
import { runVoxels, type Runs } from './bits';

export type Edit = { readonly structureId: string; readonly label: string; readonly runs: Runs };

const MOST_EDITS = 200;
const MOST_RUN_NUMBERS = 16_000_000; // 64 MB of int32

export class History {
  private done: Edit[] = [];
  private undone: Edit[] = [];

  push(edit: Edit): void {
    if (runVoxels(edit.runs) === 0) return;
    this.done.push(edit);
    this.undone = this.undone.filter((one) => one.structureId !== edit.structureId);
    let kept = this.done.reduce((sum, one) => sum + one.runs.length, 0);
    while (this.done.length > MOST_EDITS || (kept > MOST_RUN_NUMBERS && this.done.length > 1)) {
      kept -= this.done.shift()?.runs.length ?? 0;
    }
  }

  /** The edit of a structure to take back now, or null. */
  undo(structureId: string): Edit | null {
    return moveLast(this.done, this.undone, structureId);
  }

  /** The edit of a structure to do again now, or null. */
  redo(structureId: string): Edit | null {
    return moveLast(this.undone, this.done, structureId);
  }

  /** Forgets what concerns one structure, when its mask is replaced from outside. */
  forget(structureId: string): void {
    const others = (edit: Edit): boolean => edit.structureId !== structureId;
    this.done = this.done.filter(others);
    this.undone = this.undone.filter(others);
  }

  clear(): void {
    this.done = [];
    this.undone = [];
  }

  /** What `undo` would take back. */
  nextUndo(structureId: string | null): string | null {
    return this.done[lastOf(this.done, structureId)]?.label ?? null;
  }

  /** What `redo` would do again. */
  nextRedo(structureId: string | null): string | null {
    return this.undone[lastOf(this.undone, structureId)]?.label ?? null;
  }
}

const lastOf = (edits: readonly Edit[], structureId: string | null): number =>
  edits.findLastIndex((one) => one.structureId === structureId);

function moveLast(from: Edit[], to: Edit[], structureId: string): Edit | null {
  const at = lastOf(from, structureId);
  const edit = at < 0 ? undefined : from.splice(at, 1)[0];
  if (edit !== undefined) to.push(edit);
  return edit ?? null;
}
