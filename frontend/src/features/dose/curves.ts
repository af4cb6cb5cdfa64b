/** The curves of the histogram panel: which there are, in the order of the structure list. */
import type { Dvh } from '../../lib/dvh';
import type { SceneState } from '../../viewer/scene';
import { curveKey, type CurveKind } from './dvh-book';

export type Curve = {
  readonly key: string;
  readonly structureId: string;
  readonly name: string;
  readonly colour: string;
  readonly kind: CurveKind;
  /** The number of the revision where the curve is that of the saved one. */
  readonly revision: number | null;
  readonly active: boolean;
  /** Null until it has been counted. */
  readonly dvh: Dvh | null;
};

type Shown = Pick<SceneState, 'structures' | 'activeId' | 'comparison'>;

/**
 * Each visible structure that holds anything, followed by its saved revision where that differs and by a comparison,
 * which has the colour of its outline in the views.
 */
export function curvesOf(
  { structures, activeId, comparison }: Shown,
  counted: ReadonlyMap<string, Dvh>,
  savedNumber: (structureId: string) => number | null,
): Curve[] {
  const found: Curve[] = [];
  for (const { id, name, colour, visible, count } of structures) {
    if (!visible) continue;
    const add = (kind: CurveKind, shown: string, revision: number | null = null): void => {
      const key = curveKey(kind, id);
      found.push({ key, structureId: id, name, colour: shown, kind, revision, active: id === activeId, dvh: counted.get(key) ?? null });
    };
    if (count > 0) add('now', colour);
    const saved = savedNumber(id);
    if (saved !== null) add('saved', colour, saved);
    if (comparison?.structureId === id) add('compared', comparison.colour);
  }
  return found;
}
