import type { Derivation, Structure } from '../../api/types';
import { useT, type Translate } from '../../i18n';
import { slugText } from '../../i18n/problems';
import { classes } from '../../ui/controls';
import { Caution } from '../../ui/feedback';
import { ToolIcon } from '../labels/tool-icons';
import { useWorkspace } from '../labels/workspace';
import css from './derive.module.css';
import { words } from './expression';
import { notFollowing } from './followers';
import { useNameOf } from './sources';

/** How a derived structure stands to its sources, in words. */
export function standingText({ status, problem }: Derivation, t: Translate): string {
  if (status !== 'stale') return t(`derive.status.${status}`);
  return problem === null ? t('derive.status.waiting') : t('derive.status.stale', { why: slugText(problem, t) });
}

/** In the list: that a structure is derived, from what, and whether it follows. */
export function DerivedMark({ record }: { record: Structure | null }) {
  const t = useT();
  const nameOf = useNameOf(record);
  if (record === null || record.derivation === null) return null;
  const { expression, status } = record.derivation;
  const said = `${t('derive.is', { words: words(expression, nameOf, t) })}\n${standingText(record.derivation, t)}`;
  return (
    <span className={classes(css.mark, css[status])} role="img" aria-label={said} title={said}>
      <ToolIcon name="derive" size={14} />
    </span>
  );
}

/** Warns of derived structures that are not what their sources make of them, where somebody is about to sign or send. */
export function StaleCaution() {
  const t = useT();
  const { set } = useWorkspace();
  const names = notFollowing(set?.structures ?? []).map((one) => one.name);
  return names.length === 0 ? null : <Caution>{t('derive.stale.caution', { names: names.join(', ') })}</Caution>;
}
