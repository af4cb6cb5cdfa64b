/**
 * Undo and redo for every structure together, in the order of the edits. An edit is the set of voxels it
 * flipped, so taking it back and doing it again are the same operation on the mask.
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
    this.undone = [];
    let kept = this.done.reduce((sum, one) => sum + one.runs.length, 0);
    while (this.done.length > MOST_EDITS || (kept > MOST_RUN_NUMBERS && this.done.length > 1)) {
      kept -= this.done.shift()?.runs.length ?? 0;
    }
  }

  /** The edit to take back now, or null. */
  undo(): Edit | null {
    const edit = this.done.pop() ?? null;
    if (edit !== null) this.undone.push(edit);
    return edit;
  }

  /** The edit to do again now, or null. */
  redo(): Edit | null {
    const edit = this.undone.pop() ?? null;
    if (edit !== null) this.done.push(edit);
    return edit;
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

  get nextUndo(): string | null {
    return this.done[this.done.length - 1]?.label ?? null;
  }

  get nextRedo(): string | null {
    return this.undone[this.undone.length - 1]?.label ?? null;
  }
}
