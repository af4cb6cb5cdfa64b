/** Point findings: places in the patient with a score, each to be judged; and the way from one to the next. */
import type { Triple } from './bits';

export const FINDING_STATES = ['open', 'accepted', 'dismissed'] as const;
export type FindingState = (typeof FINDING_STATES)[number];

export type Finding = {
  readonly id: string;
  /** Patient position (LPS). */
  readonly position_mm: Triple;
  /** Of a network from 0 to 1, of a reader whatever the study's scale is; null where there is none. */
  readonly score: number | null;
  readonly state: FindingState;
};

/** A score of a network as it is printed: `87 %`. */
export const percentScore = (score: number): string => `${Math.round(100 * score)} %`;

/** The finding `step` places after (or before) this one, round the list; without one the first (or the last). */
export function stepped(findings: readonly Finding[], id: string | null, step: 1 | -1): Finding | null {
  const at = findings.findIndex((one) => one.id === id);
  const from = at < 0 && step < 0 ? 0 : at;
  return findings[(from + step + findings.length) % findings.length] ?? null;
}

/** The finding after this one, round the list, that nobody has judged; null where all others are. */
export function nextOpen(findings: readonly Finding[], id: string): Finding | null {
  const after = findings.findIndex((one) => one.id === id) + 1;
  const round = [...findings.slice(after), ...findings.slice(0, after)];
  return round.find((one) => one.state === 'open' && one.id !== id) ?? null;
}

/** How clearly a mark is drawn on a slice so far (mm) from its place: 1 on it, 0 where it is not drawn any more. */
export function nearness(awayMm: number, sliceMm: number): number {
  if (awayMm <= sliceMm / 2) return 1;
  const reach = Math.max(REACH_MM, 1.5 * sliceMm);
  return awayMm >= reach ? 0 : 0.2 + 0.4 * (1 - awayMm / reach);
}

/** A mark is still to be seen on slices so near, so that scrolling does not step over it. */
const REACH_MM = 6;
