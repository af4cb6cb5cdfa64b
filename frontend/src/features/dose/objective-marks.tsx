import type { Scale } from '../../ui/scale';
import { pointOf } from './dvh-chart';
import { marksOf, type Line, type Mark } from './objective-lines';
import { limitText } from './score-card';
import css from './score-card.module.css';

const TURNS: Record<Mark['towards'], number> = { left: 0, up: 90, right: 180, down: 270 };
/** A triangle to the right of its tip, which points to the left. */
const TRIANGLE = 'M0 0L8 -4.5V4.5Z';

type Props = { lines: readonly Line[]; structureId: string | null; scale: Scale };

/** Where the objectives of a structure want its curve to pass: triangles that point to the side it should be on. */
export function ObjectiveMarks({ lines, structureId, scale }: Props) {
  const marks = marksOf(lines, structureId).filter(({ gy }) => gy <= scale.high);
  return (
    <g className={css.marks} data-testid="objective-marks">
      {marks.map(({ key, gy, share, towards, line }) => {
        const [x, y] = pointOf(scale, gy, share);
        const { metric, objective, now } = line;
        return (
          <path key={key} className={css[now?.verdict ?? 'unknown']} d={TRIANGLE} transform={`translate(${x} ${y}) rotate(${TURNS[towards]})`}>
            <title>{`${line.members[0].structure?.name ?? line.members[0].wanted} ${metric.letter}${metric.index} ${limitText(objective, metric.unit)}`}</title>
          </path>
        );
      })}
    </g>
  );
}
