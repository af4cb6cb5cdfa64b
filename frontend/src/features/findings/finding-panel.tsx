import { useEffect, useMemo, useRef } from 'react';
import { useT } from '../../i18n';
import { percentScore, type Finding } from '../../lib/findings';
import { describePosition } from '../../lib/planes';
import { classes, IconButton } from '../../ui/controls';
import { Icon } from '../../ui/icons';
import { useScene } from '../../viewer/use-scene';
import { isWriting } from '../labels/keymap';
import { FINDING_KEYS, judgeFinding, markFindings, pressFinding, showFinding, unmarkFindings, type Judge, type Stage } from './finding-control';
import css from './findings.module.css';

type Props = Stage & {
  readonly title: string;
  /** In the order in which they are gone through. */
  readonly findings: readonly Finding[];
  /** How a score is printed, in the list and beside the rings; as per cent unless told. Has to stay the same function. */
  readonly scoreText?: (score: number) => string;
  /** Null where nothing is to be accepted or dismissed. */
  readonly onJudge: Judge | null;
};

/** Marks the findings in the planes while the list is shown. */
function useMarks({ scene }: Stage, findings: readonly Finding[], scoreText: (score: number) => string): void {
  const marked = useRef<readonly Finding[] | null>(null);
  useEffect(() => {
    markFindings(scene, marked.current, findings, scoreText);
    marked.current = findings;
  }, [scene, findings, scoreText]);
  useEffect(
    () => () => {
      unmarkFindings(scene, marked.current);
      marked.current = null;
    },
    [scene],
  );
}

function useFindingKeys(stage: Stage, findings: readonly Finding[], judge: Judge | null): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (!isWriting(event.target) && pressFinding(event, stage, findings, judge)) event.preventDefault();
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [stage, findings, judge]);
}

type RowProps = { finding: Finding; place: number; selected: boolean; stage: Stage; scoreText: (score: number) => string; onJudge: Judge | null };

function Row({ finding, place, selected, stage, scoreText, onJudge }: RowProps) {
  const t = useT();
  const line = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (selected) line.current?.scrollIntoView({ block: 'nearest' });
  }, [selected]);
  const say = (word: 'accepted' | 'dismissed') => {
    const name = `${t(`findings.${word === 'accepted' ? 'accept' : 'dismiss'}`)}: ${place}`;
    return (
      <IconButton name={name} small aria-pressed={finding.state === word} className={finding.state === word ? css[word] : undefined}
        onClick={() => onJudge !== null && judgeFinding(stage, finding, word, onJudge)}>
        <Icon name={word === 'accepted' ? 'check' : 'close'} size={13} />
      </IconButton>
    ); // prettier-ignore
  };
  return (
    <li ref={line} className={classes(css.row, selected && css.selected, css[finding.state])} data-state={finding.state}>
      <button type="button" className={css.place} aria-current={selected} onClick={() => showFinding(stage, finding)}>
        <b>{place}</b>
        <span className={css.score}>{finding.score === null ? '–' : scoreText(finding.score)}</span>
        <span className={css.where}>{describePosition(finding.position_mm)}</span>
        <span className={css.hidden}>{t(`findings.state.${finding.state}`)}</span>
      </button>
      {onJudge !== null && say('accepted')}
      {onJudge !== null && say('dismissed')}
    </li>
  );
}

/**
 * A list of point findings: rings with scores in the planes, one key to the next and back, and keys that accept and
 * dismiss. It listens to its keys while it is shown and its findings are those marked in the planes.
 */
export function FindingPanel({ scene, views, title, findings, scoreText = percentScore, onJudge }: Props) {
  const t = useT();
  const stage = useMemo(() => ({ scene, views }), [scene, views]);
  useMarks(stage, findings, scoreText);
  useFindingKeys(stage, findings, onJudge);
  const selectedId = useScene(scene, (state) => state.findings.selectedId);
  const judged = findings.filter((one) => one.state !== 'open').length;
  const commands = onJudge === null ? (['previous', 'next'] as const) : (['previous', 'next', 'accept', 'dismiss'] as const);
  return (
    <section className={css.panel} aria-label={title} data-testid="findings">
      <header>
        <b>{title}</b>
        <span>{onJudge === null ? findings.length : t('findings.judged', { n: judged, count: findings.length })}</span>
      </header>
      {findings.length === 0 ? (
        <p>{t('findings.none')}</p>
      ) : (
        <ol>
          {findings.map((one, n) => (
            <Row key={one.id} finding={one} place={n + 1} selected={one.id === selectedId} stage={stage} scoreText={scoreText} onJudge={onJudge} />
          ))}
        </ol>
      )}
      <footer>
        {commands.map((command) => (
          <span key={command}>
            <kbd>{FINDING_KEYS[command]}</kbd> {t(`findings.${command}`)}
          </span>
        ))}
      </footer>
    </section>
  );
}
