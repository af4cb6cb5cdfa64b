import { memo, useMemo, type PointerEvent, type ReactNode } from 'react';
import { useT } from '../../i18n';
import { classes } from '../../ui/controls';
import { niceScale, roundStep, tickLabel, toPixel, type Scale } from '../../ui/scale';
import { shareAt, type Dvh } from '../../lib/dvh';
import type { Curve } from './curves';
import type { CurveKind } from './dvh-book';
import css from './dvh.module.css';

const WIDTH = 470;
const HEIGHT = 236;
const LEFT = 44;
const RIGHT = WIDTH - 12;
const TOP = 26;
const BOTTOM = HEIGHT - 32;
const VOLUME: Scale = { low: 0, high: 1, ticks: [0, 0.2, 0.4, 0.6, 0.8, 1] };

/** Where the pointer is: at a dose of the chart, or on a line of the table. */
export type Hover = { readonly gy: number | null; readonly key: string | null };

/** The axis of dose ends a little above the maximum and the reference. */
export const doseScale = (maxGy: number, reference: number): Scale => {
  const high = 1.02 * Math.max(maxGy, reference);
  return { ...niceScale([0, high], 7, { low: 0, high }), high };
};

/** Where a dose and a share of the volume are in the picture. */
export const pointOf = (scale: Scale, gy: number, share: number): readonly [number, number] => [
  toPixel(scale, gy, LEFT, RIGHT),
  toPixel(VOLUME, share, BOTTOM, TOP),
];

/** A point a pixel, and the end of the curve. */
function path(dvh: Dvh, scale: Scale): string {
  const points: string[] = [];
  for (let x = LEFT; x <= RIGHT; x += 1) {
    const gy = scale.low + ((x - LEFT) / (RIGHT - LEFT)) * (scale.high - scale.low);
    const share = shareAt(dvh, gy);
    points.push(`${x},${toPixel(VOLUME, share, BOTTOM, TOP).toFixed(1)}`);
    if (share === 0) break;
  }
  return points.join(' ');
}

const Line = memo(function Line({ dvh, scale, colour, kind, strong }: { dvh: Dvh; scale: Scale; colour: string; kind: CurveKind; strong: boolean }) {
  const points = useMemo(() => path(dvh, scale), [dvh, scale]);
  return <polyline className={classes(css.curve, css[kind], strong && css.strong)} stroke={colour} points={points} />;
});

function Axes({ scale, reference }: { scale: Scale; reference: number }) {
  const t = useT();
  const step = 100 * roundStep(scale.high / reference / 6);
  const shares = Array.from({ length: Math.floor((100 * scale.high) / reference / step) + 1 }, (_, n) => n * step);
  return (
    <g>
      {VOLUME.ticks.map((tick) => {
        const y = toPixel(VOLUME, tick, BOTTOM, TOP);
        return (
          <g key={tick}>
            <line className={css.grid} x1={LEFT} x2={RIGHT} y1={y} y2={y} />
            <text x={LEFT - 6} y={y + 4} textAnchor="end">
              {Math.round(100 * tick)}
            </text>
          </g>
        );
      })}
      {scale.ticks.map((tick) => {
        const x = toPixel(scale, tick, LEFT, RIGHT);
        return (
          <g key={tick}>
            <line className={css.grid} x1={x} x2={x} y1={TOP} y2={BOTTOM} />
            <text x={x} y={BOTTOM + 15} textAnchor="middle">
              {tickLabel(tick)}
            </text>
          </g>
        );
      })}
      {shares.map((share) => {
        const x = toPixel(scale, (share / 100) * reference, LEFT, RIGHT);
        return (
          <g key={share}>
            <line className={css.tick} x1={x} x2={x} y1={TOP - 4} y2={TOP} />
            <text x={x} y={TOP - 7} textAnchor="middle">
              {Math.round(share)}
            </text>
          </g>
        );
      })}
      <line className={css.axis} x1={LEFT} x2={RIGHT} y1={TOP} y2={TOP} />
      <line className={css.axis} x1={LEFT} x2={RIGHT} y1={BOTTOM} y2={BOTTOM} />
      <line className={css.axis} x1={LEFT} x2={LEFT} y1={TOP} y2={BOTTOM} />
      <line className={css.reference} x1={toPixel(scale, reference, LEFT, RIGHT)} x2={toPixel(scale, reference, LEFT, RIGHT)} y1={TOP} y2={BOTTOM} />
      <text className={css.unit} x={RIGHT} y={HEIGHT - 3} textAnchor="end">
        {t('dvh.axis.gy')}
      </text>
      <text className={css.unit} textAnchor="middle" transform={`translate(10 ${(TOP + BOTTOM) / 2}) rotate(-90)`}>
        {t('dvh.axis.volume')}
      </text>
      <text className={css.unit} x={RIGHT + 11} y={TOP - 7} textAnchor="end">
        %
      </text>
    </g>
  );
}

type Props = {
  curves: readonly Curve[];
  scale: Scale;
  reference: number;
  hover: Hover | null;
  onHover: (hover: Hover | null) => void;
  /** What is drawn over the curves. */
  children?: ReactNode;
};

/** The cumulative curves: volume in % over dose in Gy (below) and in % of the reference (above). */
export function DvhChart({ curves, scale, reference, hover, onHover, children }: Props) {
  const t = useT();
  const move = (event: PointerEvent<SVGSVGElement>): void => {
    const toPicture = event.currentTarget.getScreenCTM()?.inverse();
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(toPicture);
    if (toPicture === undefined || x < LEFT || x > RIGHT) return onHover(null);
    const gy = scale.low + ((x - LEFT) / (RIGHT - LEFT)) * (scale.high - scale.low);
    let best: { key: string; away: number } | null = null;
    for (const { key, dvh } of curves) {
      const away = dvh === null ? NaN : Math.abs(toPixel(VOLUME, shareAt(dvh, gy), BOTTOM, TOP) - y);
      if (away <= (best?.away ?? Infinity)) best = { key, away };
    }
    onHover({ gy, key: best?.key ?? null });
  };
  const on = curves.find((one) => one.key === hover?.key)?.dvh;
  const at = hover?.gy ?? null;
  const atX = at === null ? 0 : toPixel(scale, at, LEFT, RIGHT);
  return (
    <svg
      className={css.chart}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      width={WIDTH}
      height={HEIGHT}
      role="img"
      aria-label={t('dose.key.dvh')}
      data-testid="dvh-chart"
      onPointerMove={move}
      onPointerLeave={() => onHover(null)}
    >
      <Axes scale={scale} reference={reference} />
      {curves.map(
        ({ key, dvh, colour, kind, active }) =>
          dvh !== null &&
          dvh.covered > 0 && (
            <Line key={key} dvh={dvh} scale={scale} colour={colour} kind={kind} strong={active || key === hover?.key} />
          ),
      )}
      {children}
      {at !== null && <line className={css.pointer} x1={atX} x2={atX} y1={TOP} y2={BOTTOM} />}
      {at !== null && on && <circle className={css.spot} cx={atX} cy={toPixel(VOLUME, shareAt(on, at), BOTTOM, TOP)} r={3} />}
    </svg>
  );
}
