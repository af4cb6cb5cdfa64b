import type { ComparisonResults, EntryResult, Interval } from '../../api/types';
import { useT, type Translate } from '../../i18n';
import { named, slugText } from '../../i18n/problems';
import { Badge } from '../../ui/feedback';
import { formatBytes, formatRatio, formatSeconds, formatSigned } from '../../ui/format';
import { layout } from '../../ui/layout';
import { MEASURES, standing, type Measure, type Standing } from './comparison';
import css from './training.module.css';

const MIB = 2 ** 20;
const DIGITS: Record<Measure, number> = { dice: 3, surface_dice: 3, hd95_mm: 1 };
const TONES: Record<Standing, 'good' | 'plain' | 'bad' | 'warn'> = { best: 'good', notSurely: 'plain', worse: 'bad', failed: 'warn' };

type FigureProps = { value: Interval | null; form: (value: number) => string; hint?: string | undefined };

/** A mean with its interval below. */
function Figure({ value, form, hint }: FigureProps) {
  if (value === null) return <td className={layout.number}>–</td>;
  return (
    <td className={`${layout.number} ${css.figure}`} title={hint}>
      {form(value.mean)}
      {hint !== undefined && '*'}
      {value.low !== null && value.high !== null && (
        <small>
          {form(value.low)} … {form(value.high)}
        </small>
      )}
    </td>
  );
}

function Heads({ structures }: { structures: readonly string[] }) {
  const t = useT();
  const head = (name: 'rank' | 'entry' | 'beside') => (
    <th scope="col" rowSpan={2}>
      {t(`compare.column.${name}`)}
    </th>
  );
  const number = (name: 'meanDice' | 'difference' | 'training' | 'seconds' | 'memory') => (
    <th key={name} scope="col" rowSpan={2} className={layout.number}>
      {t(`compare.column.${name}`)}
    </th>
  );
  return (
    <thead>
      <tr>
        {head('rank')}
        {head('entry')}
        {number('meanDice')}
        {head('beside')}
        {number('difference')}
        {structures.map((name) => (
          <th key={name} scope="colgroup" colSpan={MEASURES.length} className={css.group}>
            {name}
          </th>
        ))}
        {(['training', 'seconds', 'memory'] as const).map(number)}
      </tr>
      <tr>
        {structures.flatMap((name) =>
          MEASURES.map((measure) => (
            <th key={`${name} ${measure}`} scope="col" className={layout.number}>
              {t(`compare.measure.${measure}`)}
            </th>
          )),
        )}
      </tr>
    </thead>
  );
}

const missedText = (n: number, t: Translate): string | undefined => (n === 0 ? undefined : t('compare.missed', { n }));

function Row({ entry, structures }: { entry: EntryResult; structures: readonly string[] }) {
  const t = useT();
  const stands = standing(entry);
  const badge = <Badge tone={TONES[stands]}>{t(`compare.${stands}`)}</Badge>;
  const name = <th scope="row">{named('preset', entry.name, t)}</th>;
  if (entry.problem !== null) {
    return (
      <tr>
        <td className={layout.number}>–</td>
        {name}
        <td className={layout.number}>–</td>
        <td>{badge}</td>
        <td className={layout.wrap} colSpan={structures.length * MEASURES.length + 4}>
          {slugText(entry.problem, t)}
        </td>
      </tr>
    );
  }
  return (
    <tr>
      <td className={layout.number}>{entry.rank ?? '–'}</td>
      {name}
      <Figure value={entry.mean_dice_interval} form={formatRatio} />
      <td>{badge}</td>
      <Figure value={entry.difference?.all ?? null} form={formatSigned} />
      {structures.flatMap((structure) =>
        MEASURES.map((measure) => (
          <Figure
            key={`${structure} ${measure}`}
            value={entry.structures[structure]?.[measure] ?? null}
            form={(value) => formatRatio(value, DIGITS[measure])}
            hint={missedText(entry.structures[structure]?.missed ?? 0, t)}
          />
        )),
      )}
      <td className={layout.number}>{entry.training === null ? '–' : formatSeconds(entry.training.minutes * 60, t.language)}</td>
      <td className={layout.number}>{t('compare.seconds', { n: formatRatio(entry.seconds, 1) })}</td>
      <td className={layout.number}>{entry.peak_mib === null ? '–' : formatBytes(entry.peak_mib * MIB)}</td>
    </tr>
  );
}

/** Entries, the best first: how they stand, each structure's figures, and what they cost. */
export function ComparisonTable({ results }: { results: ComparisonResults }) {
  return (
    <table className={`${layout.table} ${css.ranking}`}>
      <Heads structures={results.structures} />
      <tbody>
        {results.entries.map((entry) => (
          <Row key={entry.name} entry={entry} structures={results.structures} />
        ))}
      </tbody>
    </table>
  );
}
