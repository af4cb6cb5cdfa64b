import { useT } from '../../i18n';
import { formatRatio } from '../../ui/format';
import { niceScale, tickLabel, toPixel, type Bounds } from '../../ui/scale';
import type { Interval } from '../../api/types';
import css from './training.module.css';

export type PlotRow = { name: string; value: Interval; ink: string };

const WIDTH = 760;
const LEFT = 232;
const RIGHT = WIDTH - 16;
const TOP = 8;
const STEP = 24;
const FOOT = 26;
const DOT = 4;
const TICKS = 5;

type PlotProps = { title: string; rows: readonly PlotRow[]; bounds: Partial<Bounds> };

/** A dot for each mean with its interval; the band is the first row's interval. */
export function IntervalPlot({ title, rows, bounds }: PlotProps) {
  const t = useT();
  const values = rows.flatMap(({ value }) => [value.mean, value.low ?? value.mean, value.high ?? value.mean]);
  const scale = niceScale(values, TICKS, bounds);
  const at = (value: number): number => toPixel(scale, value, LEFT, RIGHT);
  const bottom = TOP + rows.length * STEP;
  const first = rows[0]?.value;
  const said = rows.map(({ name, value }) => `${name} ${formatRatio(value.mean)}`).join(', ');
  return (
    <svg
      className={css.plot}
      viewBox={`0 0 ${WIDTH} ${bottom + FOOT}`}
      role="img"
      aria-label={t('compare.plotLabel', { what: title, values: said })}
    >
      {typeof first?.low === 'number' && typeof first.high === 'number' && (
        <rect className={css.band} x={at(first.low)} y={TOP} width={at(first.high) - at(first.low)} height={bottom - TOP} />
      )}
      {scale.ticks.map((tick) => (
        <g key={tick}>
          <line className={css.grid} x1={at(tick)} x2={at(tick)} y1={TOP} y2={bottom} />
          <text x={at(tick)} y={bottom + 15} textAnchor="middle">
            {tickLabel(tick)}
          </text>
        </g>
      ))}
      <line className={css.axis} x1={LEFT} x2={RIGHT} y1={bottom} y2={bottom} />
      {rows.map(({ name, value, ink }, index) => {
        const y = TOP + (index + 0.5) * STEP;
        return (
          <g key={name}>
            <text x={LEFT - 10} y={y + 4} textAnchor="end">
              {name}
            </text>
            {value.low !== null && value.high !== null && (
              <line x1={at(value.low)} x2={at(value.high)} y1={y} y2={y} stroke={ink} strokeWidth={2} />
            )}
            <circle cx={at(value.mean)} cy={y} r={DOT} fill={ink} />
          </g>
        );
      })}
    </svg>
  );
}
