/** Numbers of maps as they are printed. */
import { endOf, isSigned, mapColour, type Range } from '../../viewer/map-colours';

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

const STEPS = 40;

/** The colours as a gradient for CSS, from the highest value on, clear where the map is. */
export function legendBar(direction: string, range: Range, threshold: number): string {
  const first = isSigned(range) ? -1 : 0;
  const stops = Array.from({ length: STEPS }, (_, n) => {
    const share = 1 - ((n + 0.5) / STEPS) * (1 - first);
    const colour = Math.abs(share) >= threshold ? mapColour(range, share) : 'transparent';
    return `${colour} ${(100 * n) / STEPS}% ${(100 * (n + 1)) / STEPS}%`;
  });
  return `linear-gradient(${direction}, ${stops.join(', ')})`;
}
