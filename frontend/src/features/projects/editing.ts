/** Lists that are edited as a whole: a row changed, moved, taken out. */

export const replaced = <T>(rows: readonly T[], index: number, part: Partial<T>): T[] =>
  rows.map((row, at) => (at === index ? { ...row, ...part } : row));

export const without = <T>(rows: readonly T[], index: number): T[] => rows.filter((_, at) => at !== index);

/** The row exchanged with its neighbour; the ends stay. */
export function moved<T>(rows: readonly T[], index: number, by: -1 | 1): T[] {
  const row = rows[index];
  const other = rows[index + by];
  if (row === undefined || other === undefined) return [...rows];
  return rows.map((one, at) => (at === index ? other : at === index + by ? row : one));
}

/** Names that stand more than once. */
export function doubled(names: readonly string[]): Set<string> {
  return new Set(names.filter((name, index) => names.indexOf(name) !== index));
}

/** A structure's name as TG-263 allows it to be written. */
export const isStructureName = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9_^!~+.-]{0,63}$/.test(name);
