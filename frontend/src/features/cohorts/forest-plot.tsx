import { tickLabel } from '../../ui/scale';
import css from './plots.module.css';

export type ForestRow = { readonly name: string; readonly ratio: number; readonly low: number; readonly high: number; readonly text: string };

const WIDTH = 760;
const LEFT = 250;
const RIGHT = WIDTH - 190;
const TOP = 8;
const STEP = 24;
const FOOT = 40;
const STEPS = [1, 2, 5] as const;
const MOST_DECADES = 4;

/** Round ratios of a logarithmic axis between two limits; at most some ten. */
export function ratioTicks(low: number, high: number): number[] {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const steps = last - first > 2 ? [1] : STEPS;
  return Array.from({ length: last - first + 1 }, (_, index) => steps.map((step) => step * 10 ** (first + index)))
    .flat()
    .map((tick) => Number(tick.toPrecision(6)))
    .filter((tick) => tick >= low && tick <= high);
}

/** The axis' limits: around 1 and all ratios, but no wider than four decades to a side. */
export function ratioLimits(rows: readonly Pick<ForestRow, 'low' | 'high'>[]): [number, number] {
  const most = 10 ** MOST_DECADES;
  const low = Math.max(1 / most, Math.min(0.5, ...rows.map((row) => row.low)));
  const high = Math.min(most, Math.max(2, ...rows.map((row) => row.high)));
  return [low * 0.9, high * 1.1];
}

/** Hazard (or odds) ratios with their 95 % intervals on a logarithmic axis; the line is at no effect. */
export function ForestPlot({ title, axis, rows }: { title: string; axis: string; rows: readonly ForestRow[] }) {
  const [low, high] = ratioLimits(rows);
  const bottom = TOP + rows.length * STEP;
  const at = (value: number): number => {
    const share = (Math.log(Math.min(high, Math.max(low, value))) - Math.log(low)) / (Math.log(high) - Math.log(low));
    return LEFT + share * (RIGHT - LEFT);
  };
  const said = rows.map(({ name, text }) => `${name} ${text}`).join('; ');
  return (
    <figure className={css.figure}>
      <h3>{title}</h3>
      <svg className={css.forest} viewBox={`0 0 ${WIDTH} ${bottom + FOOT}`} role="img" aria-label={`${title}. ${said}`}>
        {ratioTicks(low, high).map((tick) => (
          <g key={tick}>
            <line className={css.grid} x1={at(tick)} x2={at(tick)} y1={TOP} y2={bottom} />
            <text x={at(tick)} y={bottom + 15} textAnchor="middle">
              {tickLabel(tick)}
            </text>
          </g>
        ))}
        <line className={css.none} x1={at(1)} x2={at(1)} y1={TOP} y2={bottom} />
        <line className={css.axis} x1={LEFT} x2={RIGHT} y1={bottom} y2={bottom} />
        <text x={(LEFT + RIGHT) / 2} y={bottom + 32} textAnchor="middle">
          {axis}
        </text>
        {rows.map((row, index) => {
          const y = TOP + (index + 0.5) * STEP;
          return (
            <g key={row.name}>
              <text x={LEFT - 10} y={y + 4} textAnchor="end">
                {row.name.length > 36 ? `…${row.name.slice(-35)}` : row.name}
                <title>{row.name}</title>
              </text>
              <line className={css.whisker} x1={at(row.low)} x2={at(row.high)} y1={y} y2={y} />
              <rect className={css.mark} x={at(row.ratio) - 4} y={y - 4} width={8} height={8} />
              <text x={WIDTH} y={y + 4} textAnchor="end">
                {row.text}
              </text>
            </g>
          );
        })}
      </svg>
    </figure>
  );
}
