/** The lines of a score card: a protocol's objectives for the structures that are drawn, and those that nobody drew. */
import type { Objective, Protocol, Structure } from '../../api/types';
import { parseMetric, type Metric } from '../../lib/dose-metric';
import type { Dvh } from '../../lib/dvh';
import { judge, type Judgement } from '../../lib/objectives';
import type { ShownStructure } from '../../viewer/scene';
import { curveKey } from './dvh-book';

export type Line = {
  readonly key: string;
  readonly objective: Objective;
  readonly metric: Metric;
  /** TG-263 name in the protocol. */
  readonly wanted: string;
  /** Null where nobody drew it. */
  readonly structure: Pick<ShownStructure, 'id' | 'name' | 'colour'> | null;
  /** Null until its histogram has been counted. */
  readonly now: Judgement | null;
  /** The value of the saved revision where the contour differs from it. */
  readonly savedValue: number | null;
  /** Part of the volume inside the dose grid, 0 to 1, and that volume. */
  readonly covered: number;
  readonly insideCc: number;
};

export type Drawn = {
  readonly structures: readonly Pick<ShownStructure, 'id' | 'name' | 'colour' | 'count'>[];
  readonly records: readonly Pick<Structure, 'id' | 'standard_name'>[];
};

/** The structures that have one of a protocol's names and hold anything, by that name. */
function byName({ structures, records }: Drawn): Map<string, Drawn['structures'][number][]> {
  const names = new Map(records.map((one) => [one.id, one.standard_name]));
  const found = new Map<string, Drawn['structures'][number][]>();
  for (const one of structures) {
    const name = names.get(one.id);
    if (name && one.count > 0) found.set(name, [...(found.get(name) ?? []), one]);
  }
  return found;
}

/** Ids of the structures whose histograms a protocol needs. */
export function idsOf(protocol: Protocol | null, drawn: Drawn): ReadonlySet<string> {
  const wanted = new Set(protocol?.objectives.flatMap((one) => one.structures));
  return new Set([...byName(drawn)].flatMap(([name, found]) => (wanted.has(name) ? found.map((one) => one.id) : [])));
}

const NOT_CONTOURED: Judgement = { verdict: 'unknown', value: null, reason: 'not-contoured' };

/** A line for each structure of each objective, by priority and in the protocol's order; what nobody drew comes last. */
export function linesOf(
  protocol: Protocol,
  drawn: Drawn,
  counted: ReadonlyMap<string, Dvh>,
  differs: (structureId: string) => boolean,
): Line[] {
  const present = byName(drawn);
  const lines = protocol.objectives.flatMap((objective, n) => {
    const metric = parseMetric(objective.metric);
    if (metric === null) return [];
    return objective.structures.flatMap((wanted): Line[] => {
      const base = { objective, metric, wanted };
      const found = present.get(wanted);
      const key = `${n} ${wanted}`;
      if (found === undefined) return [{ ...base, key, structure: null, now: NOT_CONTOURED, savedValue: null, covered: 0, insideCc: 0 }];
      return found.map((structure) => {
        const judged = (dvh: Dvh | undefined): Judgement | null => (dvh === undefined ? null : judge({ ...objective, metric }, dvh));
        const dvh = counted.get(curveKey('now', structure.id));
        const saved = differs(structure.id) ? counted.get(curveKey('saved', structure.id)) : undefined;
        const savedValue = judged(saved)?.value ?? null;
        return { ...base, key: `${key} ${structure.id}`, structure, now: judged(dvh), savedValue, covered: dvh?.covered ?? 1, insideCc: dvh?.insideCc ?? 0 };
      });
    });
  });
  const drawnFirst = (line: Line): number => (line.structure === null ? 1 : 0);
  return lines.toSorted((a, b) => drawnFirst(a) - drawnFirst(b) || a.objective.priority - b.objective.priority);
}

export type Mark = {
  readonly key: string;
  /** Where on the chart the curve is to pass. */
  readonly gy: number;
  readonly share: number;
  /** The side that it is to pass on. */
  readonly towards: 'left' | 'right' | 'down' | 'up';
  readonly line: Line;
};

/** The objectives of a structure that are points of the chart; a mean is none. */
export function marksOf(lines: readonly Line[], structureId: string | null): Mark[] {
  return lines.flatMap((line): Mark[] => {
    const { metric, objective, insideCc, structure, key } = line;
    if (structureId === null || structure?.id !== structureId || metric.kind === 'mean' || insideCc === 0) return [];
    const { limit, comparison } = objective;
    const most = comparison === 'at-most';
    const share = { min: 1, max: 0, 'dose-at-percent': metric.number / 100, 'dose-at-cc': metric.number / insideCc,
      'percent-at-gy': limit / 100, 'cc-at-gy': limit / insideCc }[metric.kind]; // prettier-ignore
    if (share > 1) return [];
    if (metric.letter === 'V') return [{ key, line, gy: metric.number, share, towards: most ? 'down' : 'up' }];
    return [{ key, line, gy: limit, share, towards: most ? 'left' : 'right' }];
  });
}
