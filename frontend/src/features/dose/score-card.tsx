import { Fragment, useState } from 'react';
import type { Objective } from '../../api/types';
import { useT, type Translate } from '../../i18n';
import { classes, IconButton } from '../../ui/controls';
import { Icon } from '../../ui/icons';
import type { Metric } from '../../lib/dose-metric';
import type { Judgement } from '../../lib/objectives';
import { useWorkspace } from '../labels/workspace';
import { curveKey } from './dvh-book';
import type { Hover } from './dvh-chart';
import { coveredText } from './dvh-table';
import dvh from './dvh.module.css';
import { isAbsent, type Line, type Member } from './objective-lines';
import css from './score-card.module.css';
import { ICONS, standingOf, type Standing } from './tally';

const COLUMNS = 6;

/** A value to a hundredth, with its unit. */
export const valueText = (value: number, unit: Metric['unit']): string => `${value.toFixed(2)} ${unit}`;

/** `≤ 55 (60) Gy`: the limit, and in brackets the last acceptable variation. */
export function limitText({ comparison, limit, variation }: Pick<Objective, 'comparison' | 'limit' | 'variation'>, unit: Metric['unit']): string {
  const beyond = variation === null ? '' : ` (${variation})`;
  return `${comparison === 'at-most' ? '≤' : '≥'} ${limit}${beyond} ${unit}`;
}

/** Why a verdict is unknown. */
export function reasonText({ reason }: Judgement, { covered, metric, members }: Pick<Line, 'covered' | 'metric' | 'members'>, t: Translate): string {
  if (reason === null) return '';
  const lacking = members.filter(({ times }) => (reason === 'ambiguous' ? times > 1 : times === 0));
  const names = lacking.map(({ wanted }) => wanted);
  if (reason === 'not-contoured' && members.length > 1) return t('objectives.missing', { names: names.join(', ') });
  if (reason === 'partly-outside-dose' && members.length > 1) return t('objectives.partly');
  return t(`objectives.${reason}`, { percent: coveredText(covered), cc: metric.number, names: names.join(', ') });
}

function VerdictCell({ line }: { line: Line }) {
  const t = useT();
  const { now } = line;
  if (now === null) return <td className={css.verdict}>{t('objectives.counting')}</td>;
  const said = now.reason === null ? t(`objectives.${now.verdict}`) : reasonText(now, line, t);
  return (
    <td className={classes(css.verdict, css[now.verdict])} title={said}>
      <Icon name={ICONS[now.verdict]} size={12} /> {said}
    </td>
  );
}

function Name({ member: { structure, wanted } }: { member: Member }) {
  const { scene } = useWorkspace();
  if (structure === null) return <span className={classes(dvh.name, css.missing)}>{wanted}</span>;
  return (
    <button type="button" className={dvh.name} title={structure.name} onClick={() => scene.set({ activeId: structure.id })}>
      <i className={dvh.sample} style={{ borderColor: structure.colour }} />
      <span>{structure.name}</span>
    </button>
  );
}

/** What is wanted, in words where it is of a group. */
function Wish({ line: { objective, metric } }: { line: Line }) {
  const t = useT();
  const name = (
    <span className={css.quantity}>
      {metric.letter}
      <sub>{metric.index}</sub>{' '}
    </span>
  );
  if (objective.group === 'each')
    return (
      <>
        {name}
        <b>{limitText(objective, metric.unit)}</b>
      </>
    );
  const { comparison, alternative } = objective;
  return (
    <>
      <div>
        {name}
        <b>{limitText(objective, metric.unit)}</b> {t(`objectives.way.${objective.group}`)}
      </div>
      {alternative && (
        <div>
          <span className={css.quantity}>{t('objectives.or')} </span>
          <b>{limitText({ ...alternative, comparison }, metric.unit)}</b> {t(`objectives.way.${alternative.group}`)}
        </div>
      )}
    </>
  );
}

function Value({ line: { now, ways, metric, savedValue } }: { line: Line }) {
  const t = useT();
  if (ways.length > 0)
    return ways.map(({ group, judgement }) => (
      <div key={group} className={now?.verdict === 'pass' && judgement.verdict !== 'pass' ? css.missed : undefined}>
        {judgement.value === null ? '–' : valueText(judgement.value, metric.unit)}
      </div>
    ));
  return (
    <>
      {now === null || now.value === null ? '' : valueText(now.value, metric.unit)}
      {savedValue !== null && <small>{t('objectives.saved', { value: savedValue.toFixed(2) })}</small>}
    </>
  );
}

/** Where the limit comes from, and what each structure of a group has alone. */
function Details({ line: { objective, members, metric } }: { line: Line }) {
  const t = useT();
  const values = members.flatMap(({ wanted, value }) => (value === null ? [] : [`${wanted} ${valueText(value, metric.unit)}`]));
  return (
    <tr className={css.details}>
      <td colSpan={COLUMNS}>
        {values.length > 0 && <p>{t('objectives.alone', { values: values.join(', ') })}</p>}
        <p>
          {t('objectives.source')}: <span lang="en">{objective.source}</span>
        </p>
      </td>
    </tr>
  );
}

type RowProps = { line: Line; activeId: string | null; pointed: boolean; onHover: (key: string | null) => void; open: boolean; onOpen: () => void };

function Row({ line, activeId, pointed, onHover, open, onOpen }: RowProps) {
  const t = useT();
  const { members, objective, now } = line;
  const names = members.map(({ wanted }) => wanted).join(', ');
  const { structure } = members[0];
  const active = members.some((one) => one.structure !== null && one.structure.id === activeId);
  return (
    <>
      <tr
        className={classes(active && dvh.active, isAbsent(line) && dvh.other, pointed && dvh.pointed, members.length > 1 && css.group)}
        data-objective={`${names} ${objective.metric}`}
        data-verdict={now?.verdict ?? 'counting'}
        onPointerEnter={() => onHover(structure === null ? null : curveKey('now', structure.id))}
        onPointerLeave={() => onHover(null)}
      >
        <th scope="row">
          {members.map((member) => (
            <Name key={member.wanted} member={member} />
          ))}
        </th>
        <td className={css.wish}>
          <Wish line={line} />
        </td>
        <td className={css.value} data-quantity="value">
          <Value line={line} />
        </td>
        <VerdictCell line={line} />
        <td className={css.priority} title={t('objectives.priority', { n: objective.priority })}>
          {objective.priority}
        </td>
        <td className={css.more}>
          <IconButton small name={t('objectives.details', { name: names })} aria-expanded={open} onClick={onOpen}>
            <Icon name={open ? 'up' : 'down'} size={12} />
          </IconButton>
        </td>
      </tr>
      {open && <Details line={line} />}
    </>
  );
}

function Head() {
  const t = useT();
  return (
    <thead>
      <tr>
        <th scope="col">{t('viewer.structure')}</th>
        <th scope="col" className={css.wish} title={t('objectives.limit.hint')}>
          {t('objectives.wish')}
        </th>
        <th scope="col">{t('objectives.value')}</th>
        <th scope="col" className={css.verdict}>
          {t('objectives.verdict')}
        </th>
        <th scope="col" className={css.priority} title={t('objectives.priority', { n: '1–3' })}>
          {t('objectives.priority.short')}
        </th>
        <th scope="col" aria-label={t('objectives.source')} />
      </tr>
    </thead>
  );
}

type Props = {
  lines: readonly Line[];
  /** What stands above them. */
  note: string | null;
  only: Standing | null;
  activeId: string | null;
  hover: Hover | null;
  onHover: (key: string | null) => void;
};

/** A protocol's objectives with what the contours on the screen make of them; those of what nobody drew are one line until it is opened. */
export function ScoreCard({ lines, note, only, activeId, hover, onHover }: Props) {
  const t = useT();
  const [opened, setOpened] = useState<string | null>(null);
  const [all, setAll] = useState(false);
  const shown = only === null ? lines : lines.filter((line) => standingOf(line) === only);
  const drawn = shown.filter((line) => !isAbsent(line));
  const absent = shown.filter(isAbsent);
  const unfolded = all || only === 'absent';
  const names = [...new Set(absent.flatMap(({ members }) => members.map(({ wanted }) => wanted)))];
  const rows = (some: readonly Line[]) =>
    some.map((line) => (
      <Row
        key={line.key}
        line={line}
        activeId={activeId}
        pointed={line.members.some(({ structure }) => structure !== null && hover?.key === curveKey('now', structure.id))}
        onHover={onHover}
        open={opened === line.key}
        onOpen={() => setOpened(opened === line.key ? null : line.key)}
      />
    ));
  return (
    <div className={classes(dvh.table, css.card)} data-testid="score-card">
      {note !== null && <p className={css.note}>{note}</p>}
      <table>
        <Head />
        <tbody>
          {rows(drawn)}
          {absent.length > 0 && (
            <Fragment key="absent">
              <tr className={css.fold}>
                <td colSpan={COLUMNS}>
                  <button type="button" aria-expanded={unfolded} disabled={only === 'absent'} onClick={() => setAll(!all)}>
                    <Icon name={unfolded ? 'down' : 'right'} size={11} /> <b>{t('objectives.absent.list', { n: names.length })}</b>{' '}
                    {names.join(', ')}
                  </button>
                </td>
              </tr>
              {unfolded && rows(absent)}
            </Fragment>
          )}
        </tbody>
      </table>
    </div>
  );
}
