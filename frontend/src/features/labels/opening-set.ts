/** Which structure set a study opens with where its address names none. */
import type { StructureSetRow } from '../../api/types';

type Row = Pick<StructureSetRow, 'origin' | 'by_rule' | 'structures'>;

/**
 * Ours, where networks draw and people correct; while it holds nothing but regions that rules find, the one that a person
 * approved, else of those that came in or that people made the one with most structures. Rows are given oldest first; of equals the newest.
 */
export function setToOpen<T extends Row>(sets: readonly T[]): T | undefined {
  const ours = sets.find((one) => one.origin === 'ai');
  if (ours !== undefined && !ours.by_rule && ours.structures.total > 0) return ours;
  const most = (count: (one: T) => number): T | undefined =>
    sets.reduce<T | undefined>((best, one) => (count(one) > 0 && count(one) >= (best === undefined ? 0 : count(best)) ? one : best), undefined);
  return (
    most((one) => one.structures.approved) ??
    most((one) => (one.origin === 'ai' ? 0 : one.structures.total)) ??
    ours ??
    sets[sets.length - 1]
  );
}
