/** Figures of statistics as papers write them. */
import { formatRatio } from '../../ui/format';

export type Estimate = { value: number; low: number | null; high: number | null };

/** A p value: three decimals, below that `< 0.001`. */
export function formatP(p: number | null | undefined): string {
  if (p === null || p === undefined || Number.isNaN(p)) return '–';
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}

/** `0.71 (0.62–0.80)`; limits below zero are parted by words, where a dash would read as a minus. */
export function formatEstimate(found: Estimate | null | undefined, digits = 2): string {
  if (found === null || found === undefined) return '–';
  if (found.low === null || found.high === null) return formatRatio(found.value, digits);
  const dash = found.low < 0 ? ' … ' : '–';
  return `${formatRatio(found.value, digits)} (${formatRatio(found.low, digits)}${dash}${formatRatio(found.high, digits)})`;
}

/** The same of a figure that may have been refused. */
export const formatPartial = (found: Partial<Estimate> | null | undefined, digits = 2): string =>
  found?.value === undefined ? '–' : formatEstimate({ value: found.value, low: found.low ?? null, high: found.high ?? null }, digits);
