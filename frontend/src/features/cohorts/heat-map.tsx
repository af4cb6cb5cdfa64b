import { useEffect, useRef, useState, type PointerEvent } from 'react';
import { useT } from '../../i18n';
import { formatRatio } from '../../ui/format';
import { tickLabel } from '../../ui/scale';
import { barOf, MOST_Z, RAMP, Z_RAMP, zColour, type AnnotationBar } from './heat';
import css from './plots.module.css';
import { branchesOf } from './subtypes';

export type HeatMapData = {
  /** From left to right. */
  readonly patients: readonly string[];
  /** From top to bottom. */
  readonly features: readonly string[];
  /** z-values [feature][patient], in those orders. */
  readonly rows: readonly (readonly (number | null)[])[];
  readonly bars: readonly AnnotationBar[];
  /** How the patients join, as of scipy, in the order of `patients`. */
  readonly tree: readonly (readonly number[])[];
};

const NAMED = 28;
const LEAST_HEIGHT = 160;
const MOST_HEIGHT = 620;
const ROW = 15;
const BAR_HEIGHT = 12;

function Colours({ colours, label }: { colours: readonly string[]; label: string }) {
  const element = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = element.current?.getContext('2d') ?? null;
    if (context === null) return;
    for (const [x, colour] of colours.entries()) {
      context.fillStyle = colour;
      context.fillRect(x, 0, 1, 1);
    }
  }, [colours]);
  return <canvas ref={element} width={colours.length} height={1} style={{ height: BAR_HEIGHT }} role="img" aria-label={label} />;
}

type CellsProps = { data: HeatMapData; height: number; onPoint: (cell: { row: number; column: number } | null) => void };

function Cells({ data, height, onPoint }: CellsProps) {
  const t = useT();
  const element = useRef<HTMLCanvasElement>(null);
  const { patients, features, rows } = data;
  useEffect(() => {
    const context = element.current?.getContext('2d') ?? null;
    if (context === null) return;
    const image = context.createImageData(patients.length, features.length);
    rows.forEach((row, y) =>
      row.forEach((z, x) => image.data.set([...zColour(z), 255], 4 * (y * patients.length + x))),
    );
    context.putImageData(image, 0, 0);
  }, [patients, features, rows]);
  const point = (event: PointerEvent<HTMLCanvasElement>): void => {
    const box = event.currentTarget.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * patients.length);
    const row = Math.floor(((event.clientY - box.top) / box.height) * features.length);
    onPoint(row >= 0 && row < features.length && column >= 0 && column < patients.length ? { row, column } : null);
  };
  return (
    <canvas
      ref={element}
      width={Math.max(1, patients.length)}
      height={Math.max(1, features.length)}
      style={{ height }}
      role="img"
      aria-label={t('cohort.heat.said', { patients: patients.length, features: features.length })}
      onPointerMove={point}
      onPointerLeave={() => onPoint(null)}
    />
  );
}

const TREE_HEIGHT = 70;

/** How patients join: a bracket a pair, as high as they differ. */
function Tree({ tree }: { tree: HeatMapData['tree'] }) {
  const t = useT();
  const width = tree.length + 1;
  const x = (place: number): number => place + 0.5;
  const y = (at: number): number => TREE_HEIGHT * (1 - 0.96 * at);
  const d = branchesOf(tree)
    .map(({ left, right, leftFrom, rightFrom, at }) => `M${x(left)} ${y(leftFrom)}V${y(at)}H${x(right)}V${y(rightFrom)}`)
    .join('');
  return (
    <svg className={css.tree} viewBox={`0 0 ${width} ${TREE_HEIGHT}`} height={TREE_HEIGHT} preserveAspectRatio="none" role="img" aria-label={t('cohort.heat.tree')}>
      <path d={d} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}

function Keys({ bars }: { bars: readonly ReturnType<typeof barOf>[] }) {
  const t = useT();
  return (
    <div className={css.keys}>
      <span>
        {t('cohort.heat.z')} −{MOST_Z} <span className={css.ramp} style={{ background: Z_RAMP }} /> +{MOST_Z}
      </span>
      {bars.map(({ name, keys, range }) => (
        <span key={name}>
          {name}
          {range !== null && (
            <>
              {' '}
              {tickLabel(range.low)} <span className={css.ramp} style={{ background: RAMP }} /> {tickLabel(range.high)}
            </>
          )}
          {keys.map(({ text, colour }) => (
            <span key={text}>
              <i style={{ background: colour }} />
              {text}
            </span>
          ))}
        </span>
      ))}
    </div>
  );
}

/** Patients (columns) by features (rows) in the order of their dendrograms, under bars of what else is known of them. */
export function HeatMap({ data }: { data: HeatMapData }) {
  const t = useT();
  const [at, setAt] = useState<{ row: number; column: number } | null>(null);
  const bars = data.bars.map(barOf);
  const height = Math.min(MOST_HEIGHT, Math.max(LEAST_HEIGHT, data.features.length * ROW));
  const value = at === null ? null : (data.rows[at.row]?.[at.column] ?? null);
  const place =
    at === null
      ? t('cohort.heat.point')
      : t('cohort.heat.cell', {
          patient: data.patients[at.column] ?? '',
          feature: data.features[at.row] ?? '',
          z: formatRatio(value, 2),
        });
  const about = at === null ? [] : data.bars.map(({ name, values }) => `${name} ${values[at.column] ?? '–'}`);
  return (
    <div className={css.heat}>
      <Keys bars={bars} />
      <div className={css.bars}>
        <Tree tree={data.tree} />
        <span>{t('cohort.heat.patients', { n: data.patients.length })}</span>
        {bars.map(({ name, colours }) => [
          <Colours key={name} colours={colours} label={name} />,
          <span key={`${name} name`} title={name}>
            {name}
          </span>,
        ])}
        <Cells data={data} height={height} onPoint={setAt} />
        {data.features.length <= NAMED ? (
          <div className={css.names}>
            {data.features.map((name) => (
              <span key={name} title={name}>
                {name}
              </span>
            ))}
          </div>
        ) : (
          <span>{t('cohort.heat.features', { n: data.features.length })}</span>
        )}
      </div>
      <p className={css.tip} role="status">
        {[place, ...about].join(' · ')}
      </p>
    </div>
  );
}
