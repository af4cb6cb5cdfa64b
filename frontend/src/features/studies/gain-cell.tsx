import type { StudyRow } from '../../api/types';
import { useT } from '../../i18n';
import css from './worklist.module.css';

/** What correcting the study is expected to teach the network, with a word and, at the pointer, a line on why. */
export function GainCell({ study }: { study: StudyRow }) {
  const t = useT();
  const { expected_gain: gain, gain_reason: why } = study;
  if (gain === null || why === null) return <span className={css.muted}>–</span>;
  const line = t(`gain.line.${why.reason}`, {
    structures: why.structures.join(', '),
    distance: (why.distance ?? 0).toFixed(1),
  });
  return (
    <span title={line}>
      {gain.toFixed(2)} <span className={css.muted}>{t(`gain.${why.reason}`)}</span>
      <span className="visually-hidden">{line}</span>
    </span>
  );
}
