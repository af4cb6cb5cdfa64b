/** The lines of a score card: a protocol's objectives for the structures that are drawn, and those that nobody drew. */
import type { Objective, Protocol, Structure } from '../../api/types';
import { metricOf, parseMetric, type Metric } from '../../lib/dose-metric';
import type { Dvh } from '../../lib/dvh';
import { bestOf, judge, judgeAny, judgeUnion, partDecides, type Judgement, type Reason } from '../../lib/objectives';
import type { ShownStructure } from '../../viewer/scene';
import { curveKey, unionId } from './dvh-book';

type Shown = Pick<ShownStructure, 'id' | 'name' | 'colour'>;
/** A name that the protocol wants; of no structure where nobody drew it, or where several are called so in a group. */
export type Member = {
  readonly wanted: string;
  readonly structure: Shown | null;
  /** How often it is drawn. */
  readonly times: number;
  /** In a group: of this structure alone. */
  readonly value: number | null;
};
/** One of the ways to keep a group's objective. */
export type Way = {
  readonly group: 'any' | 'union';
  readonly limit: number;
  readonly variation: number | null;
  readonly judgement: Judgement;
};

export type Line = {
  readonly key: string;
  readonly objective: Objective;
  readonly metric: Metric;
  /** The structures that it is of, by their TG-263 names in the protocol: one, or those of a group. */
  readonly members: readonly [Member, ...Member[]];
  /** Of a group, once it is counted: the objective and its alternative, of which keeping one is enough. */
  readonly ways: readonly Way[];
  /** Null until its histograms have been counted. */
  readonly now: Judgement | null;
  /** The value of the saved revision where the contour differs from it; of a group none. */
  readonly savedValue: number | null;
  /** Part of the volume inside the dose grid, 0 to 1, and that volume; of a group neither is asked for. */
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

type Counted = ReadonlyMap<string, Dvh>;
type Present = ReturnType<typeof byName>;

/** The objectives as they are judged: of what is the whole of a union where that is drawn. */
const settled = ({ objectives }: Protocol, present: Present): Objective[] =>
  objectives.map((one) => (one.whole && present.has(one.whole) ? { ...one, structures: [one.whole], group: 'each' } : one));

/** What a protocol needs counted: the ids of structures, and of those that count as one volume. */
export function neededOf(protocol: Protocol | null, drawn: Drawn): { ids: ReadonlySet<string>; unions: readonly (readonly string[])[] } {
  const present = byName(drawn);
  const objectives = protocol === null ? [] : settled(protocol, present);
  const wanted = new Set(objectives.flatMap((one) => one.structures));
  const ids = new Set([...present].flatMap(([name, found]) => (wanted.has(name) ? found.map((one) => one.id) : [])));
  const unions = objectives.flatMap((one) => {
    const metric = parseMetric(one.metric);
    const members = idsOf(membersOf(one, present));
    const asked = one.group === 'union' || one.alternative?.group === 'union';
    const counts = members.length === one.structures.length || (metric !== null && partDecides(metric));
    return asked && counts && members.length > 1 ? [members] : [];
  });
  return { ids, unions };
}

type Found = Omit<Member, 'value'>;

function membersOf({ structures }: Objective, present: Present): Found[] {
  return structures.map((wanted) => {
    const found = present.get(wanted) ?? [];
    return { wanted, times: found.length, structure: found.length === 1 ? (found[0] ?? null) : null };
  });
}

const idsOf = (members: readonly Found[]): string[] => members.flatMap(({ structure }) => structure?.id ?? []);

/** Why a group cannot be taken as a whole: somebody is missing, or was drawn more than once. */
function lackingOf(members: readonly Found[]): Reason | null {
  if (members.some(({ times }) => times === 0)) return 'not-contoured';
  return members.some(({ times }) => times > 1) ? 'ambiguous' : null;
}

const unknown = (reason: Reason): Judgement => ({ verdict: 'unknown', value: null, reason });
const NOT_COUNTED = { savedValue: null, covered: 1, insideCc: 0 };

/** The ways to keep a group's objective; those whose histograms have not been counted are left out. */
function waysOf(objective: Objective, metric: Metric, members: readonly Found[], counted: Counted): Way[] {
  const { comparison, alternative } = objective;
  const [ids, lacking] = [idsOf(members), lackingOf(members)];
  return [objective, ...(alternative ? [alternative] : [])].flatMap(({ group, limit, variation }): Way[] => {
    const target = { metric, comparison, limit, variation };
    const whole = lacking === null || partDecides(metric);
    const wanted = group !== 'union' ? ids : whole && ids.length > 0 ? [unionId(ids)] : [];
    const dvhs = wanted.flatMap((id) => counted.get(curveKey('now', id)) ?? []);
    if (dvhs.length < wanted.length) return [];
    const judgement = group === 'union' ? judgeUnion(target, dvhs[0] ?? null, lacking) : judgeAny(target, dvhs, lacking);
    return judgement === null ? [] : [{ group: group === 'union' ? 'union' : 'any', limit, variation, judgement }];
  });
}

/** The line of a group, judged by its structures that are drawn once each when these are counted. */
function groupLine(objective: Objective, metric: Metric, key: string, present: Present, counted: Counted): Line[] {
  const members = membersOf(objective, present).map((one): Member => {
    const dvh = one.structure === null ? undefined : counted.get(curveKey('now', one.structure.id));
    const value = dvh === undefined ? NaN : metricOf(metric, dvh);
    return { ...one, value: Number.isNaN(value) ? null : value };
  });
  const [first, ...others] = members;
  if (first === undefined) return [];
  const ways = waysOf(objective, metric, members, counted);
  const [best, ...rest] = ways.map((way) => way.judgement);
  const complete = ways.length === (objective.alternative ? 2 : 1);
  const now = best === undefined || !complete ? null : bestOf([best, ...rest]);
  return [{ ...NOT_COUNTED, key, objective, metric, members: [first, ...others], ways, now }];
}

/** Where a line stands: what fails first, what nobody drew last, and what is not counted yet where it will most likely be. */
const ATTENTION = { fail: 0, variation: 1, unknown: 2, pass: 3 } as const;

/** Whether nobody drew any structure of a line. */
export const isAbsent = ({ members }: Line): boolean => members.every(({ times }) => times === 0);

/**
 * A line for each structure of each objective, of a group one: what needs attention first, each by priority and in
 * the protocol's order; what nobody drew comes last.
 */
export function linesOf(protocol: Protocol, drawn: Drawn, counted: Counted, differs: (structureId: string) => boolean): Line[] {
  const present = byName(drawn);
  const lines = settled(protocol, present).flatMap((objective, n) => {
    const metric = parseMetric(objective.metric);
    if (metric === null) return [];
    if (objective.group !== 'each') return groupLine(objective, metric, String(n), present, counted);
    return objective.structures.flatMap((wanted): Line[] => {
      const base = { objective, metric, ways: [] };
      const found = present.get(wanted);
      const key = `${n} ${wanted}`;
      if (found === undefined) return [{ ...base, ...NOT_COUNTED, key, members: [{ wanted, structure: null, times: 0, value: null }], now: unknown('not-contoured') }];
      return found.map((structure) => {
        const judged = (dvh: Dvh | undefined): Judgement | null => (dvh === undefined ? null : judge({ ...objective, metric }, dvh));
        const dvh = counted.get(curveKey('now', structure.id));
        const saved = differs(structure.id) ? counted.get(curveKey('saved', structure.id)) : undefined;
        const savedValue = judged(saved)?.value ?? null;
        return { ...base, key: `${key} ${structure.id}`, members: [{ wanted, structure, times: 1, value: null }], now: judged(dvh), savedValue,
          covered: dvh?.covered ?? 1, insideCc: dvh?.insideCc ?? 0 }; // prettier-ignore
      });
    });
  });
  const rank = (line: Line): number => (isAbsent(line) ? 4 : ATTENTION[line.now?.verdict ?? 'pass']);
  return lines.toSorted((a, b) => rank(a) - rank(b) || a.objective.priority - b.objective.priority);
}

const withheld = (judged: Judgement): Judgement =>
  judged.verdict === 'unknown' ? judged : { ...judged, verdict: 'unknown', reason: 'part-of-plan' };

/** A line with its values and no verdict: the dose that it is held against is not all that the plan delivers. */
export const unjudged = (line: Line): Line => ({
  ...line,
  ways: line.ways.map((way) => ({ ...way, judgement: withheld(way.judgement) })),
  now: line.now && withheld(line.now),
});

export type Mark = {
  readonly key: string;
  /** Where on the chart the curve is to pass. */
  readonly gy: number;
  readonly share: number;
  /** The side that it is to pass on. */
  readonly towards: 'left' | 'right' | 'down' | 'up';
  readonly line: Line;
};

/** The objectives of a structure that are points of the chart; a mean is none, nor is what a group wants. */
export function marksOf(lines: readonly Line[], structureId: string | null): Mark[] {
  return lines.flatMap((line): Mark[] => {
    const { metric, objective, insideCc, members, key } = line;
    if (structureId === null || members.length > 1 || members[0].structure?.id !== structureId || metric.kind === 'mean' || insideCc === 0) return [];
    const { limit, comparison } = objective;
    const most = comparison === 'at-most';
    const share = { min: 1, max: 0, 'dose-at-percent': metric.number / 100, 'dose-at-cc': metric.number / insideCc,
      'percent-at-gy': limit / 100, 'cc-at-gy': limit / insideCc }[metric.kind]; // prettier-ignore
    if (share > 1) return [];
    if (metric.letter === 'V') return [{ key, line, gy: metric.number, share, towards: most ? 'down' : 'up' }];
    return [{ key, line, gy: limit, share, towards: most ? 'left' : 'right' }];
  });
}
