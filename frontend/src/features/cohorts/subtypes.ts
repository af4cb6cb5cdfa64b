/** What an analysis of subtypes found (`models.statistics.subtypes.analyse`), and what the page makes of it. */
import type { HeatMapData } from './heat-map';

export type ByK = { k: number; pac: number; silhouette: number; delta_area: number; sizes: number[]; cdf: number[]; gap: { z: number; p_adjusted: number } };
export type SubtypePatient = {
  patient: string;
  role: 'train' | 'test';
  subtype: number | null;
  candidate?: number;
  silhouette?: number | null;
  consensus?: number | null;
};
export type Characteristic = { feature: string; p: number; q: number | null; difference: (number | null)[] };
export type Associated = {
  column: string;
  kind: 'number' | 'category';
  unit: string;
  known: number;
  test: string | null;
  p: number | null;
  q: number | null;
  by_subtype: { subtype: number; counts?: Record<string, number>; n?: number; median?: number | null; q1?: number | null; q3?: number | null }[];
};
export type SubtypesResults = {
  kind: 'subtypes';
  counts: { patients: number; train: number; test: number; clustered: number; features: number; features_used: number };
  by_k: ByK[];
  cdf_points: number[];
  k: number;
  clusters_found: boolean;
  significance: { p: number; z: number; alpha: number; simulations: number };
  clusters: { cluster: number; size: number; jaccard: number; stable: boolean }[];
  noise: { mean: number | null; lowest: number | null; repeats: number };
  patients: SubtypePatient[];
  characteristics: Characteristic[];
  clinical: Associated[];
  /** By other contours, where that was asked for. */
  agreement?: { n: number; only_a: number; only_b: number; same: number; adjusted_rand: number; kappa: number | null };
  heat_map: {
    rows: string[];
    columns: string[];
    values: number[][];
    row_tree: number[][];
    annotations: { column: string; values: Record<string, number | string | null> }[];
  };
};

/** The map with patients from left to right; their cluster is the first bar. */
export function heatOf({ heat_map: map, patients }: SubtypesResults, clusterName: string): HeatMapData {
  const clusters = new Map(patients.map((one) => [one.patient, one.subtype ?? one.candidate ?? null]));
  return {
    patients: map.rows,
    features: map.columns,
    rows: map.columns.map((_, column) => map.values.map((row) => row[column] ?? null)),
    bars: [
      { name: clusterName, values: map.rows.map((name) => clusters.get(name) ?? null) },
      ...map.annotations.map(({ column, values }) => ({ name: column, values: map.rows.map((name) => values[name] ?? null) })),
    ],
    tree: map.row_tree,
  };
}

export type Branch = { readonly left: number; readonly right: number; readonly leftFrom: number; readonly rightFrom: number; readonly at: number };

/** Brackets of a tree (as of scipy): places in leaves from 0, heights from 0 to 1. */
export function branchesOf(tree: readonly (readonly number[])[]): Branch[] {
  const leaves = tree.length + 1;
  const place = leafPlaces(tree);
  const tallest = Math.max(1e-12, ...tree.map((node) => node[2] ?? 0));
  const nodes: { x: number; at: number }[] = Array.from({ length: leaves }, (_, leaf) => ({ x: place[leaf] ?? leaf, at: 0 }));
  return tree.map(([a = 0, b = 0, height = 0]) => {
    const [one, two] = [nodes[a] ?? { x: 0, at: 0 }, nodes[b] ?? { x: 0, at: 0 }];
    const [left, right] = one.x <= two.x ? [one, two] : [two, one];
    const at = height / tallest;
    nodes.push({ x: (left.x + right.x) / 2, at });
    return { left: left.x, right: right.x, leftFrom: left.at, rightFrom: right.at, at };
  });
}

/** At which place each leaf is when the tree is read from left to right. */
function leafPlaces(tree: readonly (readonly number[])[]): number[] {
  const leaves = tree.length + 1;
  const places: number[] = [];
  const waiting = [leaves + tree.length - 1];
  let next = 0;
  while (waiting.length > 0) {
    const node = waiting.pop() ?? 0;
    if (node < leaves) {
      places[node] = next;
      next += 1;
    } else {
      const [a = 0, b = 0] = tree[node - leaves] ?? [];
      waiting.push(b, a);
    }
  }
  return places;
}
