/** A reader's marks and the AI's, as one list of findings; what is accepted is the reader's word. */
import type { Triple } from '../../lib/bits';
import type { Finding, FindingState } from '../../lib/findings';

export type ReaderMark = { readonly position_mm: Triple; readonly confidence: number };
/** `own` marks go when they are dismissed; the AI's stay to be seen. */
export type Item = { readonly id: string; readonly position_mm: Triple; readonly confidence: number; readonly own: boolean; readonly state: FindingState };

const same = (a: ReaderMark, b: ReaderMark): boolean => a.position_mm.every((value, axis) => Math.abs(value - (b.position_mm[axis] ?? 0)) < 0.01);

/** The list that a case begins with: the AI's marks, of which those the reader kept are accepted, and his own. */
export function begin(marks: readonly ReaderMark[], candidates: readonly ReaderMark[]): Item[] {
  const suggested = candidates.map((one, n): Item => {
    const kept = marks.find((mark) => same(mark, one));
    return { id: `ai-${n}`, position_mm: one.position_mm, confidence: kept?.confidence ?? one.confidence, own: false, state: kept === undefined ? 'open' : 'accepted' };
  });
  const own = marks.filter((mark) => !candidates.some((one) => same(one, mark)));
  return [...suggested, ...own.map((one, n): Item => ({ id: `own-${n}`, ...one, own: true, state: 'accepted' }))];
}

export function judge(items: readonly Item[], id: string, state: FindingState): Item[] {
  return items.filter((one) => one.id !== id || !one.own || state !== 'dismissed').map((one) => (one.id === id ? { ...one, state: one.own ? 'accepted' : state } : one));
}

export const add = (items: readonly Item[], position_mm: Triple, confidence: number): Item[] => [
  ...items,
  { id: `own-${Math.max(-1, ...items.filter((one) => one.own).map((one) => Number(one.id.slice(4)))) + 1}`, position_mm, confidence, own: true, state: 'accepted' },
];

/** Sure of an AI's mark, the reader has accepted it. */
export const rate = (items: readonly Item[], id: string, confidence: number): Item[] =>
  items.map((one) => (one.id === id ? { ...one, confidence, state: 'accepted' } : one));

/** What the server is told: the reader's own and the accepted ones. */
export const marksOf = (items: readonly Item[]): ReaderMark[] =>
  items.filter((one) => one.state === 'accepted').map(({ position_mm, confidence }) => ({ position_mm, confidence }));

export const findingsOf = (items: readonly Item[]): Finding[] =>
  items.map(({ id, position_mm, confidence, state }) => ({ id, position_mm, score: confidence, state }));
