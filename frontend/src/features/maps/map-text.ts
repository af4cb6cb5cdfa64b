/** Numbers of maps as they are printed. */
import { endOf, isSigned, type Range } from '../../viewer/map-colours';

/** A value with as many digits as the end of the range has with `places`: `0.45`, `−0.0012`; an exact 0 stays `0`. */
export function valueText(value: number, range: Range, places = 2): string {
  if (value === 0) return '0';
  const digits = Math.max(0, places - 1 - Math.floor(Math.log10(endOf(range))));
  const text = value.toFixed(Math.min(12, digits)).replace('-', '−');
  return value > 0 && isSigned(range) ? `+${text}` : text;
}

/** The values that a legend names, the highest first. */
export function legendValues(range: Range): number[] {
  const end = endOf(range);
  return (isSigned(range) ? [1, 0.5, 0, -0.5, -1] : [1, 0.8, 0.6, 0.4, 0.2, 0]).map((share) => share * end);
}
