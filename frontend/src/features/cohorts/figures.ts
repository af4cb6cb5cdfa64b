/** Figures of statistics as papers write them. */

/** A p value: three decimals, below that `< 0.001`. */
export function formatP(p: number | null | undefined): string {
  if (p === null || p === undefined || Number.isNaN(p)) return '–';
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}
