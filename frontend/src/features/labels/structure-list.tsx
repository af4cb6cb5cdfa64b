import { useEffect, useRef, useState } from 'react';
import type { Structure } from '../../api/types';
import { useT } from '../../i18n';
import { slugText } from '../../i18n/problems';
import { classes } from '../../ui/controls';
import { Icon } from '../../ui/icons';
import { voxelCc } from '../../lib/planes';
import { useScene } from '../../viewer/use-scene';
import type { ShownStructure } from '../../viewer/scene';
import { DrawAgain } from './draw-again';
import { DerivedMark } from '../derive/derived-mark';
import { keyOf } from './keymap';
import { ToolIcon } from './tool-icons';
import css from './viewer.module.css';
import { recordOf, useLabels, useWorkspace } from './workspace';

const TONES = { draft: 'muted', submitted: 'accent', approved: 'good', returned: 'warn' } as const;
/** A review state is a badge, an assessment a bare sign: the two are told apart by their look. */
const LETTERS = { draft: '', submitted: '?', approved: '✓', returned: '↩' } as const;
const SIGNS = { none: '', accepted: '✓', corrected: '✎', rejected: '✕' } as const;

/** Volume in cm³ with three figures or so; the last bits, in which the server's product differs from the page's, decide nothing. */
export function volumeText(given: number): string {
  const cc = Number(given.toPrecision(12));
  return cc === 0 ? '–' : cc.toFixed(cc < 10 ? 2 : cc < 1000 ? 1 : 0);
}

/** What is as wide as a point and two digits. */
const PADDING = '\u2008\u2007\u2007';

/** A volume for a column in which the points stand above each other. */
export function volumeCell(cc: number): string {
  const text = volumeText(cc);
  const point = text.indexOf('.');
  return cc === 0 ? text : text + PADDING.slice(point < 0 ? 0 : text.length - point);
}

function Marks({ record, dirty, failed }: { record: Structure | null; dirty: boolean; failed: boolean }) {
  const t = useT();
  const warnings = record?.plausibility ?? [];
  return (
    <>
      <DerivedMark record={record} />
      {dirty && <i className={css.dirty} title={t('viewer.structure.unsaved')} role="img" aria-label={t('viewer.structure.unsaved')} />}
      {(warnings.length > 0 || failed) && (
        <span className={css.warn} title={failed ? t('viewer.structure.failed') : warnings.map((one) => slugText(one, t)).join('\n')}>
          <Icon name="alert" size={13} />
        </span>
      )}
      {record !== null && record.assessment !== 'none' && (
        <span
          className={css[`assessment-${record.assessment}`]}
          title={t('review.assessment', { assessment: t(`viewer.assessment.${record.assessment}`) })}
        >
          {SIGNS[record.assessment]}
        </span>
      )}
      {record !== null && (
        <span
          className={classes(css.dot, css[TONES[record.state]])}
          role="img"
          aria-label={t(`viewer.state.${record.state}`)}
          title={t('review.state', { state: t(`viewer.state.${record.state}`) })}
        >
          {LETTERS[record.state]}
        </span>
      )}
    </>
  );
}

function Row({ structure }: { structure: ShownStructure }) {
  const t = useT();
  const { scene, set, session } = useWorkspace();
  const active = useScene(scene, (state) => state.activeId === structure.id);
  const dirty = useLabels(session, (state) => state.dirty.has(structure.id));
  const loading = useLabels(session, (state) => state.loading.has(structure.id));
  const failed = useLabels(session, (state) => state.failed.has(structure.id));
  const { id, name, colour, visible, locked, count } = structure;
  const line = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (active) line.current?.scrollIntoView({ block: 'nearest' });
  }, [active]);
  return (
    <li ref={line} className={classes(css.row, active && css.active, !visible && css.hidden)} data-structure={name}>
      <button
        type="button"
        className={css.mini}
        aria-label={t(visible ? 'viewer.structure.hide' : 'viewer.structure.show', { name })}
        title={t(visible ? 'viewer.structure.hide' : 'viewer.structure.show', { name })}
        onClick={() => scene.changeStructure(id, { visible: !visible })}
      >
        <ToolIcon name={visible ? 'eye' : 'eye-off'} size={15} />
      </button>
      <span className={css.swatch} style={{ background: colour }} />
      <button
        type="button"
        className={css.name}
        aria-pressed={active}
        title={name}
        onClick={() => scene.set({ activeId: id })}
        onDoubleClick={() => scene.goTo(id)}
      >
        {name}
      </button>
      <Marks record={recordOf(set, id)} dirty={dirty} failed={failed} />
      <span className={css.volume}>{loading ? '…' : volumeCell(count * voxelCc(scene.volume.grid))}</span>
      <button
        type="button"
        className={classes(css.mini, locked && css.locked)}
        aria-label={t(locked ? 'viewer.structure.unlock' : 'viewer.structure.lock', { name })}
        title={t(locked ? 'viewer.structure.unlock' : 'viewer.structure.lock', { name })}
        onClick={() => scene.changeStructure(id, { locked: !locked })}
      >
        <ToolIcon name={locked ? 'lock' : 'unlock'} size={14} />
      </button>
    </li>
  );
}

/** Every structure of the set: colour, visibility, name, state, volume, lock. */
export function StructureList() {
  const t = useT();
  const { scene, set, open, run, mayEdit } = useWorkspace();
  const structures = useScene(scene, (state) => state.structures);
  const [wanted, setWanted] = useState('');
  const all = structures.every((one) => one.visible);
  const shown = structures.filter((one) => one.name.toLowerCase().includes(wanted.trim().toLowerCase()));
  const showAll = t(all ? 'viewer.hide-all' : 'viewer.show-all');
  return (
    <section className={css.list} aria-label={t('viewer.structures')}>
      <header>
        <button
          type="button"
          className={css.mini}
          aria-label={showAll}
          title={showAll}
          onClick={() => scene.set({ structures: structures.map((one) => ({ ...one, visible: !all })) })}
        >
          <ToolIcon name={all ? 'eye' : 'eye-off'} size={15} />
        </button>
        <input
          type="search"
          value={wanted}
          placeholder={`${t('viewer.structures')} (${structures.length})`}
          aria-label={t('viewer.filter')}
          onChange={(event) => setWanted(event.target.value)}
        />
        <button
          type="button"
          className={css.mini}
          aria-label={t('viewer.structure.add')}
          title={t('viewer.structure.add')}
          disabled={!mayEdit || set === null}
          onClick={() => open('new')}
        >
          <ToolIcon name="plus" size={16} />
        </button>
        <button
          type="button"
          className={css.mini}
          aria-label={t('derive.title')}
          title={`${t('derive.title')} (${keyOf('derive')})`}
          disabled={!mayEdit || set === null}
          onClick={() => run('derive')}
        >
          <ToolIcon name="derive" size={16} />
        </button>
      </header>
      {shown.length > 0 && (
        <div className={css.heading}>
          <span>{t('viewer.structure')}</span>
          <span>{t('viewer.volume')}</span>
        </div>
      )}
      <ul>
        {shown.map((one) => (
          <Row key={one.id} structure={one} />
        ))}
      </ul>
      {structures.length > 0 && <DrawAgain />}
    </section>
  );
}
