import { useT } from '../../i18n';
import { formatRatio } from '../../ui/format';
import { seriesColour } from '../training/colours';
import { pathOf, Plot, PlotLegend, type Point, type Range } from './plot';
import css from './plots.module.css';

export type NamedCurve = { readonly name: string; readonly note?: string; readonly points: readonly Point[]; readonly limits?: readonly Range[] };

const SHARE = { low: 0, high: 1 };
const UNIT = [0, 1];
const DIAGONAL = [
  { x: 0, y: 0 },
  { x: 1, y: 1 },
];

type PlotProps = { title: string; curves: readonly NamedCurve[] };

const legendOf = (curves: readonly NamedCurve[]) =>
  curves.map(({ name, note }, index) => ({ name, ink: seriesColour(index), ...(note === undefined ? {} : { note }) }));

const saidOf = (curves: readonly NamedCurve[]): string => curves.map(({ name, note }) => `${name} ${note ?? ''}`.trim()).join('; ');

/** Sensitivity over 1 − specificity, with the line of chance. */
export function RocPlot({ title, curves }: PlotProps) {
  const t = useT();
  return (
    <div className={css.beside}>
      <Plot
        title={title}
        said={saidOf(curves)}
        x={{ label: t('cohort.roc.x'), values: UNIT, bounds: SHARE }}
        y={{ label: t('cohort.roc.y'), values: UNIT, bounds: SHARE }}
      >
        {(place) => (
          <>
            <polyline className={css.none} points={pathOf(DIAGONAL, place)} fill="none" />
            {curves.map(({ name, points }, index) => (
              <polyline key={name} className={css.line} stroke={seriesColour(index)} points={pathOf(points, place)} />
            ))}
          </>
        )}
      </Plot>
      <PlotLegend items={legendOf(curves)} />
    </div>
  );
}

/** What was observed over what was predicted, with the line where both are the same. */
export function CalibrationPlot({ title, curves }: PlotProps) {
  const t = useT();
  return (
    <div className={css.beside}>
      <Plot
        title={title}
        said={saidOf(curves)}
        x={{ label: t('cohort.calibration.x'), values: UNIT, bounds: SHARE }}
        y={{ label: t('cohort.calibration.y'), values: UNIT, bounds: SHARE }}
      >
        {(place) => (
          <>
            <polyline className={css.none} points={pathOf(DIAGONAL, place)} fill="none" />
            {curves.map(({ name, points, limits }, index) => (
              <g key={name}>
                {limits?.map(({ x, low, high }) => (
                  <line key={x} x1={place.x(x)} x2={place.x(x)} y1={place.y(low)} y2={place.y(high)} stroke={seriesColour(index)} opacity={0.45} />
                ))}
                <polyline className={css.line} stroke={seriesColour(index)} points={pathOf(points, place)} />
                {points.map(({ x, y }, at) => (
                  <circle key={at} cx={place.x(x)} cy={place.y(y)} r={3} fill={seriesColour(index)} />
                ))}
              </g>
            ))}
          </>
        )}
      </Plot>
      <PlotLegend items={legendOf(curves)} />
    </div>
  );
}

/** The parts of a curve that are not below the plot. */
export function partsOf(points: readonly Point[], least: number): Point[][] {
  const parts: Point[][] = [[]];
  for (const point of points) {
    if (point.y >= least) parts.at(-1)?.push(point);
    else if (parts.at(-1)?.length !== 0) parts.push([]);
  }
  return parts.filter((part) => part.length > 0);
}

/** Net benefit over the threshold, beside treating all and treating none. */
export function DecisionPlot({ title, curves, all }: PlotProps & { all: readonly Point[] }) {
  const t = useT();
  const shown = curves.flatMap(({ points }) => points);
  const least = -0.05;
  const top = Math.max(0.05, ...shown.map(({ y }) => y), ...all.map(({ y }) => y));
  return (
    <div className={css.beside}>
      <Plot
        title={title}
        said={curves.map(({ name, points }) => `${name} ${formatRatio(points[0]?.y, 2)}`).join('; ')}
        x={{ label: t('cohort.decision.x'), values: [0, ...shown.map(({ x }) => x)], bounds: SHARE }}
        y={{ label: t('cohort.decision.y'), values: [least, top], bounds: { low: least } }}
      >
        {(place) => (
          <>
            {partsOf(all, least).map((part) => (
              <polyline key={part[0]?.x} className={css.none} points={pathOf(part, place)} fill="none" />
            ))}
            <line className={css.none} x1={place.x(0)} x2={place.x(Math.max(...shown.map(({ x }) => x)))} y1={place.y(0)} y2={place.y(0)} />
            {curves.flatMap(({ name, points }, index) =>
              partsOf(points, least).map((part) => (
                <polyline key={`${name} ${part[0]?.x}`} className={css.line} stroke={seriesColour(index)} points={pathOf(part, place)} />
              )),
            )}
          </>
        )}
      </Plot>
      <PlotLegend items={[...legendOf(curves), { name: t('cohort.decision.references'), ink: 'var(--text-faint)', dashed: true }]} />
    </div>
  );
}
