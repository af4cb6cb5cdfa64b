import { useT, type Translate } from '../../i18n';
import { classes } from '../../ui/controls';
import { Icon, type IconName } from '../../ui/icons';
import type { Objective } from '../../api/types';
import type { Metric } from '../../lib/dose-metric';
import type { Judgement, Verdict } from '../../lib/objectives';
import { useWorkspace } from '../labels/workspace';
import { curveKey } from './dvh-book';
import type { Hover } from './dvh-chart';
import { coveredText } from './dvh-table';
import dvh from './dvh.module.css';
import css from './score-card.module.css';
import type { Line } from './objective-lines';

const ICONS: Record<Verdict, IconName> = { pass: 'check', variation: 'alert', fail: 'close', unknown: 'question' };
const VERDICTS: readonly Verdict[] = ['fail', 'variation', 'pass', 'unknown'];

/** A value to a hundredth, with its unit. */
export const valueText = (value: number, unit: Metric['unit']): string => `${value.toFixed(2)} ${unit}`;

/** `≤ 55 (60) Gy`: the limit, and in brackets the last acceptable variation. */
export function limitText({ comparison, limit, variation }: Pick<Objective, 'comparison' | 'limit' | 'variation'>, unit: Metric['unit']): string {
  const beyond = variation === null ? '' : ` (${variation})`;
  return `${comparison === 'at-most' ? '≤' : '≥'} ${limit}${beyond} ${unit}`;
}

/** Why a verdict is unknown. */
export function reasonText({ reason }: Judgement, { covered, metric }: Pick<Line, 'covered' | 'metric'>, t: Translate): string {
  if (reason === null) return '';
  return t(`objectives.${reason}`, { percent: coveredText(covered), cc: metric.number });
}

function VerdictCell({ line }: { line: Line }) {
  const t = useT();
  const { now } = line;
  if (now === null) return <td className={css.verdict}>{t('objectives.counting')}</td>;
  return (
    <td className={classes(css.verdict, css[now.verdict])} title={t(`objectives.${now.verdict}`)}>
      <Icon name={ICONS[now.verdict]} size={12} /> {now.reason === null ? t(`objectives.${now.verdict}`) : reasonText(now, line, t)}
    </td>
  );
}

type RowProps = { line: Line; active: boolean; pointed: boolean; onHover: (key: string | null) => void };

function Row({ line, active, pointed, onHover }: RowProps) {
  const t = useT();
  const { scene } = useWorkspace();
  const { structure, objective, metric, now, savedValue } = line;
  const name = structure?.name ?? line.wanted;
  return (
    <tr
      className={classes(active && dvh.active, structure === null && dvh.other, pointed && dvh.pointed)}
      data-objective={`${line.wanted} ${objective.metric}`}
      data-verdict={now?.verdict ?? 'counting'}
      onPointerEnter={() => onHover(structure === null ? null : curveKey('now', structure.id))}
      onPointerLeave={() => onHover(null)}
    >
      <th scope="row">
        {structure === null ? (
          <span className={dvh.name}>
            <span>{name}</span>
          </span>
        ) : (
          <button type="button" className={dvh.name} title={name} onClick={() => scene.set({ activeId: structure.id })}>
            <i className={dvh.sample} style={{ borderColor: structure.colour }} />
            <span>{name}</span>
          </button>
        )}
      </th>
      <td className={css.priority} title={t('objectives.priority', { n: objective.priority })}>
        {objective.priority}
      </td>
      <td className={css.metric}>
        {metric.letter}
        <sub>{metric.index}</sub>
      </td>
      <td>{limitText(objective, metric.unit)}</td>
      <td className={css.value} data-quantity="value">
        {now?.value === null || now === null ? '' : valueText(now.value, metric.unit)}
        {savedValue !== null && <small>{t('objectives.saved', { value: savedValue.toFixed(2) })}</small>}
      </td>
      <VerdictCell line={line} />
      <td className={css.source} title={objective.source}>
        {objective.source}
      </td>
    </tr>
  );
}

/** How many objectives have which verdict, in a line. */
export function Tally({ lines }: { lines: readonly Line[] }) {
  const t = useT();
  return (
    <span className={css.tally} role="status" aria-label={t('objectives.verdict')} data-testid="tally">
      {VERDICTS.map((verdict) => {
        const n = lines.filter(({ now }) => now?.verdict === verdict).length;
        return (
          <span key={verdict} className={n > 0 ? css[verdict] : undefined}>
            <Icon name={ICONS[verdict]} size={12} /> {n} {t(`objectives.${verdict}`)}
          </span>
        );
      })}
    </span>
  );
}

type Props = { lines: readonly Line[]; activeId: string | null; hover: Hover | null; onHover: (key: string | null) => void };

/** A protocol's objectives with what the contours on the screen make of them. */
export function ScoreCard({ lines, activeId, hover, onHover }: Props) {
  const t = useT();
  return (
    <div className={classes(dvh.table, css.card)} data-testid="score-card">
      <table>
        <thead>
          <tr>
            <th scope="col">{t('viewer.structure')}</th>
            <th scope="col" className={css.priority} title={t('objectives.priority', { n: '1–3' })}>
              #
            </th>
            <th scope="col" className={css.metric}>
              {t('objectives.wish')}
            </th>
            <th scope="col" title={t('objectives.limit.hint')}>
              {t('objectives.limit')}
            </th>
            <th scope="col">{t('objectives.value')}</th>
            <th scope="col" className={css.verdict}>
              {t('objectives.verdict')}
            </th>
            <th scope="col" className={css.source}>
              {t('objectives.source')}
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <Row
              key={line.key}
              line={line}
              active={line.structure !== null && line.structure.id === activeId}
              pointed={line.structure !== null && hover?.key === curveKey('now', line.structure.id)}
              onHover={onHover}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}
