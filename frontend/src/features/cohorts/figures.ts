/** Figures of statistics as papers write them. */
import { formatRatio } from '../../ui/format';

export type Estimate = { value: number; low: number | null; high: number | null };

/** A p value: three decimals, below that `< 0.001`. */
export function formatP(p: number | null | undefined): string {
  if (p === null || p === undefined || Number.isNaN(p)) return '–';
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}

/** `0.71 (0.62–0.80)`. */
export function formatEstimate(found: Estimate | null | undefined, digits = 2): string {
  if (found === null || found === undefined) return '–';
  if (found.low === null || found.high === null) return formatRatio(found.value, digits);
  return `${formatRatio(found.value, digits)} (${formatRatio(found.low, digits)}–${formatRatio(found.high, digits)})`;
}
