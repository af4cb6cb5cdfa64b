import type { EvaluationRow, Verdict } from '../../api/types';
import { useT } from '../../i18n';
import { Badge } from '../../ui/feedback';
import { formatRatio, formatSigned } from '../../ui/format';
import { layout } from '../../ui/layout';
import { toPixel } from '../../ui/scale';
import css from './training.module.css';

const TONES: Record<Verdict, 'good' | 'plain' | 'bad'> = { better: 'good', same: 'plain', worse: 'bad' };
const INKS: Record<Verdict, string> = { better: 'var(--good)', same: 'var(--text-muted)', worse: 'var(--bad)' };
const WIDTH = 150;
const MIDDLE = 8;
const MARGIN = 6;
const LEAST_REACH = 0.01;

/** The paired interval as a bar around the difference; the upright line is "no difference". */
function Interval({ row, reach }: { row: EvaluationRow; reach: number }) {
  const scale = { low: -reach, high: reach, ticks: [] };
  const at = (value: number): number => toPixel(scale, value, MARGIN, WIDTH - MARGIN);
  const ink = INKS[row.verdict];
  return (
    <svg className={css.interval} viewBox={`0 0 ${WIDTH} 16`} aria-hidden>
      <line x1={at(0)} x2={at(0)} y1={0} y2={16} stroke="var(--line-strong)" />
      <line x1={at(row.ci_low)} x2={at(row.ci_high)} y1={MIDDLE} y2={MIDDLE} stroke={ink} strokeWidth={2} />
      <circle cx={at(row.difference)} cy={MIDDLE} r={3.5} fill={ink} />
    </svg>
  );
}

const HEADS = ['n', 'baseDice', 'newDice', 'difference', 'interval'] as const;

/** Structure by structure on the locked test patients: another version beside the new one. */
export function EvaluationTable({ rows }: { rows: readonly EvaluationRow[] }) {
  const t = useT();
  const reach = Math.max(LEAST_REACH, ...rows.flatMap((row) => [Math.abs(row.ci_low), Math.abs(row.ci_high)]));
  return (
    <table className={layout.table}>
      <thead>
        <tr>
          <th scope="col">{t('training.column.structure')}</th>
          {HEADS.map((head) => (
            <th key={head} scope="col" className={layout.number}>
              {t(`training.column.${head}`)}
            </th>
          ))}
          <th scope="col">
            <span className="visually-hidden">{t('training.column.interval')}</span>
          </th>
          <th scope="col" className={layout.number}>
            {t('training.column.sdsc')}
          </th>
          <th scope="col">{t('training.column.verdict')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.structure}>
            <td>{row.structure}</td>
            <td className={layout.number}>{row.n}</td>
            <td className={layout.number}>{formatRatio(row.base_dice)}</td>
            <td className={layout.number}>{formatRatio(row.new_dice)}</td>
            <td className={layout.number}>{formatSigned(row.difference)}</td>
            <td className={layout.number}>
              {formatSigned(row.ci_low)} … {formatSigned(row.ci_high)}
            </td>
            <td>
              <Interval row={row} reach={reach} />
            </td>
            <td className={layout.number}>
              {formatRatio(row.base_sdsc)} → {formatRatio(row.new_sdsc)}
            </td>
            <td>
              <Badge tone={TONES[row.verdict]}>
                {t(row.holds_back ? 'training.verdict.heldBack' : `training.verdict.${row.verdict}`)}
              </Badge>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
