import { useMemo, useState, type PointerEvent } from 'react';
import { useT } from '../../i18n';
import { nearestIndex, niceScale, tickLabel, toPixel, type Bounds, type Scale } from '../../ui/scale';
import css from './training.module.css';

export type Point = { x: number; y: number };
export type Line = { name: string; colour: string; points: readonly Point[] };

const WIDTH = 480;
const HEIGHT = 250;
const LEFT = 46;
const RIGHT = WIDTH - 10;
const TOP = 10;
const BOTTOM = HEIGHT - 34;
const X_TICKS = 5;
const Y_TICKS = 5;

type Frame = { x: Scale; y: Scale };

const pixelX = (frame: Frame, value: number): number => toPixel(frame.x, value, LEFT, RIGHT);
const pixelY = (frame: Frame, value: number): number => toPixel(frame.y, value, BOTTOM, TOP);

function Axes({ frame, xLabel }: { frame: Frame; xLabel: string }) {
  return (
    <g>
      {frame.y.ticks.map((tick) => (
        <g key={tick}>
          <line className={css.grid} x1={LEFT} x2={RIGHT} y1={pixelY(frame, tick)} y2={pixelY(frame, tick)} />
          <text x={LEFT - 8} y={pixelY(frame, tick) + 4} textAnchor="end">
            {tickLabel(tick)}
          </text>
        </g>
      ))}
      <line className={css.axis} x1={LEFT} x2={RIGHT} y1={BOTTOM} y2={BOTTOM} />
      {frame.x.ticks.map((tick) => (
        <text key={tick} x={pixelX(frame, tick)} y={BOTTOM + 15} textAnchor="middle">
          {tickLabel(tick)}
        </text>
      ))}
      <text x={RIGHT} y={HEIGHT - 3} textAnchor="end">
        {xLabel}
      </text>
    </g>
  );
}

function Path({ line, frame }: { line: Line; frame: Frame }) {
  const points = line.points.map(({ x, y }) => `${pixelX(frame, x).toFixed(1)},${pixelY(frame, y).toFixed(1)}`);
  return (
    <g>
      <polyline className={css.line} stroke={line.colour} points={points.join(' ')} />
      {line.points.length <= 40 &&
        line.points.map(({ x, y }) => (
          <circle key={x} cx={pixelX(frame, x)} cy={pixelY(frame, y)} r={2.2} fill={line.colour} />
        ))}
    </g>
  );
}

/** The value of a line at the pointer, or its last one. */
function valueAt(line: Line, at: number | null): number | undefined {
  if (at === null) return line.points.at(-1)?.y;
  return line.points[
    nearestIndex(
      line.points.map(({ x }) => x),
      at,
    )
  ]?.y;
}

type LegendProps = {
  lines: readonly Line[];
  hidden: ReadonlySet<string>;
  at: number | null;
  onToggle: (name: string) => void;
};

function Legend({ lines, hidden, at, onToggle }: LegendProps) {
  return (
    <div className={css.legend}>
      {[...lines].sort((a, b) => (b.points.at(-1)?.y ?? 0) - (a.points.at(-1)?.y ?? 0)).map((line) => (
        <button key={line.name} type="button" aria-pressed={!hidden.has(line.name)} onClick={() => onToggle(line.name)}>
          <i style={{ background: line.colour }} />
          {line.name}
          <b>{valueAt(line, at)?.toFixed(3) ?? '–'}</b>
        </button>
      ))}
    </div>
  );
}

type ChartProps = { title: string; xLabel: string; lines: readonly Line[]; bounds?: Partial<Bounds> };

/**
 * Lines over counted steps, the axis of values fitted to them within `bounds`. The legend beside them, the highest
 * line first, shows the values at the pointer, else the newest; a click on a name hides its line.
 */
export function Chart({ title, xLabel, lines, bounds }: ChartProps) {
  const t = useT();
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [at, setAt] = useState<number | null>(null);
  const shown = useMemo(() => lines.filter(({ name }) => !hidden.has(name)), [lines, hidden]);
  const xs = useMemo(
    () => [...new Set(lines.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b),
    [lines],
  );
  const frame = useMemo<Frame>(
    () => ({
      x: niceScale(xs, X_TICKS, { low: 0, whole: true }),
      y: niceScale(shown.flatMap(({ points }) => points.map(({ y }) => y)), Y_TICKS, bounds),
    }),
    [xs, shown, bounds],
  );
  const toggle = (name: string): void => {
    const next = new Set(hidden);
    if (!next.delete(name)) next.add(name);
    setHidden(next);
  };
  const follow = (event: PointerEvent<SVGSVGElement>): void => {
    const box = event.currentTarget.getBoundingClientRect();
    const pixel = ((event.clientX - box.left) / box.width) * WIDTH;
    const value = frame.x.low + ((pixel - LEFT) / (RIGHT - LEFT)) * (frame.x.high - frame.x.low);
    setAt(xs[nearestIndex(xs, value)] ?? null);
  };
  return (
    <figure className={css.chart}>
      <h3>
        {title}
        {at !== null && ` · ${xLabel} ${at}`}
      </h3>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={t('training.chartLabel', { title, n: xs.length })}
        onPointerMove={follow}
        onPointerLeave={() => setAt(null)}
      >
        <Axes frame={frame} xLabel={xLabel} />
        {at !== null && (
          <line className={css.cursor} x1={pixelX(frame, at)} x2={pixelX(frame, at)} y1={TOP} y2={BOTTOM} />
        )}
        {shown.map((line) => (
          <Path key={line.name} line={line} frame={frame} />
        ))}
      </svg>
      <Legend lines={lines} hidden={hidden} at={at} onToggle={toggle} />
    </figure>
  );
}
