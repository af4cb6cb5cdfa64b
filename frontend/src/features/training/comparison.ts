/** What a comparison's table says, as rows of a plot and of a CSV file. */
import type { ComparisonResults, EntryResult, Interval } from '../../api/types';

export const MEASURES = ['dice', 'surface_dice', 'hd95_mm'] as const;
export type Measure = (typeof MEASURES)[number];
/** What a plot shows: the mean over all structures, or one measure of one. */
export type Plotted = 'mean' | { structure: string; measure: Measure };

export const figureOf = (entry: EntryResult, what: Plotted): Interval | null =>
  what === 'mean' ? entry.mean_dice_interval : (entry.structures[what.structure]?.[what.measure] ?? null);

export type Standing = 'best' | 'worse' | 'notSurely' | 'failed';

/** How an entry stands beside the best; overlapping or unknown intervals decide nothing. */
export function standing(entry: EntryResult): Standing {
  if (entry.rank === null) return 'failed';
  if (entry.rank === 1) return 'best';
  return entry.surely_worse ? 'worse' : 'notSurely';
}

const three = (name: string): string[] => [name, `${name}_low`, `${name}_high`];
const HEAD = [
  ['rank', 'entry', 'architecture', ...three('mean_dice'), 'surely_worse', ...three('difference')],
  ['training_minutes', 'iterations', 'parameters', 'prediction_seconds', 'peak_mib', 'problem'],
  ['structure', 'n', 'missed', ...MEASURES.flatMap(three)],
].flat();

type Cell = string | number | boolean | null | undefined;

const parts = (found: Interval | null | undefined): Cell[] => [found?.mean, found?.low, found?.high];
const quoted = (cell: Cell): string => {
  const text = String(cell ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** One line for each entry and structure, of a failed entry one; for spreadsheets and statistics. */
export function csvOf(results: ComparisonResults): string {
  const lines = results.entries.flatMap((entry): Cell[][] => {
    const { training } = entry;
    const whole: Cell[] = [
      [entry.rank, entry.name, entry.architecture, ...parts(entry.mean_dice_interval), entry.surely_worse],
      [...parts(entry.difference?.all), training?.minutes, training?.iterations, training?.parameters],
      [entry.seconds, entry.peak_mib, entry.problem?.detail],
    ].flat();
    if (entry.rank === null) return [whole];
    return Object.entries(entry.structures).map(([name, found]) => [
      ...whole,
      name,
      found.n,
      found.missed,
      ...MEASURES.flatMap((measure) => parts(found[measure])),
    ]);
  });
  const width = HEAD.length;
  const padded = lines.map((line) => [...line, ...Array<Cell>(width - line.length).fill(null)]);
  return [HEAD, ...padded].map((line) => line.map(quoted).join(',')).join('\r\n') + '\r\n';
}
