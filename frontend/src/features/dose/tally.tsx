import { useT } from '../../i18n';
import { classes } from '../../ui/controls';
import { Icon, type IconName } from '../../ui/icons';
import type { Verdict } from '../../lib/objectives';
import { isAbsent, type Line } from './objective-lines';
import css from './score-card.module.css';

/** A verdict, or that nobody drew what an objective is of. */
export type Standing = Verdict | 'absent';
export const ICONS: Record<Standing, IconName> = { pass: 'check', variation: 'alert', fail: 'close', unknown: 'question', absent: 'question' };
const STANDINGS: readonly Standing[] = ['fail', 'variation', 'unknown', 'pass', 'absent'];

/** Null until it has been counted. */
export const standingOf = (line: Line): Standing | null => (isAbsent(line) ? 'absent' : (line.now?.verdict ?? null));

type Props = { lines: readonly Line[]; only: Standing | null; onOnly: (only: Standing | null) => void };

/** How many objectives have which verdict; each number shows its objectives alone. */
export function Tally({ lines, only, onOnly }: Props) {
  const t = useT();
  const standings = lines.map(standingOf);
  return (
    <span className={css.tally} role="group" aria-label={t('objectives.verdict')} data-testid="tally">
      {STANDINGS.map((one) => {
        const n = standings.filter((standing) => standing === one).length;
        return (
          <button
            key={one}
            type="button"
            className={classes(css.chip, n > 0 && css[one], one === only && css.only)}
            aria-pressed={one === only}
            disabled={n === 0 && one !== only}
            title={t('objectives.only')}
            onClick={() => onOnly(one === only ? null : one)}
          >
            <Icon name={ICONS[one]} size={12} /> {n} {t(`objectives.${one}`)}
          </button>
        );
      })}
    </span>
  );
}
