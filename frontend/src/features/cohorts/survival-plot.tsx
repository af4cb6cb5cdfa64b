import { useT } from '../../i18n';
import { formatRatio } from '../../ui/format';
import { niceScale } from '../../ui/scale';
import { seriesColour } from '../training/colours';
import { Band, pathOf, Plot, PlotLegend, type Point, type Range } from './plot';
import css from './plots.module.css';
import { stepped, steppedRanges, valueAt } from './steps';

export type SurvivalCurve = {
  readonly name: string;
  readonly n: number;
  readonly points: readonly Point[];
  readonly limits: readonly Range[];
  readonly censored: readonly number[];
  /** How many are at risk at a time; null where nobody counted. */
  readonly atRisk: ((time: number) => number | undefined) | null;
};

const TICKS = 5;
const MARK = 3.5;
const ROW = 15;

type SurvivalProps = {
  title: string;
  yLabel: string;
  unit: string;
  curves: readonly SurvivalCurve[];
  /** Before the first event: 1 of survival, 0 of incidence. */
  start: 0 | 1;
  /** The times of the numbers at risk; without them round ticks of the axis. */
  times?: readonly number[];
};

function AtRisk({ curves, times, x, top }: { curves: readonly SurvivalCurve[]; times: readonly number[]; x: (time: number) => number; top: number }) {
  const t = useT();
  return (
    <g>
      <text x={4} y={top + 10}>
        {t('cohort.survival.atRisk')}
      </text>
      {curves.map(({ name, atRisk }, row) =>
        times.map((time) => (
          <text key={`${name} ${time}`} x={x(time)} y={top + 10 + (row + 1) * ROW} textAnchor="middle" style={{ fill: seriesColour(row) }}>
            {atRisk?.(time) ?? '–'}
          </text>
        )),
      )}
    </g>
  );
}

/** Steps with their 95 % bands, marks of censoring, and below the numbers at risk in the curves' colours. */
export function SurvivalPlot({ title, yLabel, unit, curves, start, times }: SurvivalProps) {
  const t = useT();
  const all = curves.flatMap(({ points }) => points.map(({ x }) => x));
  const ticks = times ?? niceScale([0, ...all], TICKS, { low: 0 }).ticks;
  const counted = curves.some(({ atRisk }) => atRisk !== null);
  const said = curves.map(({ name, n, points }) => `${name} (${n}): ${formatRatio(points.at(-1)?.y, 2)}`).join('; ');
  return (
    <div className={css.beside}>
      <Plot
        title={title}
        said={said}
        x={{ label: t('cohort.survival.time', { unit }), values: [0, ...all, ...ticks], bounds: { low: 0 } }}
        y={{ label: yLabel, values: [0, 1], bounds: { low: 0, high: 1 } }}
        {...(counted
          ? {
              below: {
                height: (curves.length + 1) * ROW + 8,
                draw: (place, top) => <AtRisk curves={curves} times={ticks} x={place.x} top={top} />,
              },
            }
          : {})}
      >
        {(place) =>
          curves.map(({ name, points, limits, censored }, index) => {
            const ink = seriesColour(index);
            const whole = points[0]?.x === 0 ? points : [{ x: 0, y: start }, ...points];
            return (
              <g key={name}>
                <Band ranges={steppedRanges(limits)} place={place} ink={ink} opacity={curves.length > 2 ? 0.07 : 0.16} />
                <polyline className={css.line} stroke={ink} points={pathOf(stepped(whole), place)} />
                {censored.map((time, at) => {
                  const y = place.y(valueAt(whole, time, start));
                  return <line key={at} stroke={ink} x1={place.x(time)} x2={place.x(time)} y1={y - MARK} y2={y + MARK} />;
                })}
              </g>
            );
          })
        }
      </Plot>
      <PlotLegend items={curves.map(({ name, n }, index) => ({ name, ink: seriesColour(index), note: t('cohort.n', { n }) }))} />
    </div>
  );
}
