/** Which structures of a set follow which. */
import type { Structure } from '../../api/types';
import { sourcesOf } from './expression';

/** The structures that follow any of these, directly or through others; what stands overridden follows nothing. */
export function followersOf(structures: readonly Structure[], ids: ReadonlySet<string>): Structure[] {
  const found = new Set(ids);
  const follows = ({ id, derivation }: Structure): boolean =>
    !found.has(id) && derivation !== null && derivation.status !== 'overridden' && sourcesOf(derivation.expression).some((one) => found.has(one));
  for (let next = structures.find(follows); next !== undefined; next = structures.find(follows)) found.add(next.id);
  return structures.filter((one) => found.has(one.id) && !ids.has(one.id));
}

/** Whether a structure is this one, or derived from it: it cannot be its source. */
export function dependsOn(structures: readonly Structure[], candidate: Structure, id: string): boolean {
  const reached = new Set([candidate.id]);
  for (const one of reached) {
    const derivation = structures.find((row) => row.id === one)?.derivation;
    for (const source of derivation === undefined || derivation === null ? [] : sourcesOf(derivation.expression)) reached.add(source);
  }
  return reached.has(id);
}

/** Whether a structure is derived and not what its sources, or theirs, make of it now: nobody signs it. */
export const isStale = ({ derivation }: Structure): boolean => derivation !== null && derivation.status === 'stale';

/** Derived structures that are not what their sources make of them now. */
export const notFollowing = (structures: readonly Structure[]): Structure[] => structures.filter(isStale);
