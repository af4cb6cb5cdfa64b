import type { ReactNode } from 'react';
import { niceScale, tickLabel, toPixel, type Bounds, type Scale } from '../../ui/scale';
import css from './plots.module.css';

export type Point = { readonly x: number; readonly y: number };
export type Range = { readonly x: number; readonly low: number; readonly high: number };
export type Place = { readonly x: (value: number) => number; readonly y: (value: number) => number };

const WIDTH = 480;
const LEFT = 52;
const RIGHT = WIDTH - 12;
const TOP = 10;
const FOOT = 40;
const TICKS = 5;

export type Axis = { readonly label: string; readonly values: readonly number[]; readonly bounds?: Partial<Bounds> };
type PlotProps = {
  title: string;
  /** What the picture says, for who cannot see it. */
  said: string;
  x: Axis;
  y: Axis;
  height?: number;
  children: (place: Place) => ReactNode;
  /** Below the axis, in the same units; with how high it is. */
  below?: { height: number; draw: (place: Place, top: number) => ReactNode };
};

const scaleOf = ({ values, bounds }: Axis): Scale => niceScale(values, TICKS, bounds);

/** The points of a polyline. */
export const pathOf = (points: readonly Point[], place: Place): string =>
  points.map(({ x, y }) => `${place.x(x).toFixed(1)},${place.y(y).toFixed(1)}`).join(' ');

/** Two axes with their names and round ticks; what is between them is drawn by `children` in the axes' units. */
export function Plot({ title, said, x, y, height = 270, children, below }: PlotProps) {
  const [across, up] = [scaleOf(x), scaleOf(y)];
  const bottom = height - FOOT;
  const place: Place = {
    x: (value) => toPixel(across, value, LEFT, RIGHT),
    y: (value) => toPixel(up, value, bottom, TOP),
  };
  return (
    <figure className={css.figure}>
      <h3>{title}</h3>
      <svg viewBox={`0 0 ${WIDTH} ${height + (below?.height ?? 0)}`} role="img" aria-label={`${title}. ${said}`}>
        {up.ticks.map((tick) => (
          <g key={tick}>
            <line className={css.grid} x1={LEFT} x2={RIGHT} y1={place.y(tick)} y2={place.y(tick)} />
            <text x={LEFT - 7} y={place.y(tick) + 4} textAnchor="end">
              {tickLabel(tick)}
            </text>
          </g>
        ))}
        <line className={css.axis} x1={LEFT} x2={RIGHT} y1={bottom} y2={bottom} />
        {across.ticks.map((tick) => (
          <g key={tick}>
            <line className={css.axis} x1={place.x(tick)} x2={place.x(tick)} y1={bottom} y2={bottom + 4} />
            <text x={place.x(tick)} y={bottom + 16} textAnchor="middle">
              {tickLabel(tick)}
            </text>
          </g>
        ))}
        <text x={(LEFT + RIGHT) / 2} y={bottom + 33} textAnchor="middle">
          {x.label}
        </text>
        <text transform={`translate(12 ${(TOP + bottom) / 2}) rotate(-90)`} textAnchor="middle">
          {y.label}
        </text>
        {children(place)}
        {below?.draw(place, height)}
      </svg>
    </figure>
  );
}

/** A band between two limits, made of corners. */
export function Band({ ranges, place, ink, opacity }: { ranges: readonly Range[]; place: Place; ink: string; opacity: number }) {
  if (ranges.length < 2) return null;
  const upper = ranges.map(({ x, high }) => ({ x, y: high }));
  const lower = ranges.map(({ x, low }) => ({ x, y: low })).reverse();
  return <polygon points={pathOf([...upper, ...lower], place)} fill={ink} opacity={opacity} />;
}

type LegendItem = { name: string; ink: string; note?: string; dashed?: boolean };

/** Names of the lines; each is also told by its note. */
export function PlotLegend({ items }: { items: readonly LegendItem[] }) {
  return (
    <ul className={css.legend}>
      {items.map(({ name, ink, note, dashed }) => (
        <li key={name}>
          <i style={dashed === true ? { borderTop: `2px dashed ${ink}` } : { borderTop: `3px solid ${ink}` }} />
          {name}
          {note !== undefined && <span>{note}</span>}
        </li>
      ))}
    </ul>
  );
}
