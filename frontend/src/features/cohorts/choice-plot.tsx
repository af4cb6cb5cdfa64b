import { useT } from '../../i18n';
import { formatRatio } from '../../ui/format';
import { seriesColour } from '../training/colours';
import { pathOf, Plot, PlotLegend, type Point } from './plot';
import css from './plots.module.css';

export type Criterion = { readonly name: string; readonly points: readonly Point[] };

/** Criteria over the number of clusters, with a line at the number that was chosen. */
export function ChoicePlot({ criteria, chosen }: { criteria: readonly Criterion[]; chosen: number }) {
  const t = useT();
  const points = criteria.flatMap((one) => one.points);
  return (
    <div className={css.beside}>
      <Plot
        title={t('cohort.subtypes.criteria')}
        said={criteria.map((one) => `${one.name}: ${one.points.map(({ x, y }) => `${x} ${formatRatio(y, 2)}`).join(', ')}`).join('; ')}
        x={{ label: t('cohort.subtypes.k'), values: points.map(({ x }) => x), bounds: { low: 1, whole: true } }}
        y={{ label: t('cohort.subtypes.criterion'), values: [0, ...points.map(({ y }) => y)] }}
      >
        {(place) => (
          <>
            <line className={css.none} x1={place.x(chosen)} x2={place.x(chosen)} y1={10} y2={230} />
            {criteria.map(({ name, points: shown }, index) => (
              <g key={name}>
                <polyline className={css.line} stroke={seriesColour(index)} points={pathOf(shown, place)} />
                {shown.map(({ x, y }) => (
                  <circle key={x} cx={place.x(x)} cy={place.y(y)} r={3} fill={seriesColour(index)} />
                ))}
              </g>
            ))}
          </>
        )}
      </Plot>
      <PlotLegend items={criteria.map(({ name }, index) => ({ name, ink: seriesColour(index) }))} />
    </div>
  );
}
