/** The order in which a structure set is worked through: what the project wants first, what only supports last. */
import type { Structure, StructureSet } from '../../api/types';

const SIDED = /^(.+)_[LR](?=_|$)/;
/** Regions that the worker finds by rule to help others; a set that came from elsewhere lists its lungs as organs. */
const BY_RULE: ReadonlySet<string> = new Set(['External', 'Lung_R', 'Lung_L', 'Bones']);
const SUPPORT: ReadonlySet<string> = new Set(['EXTERNAL', 'SUPPORT', 'BOLUS']);

const pairOf = (name: string): string => SIDED.exec(name)?.[1] ?? name;

/**
 * Structures by the project's template, then the others as they came, then body outline, couch and the regions by
 * rule that the template does not want; the two sides of a pair stand together.
 */
export function inOrder(structures: readonly Structure[], origin: StructureSet['origin'], wanted: readonly string[]): Structure[] {
  const last = wanted.length + structures.length;
  const rank = ({ name, kind }: Structure, at: number): number => {
    const place = wanted.indexOf(name);
    if (place >= 0) return place;
    const supports = SUPPORT.has(kind) || (origin === 'ai' && BY_RULE.has(name));
    return (supports ? last : wanted.length) + at;
  };
  const ranks = new Map(structures.map((one, at) => [one.id, rank(one, at)]));
  const own = ({ id }: Structure): number => ranks.get(id) ?? 0;
  const pairs = new Map<string, number>();
  for (const one of structures) pairs.set(pairOf(one.name), Math.min(pairs.get(pairOf(one.name)) ?? Infinity, own(one)));
  const ofPair = ({ name }: Structure): number => pairs.get(pairOf(name)) ?? 0;
  return [...structures].sort((a, b) => ofPair(a) - ofPair(b) || own(a) - own(b));
}
