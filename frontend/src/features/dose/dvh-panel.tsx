import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { useT } from '../../i18n';
import { classes, IconButton, Select } from '../../ui/controls';
import { Icon } from '../../ui/icons';
import { shareAt } from '../../lib/dvh';
import { referenceGy } from '../../viewer/dose-view';
import { useScene } from '../../viewer/use-scene';
import { useLabels, useWorkspace } from '../labels/workspace';
import { volumeText } from '../labels/structure-list';
import { curvesOf, type Curve } from './curves';
import { DvhBook } from './dvh-book';
import { doseScale, DvhChart, type Hover } from './dvh-chart';
import { DvhTable, percentText } from './dvh-table';
import dose from './dose.module.css';
import css from './dvh.module.css';
import { ObjectiveMarks } from './objective-marks';
import { recalledProtocol } from './prescription';
import { ScoreCard } from './score-card';
import card from './score-card.module.css';
import { partText } from './summation';
import { Tally, type Standing } from './tally';
import { useObjectives, type Objectives } from './use-objectives';

const SIDES = ['values', 'objectives'] as const;
type Side = (typeof SIDES)[number];

/** Where the pointer is on a curve, in words. */
function ReadOut({ curves, hover, reference }: { curves: readonly Curve[]; hover: Hover | null; reference: number }) {
  const t = useT();
  const on = curves.find((one) => one.key === hover?.key);
  const gy = hover?.gy ?? null;
  if (gy === null || !on?.dvh) return null;
  const share = shareAt(on.dvh, gy);
  const values = {
    name: on.name, gy: gy.toFixed(1), dose: ((100 * gy) / reference).toFixed(0),
    percent: percentText(share), cc: volumeText(share * on.dvh.insideCc),
  }; // prettier-ignore
  return <output data-testid="dvh-read-out">{t('dvh.read-out', values)}</output>;
}

/** What stands beside the curves, and which protocol it is. */
function Beside({ side, onSide, objectives }: { side: Side; onSide: (side: Side) => void; objectives: Objectives }) {
  const t = useT();
  const { protocols, protocol, choose } = objectives;
  const none = { value: '', label: t('objectives.none') };
  return (
    <>
      <span className={dose.modes} role="group" aria-label={t('dvh.side')}>
        {SIDES.map((one) => (
          <button
            key={one}
            type="button"
            className={classes(dose.mode, one === side && dose.on)}
            aria-pressed={one === side}
            onClick={() => onSide(one)}
          >
            {t(`dvh.side.${one}`)}
          </button>
        ))}
      </span>
      {side === 'objectives' && (
        <span className={card.protocol} title={protocol?.note[t.language]}>
          <Select
            name={t('objectives.protocol')}
            value={protocol?.id ?? ''}
            choices={[none, ...protocols.map((one) => ({ value: one.id, label: one.title[t.language] }))]}
            onChange={(id) => choose(id === '' ? null : id)}
          />
        </span>
      )}
    </>
  );
}

function Panel({ seriesId }: { seriesId: string }) {
  const t = useT();
  const { scene, editor, session } = useWorkspace();
  const [book] = useState(() => new DvhBook(scene, editor, session));
  useEffect(() => book.open(), [book]);
  const counted = useSyncExternalStore(book.subscribe, () => book.state);
  const structures = useScene(scene, (state) => state.structures);
  const activeId = useScene(scene, (state) => state.activeId);
  const comparison = useScene(scene, (state) => state.comparison);
  const dose = useScene(scene, (state) => state.dose);
  const dirty = useLabels(session, (state) => state.dirty);
  const [hover, setHover] = useState<Hover | null>(null);
  const [tall, setTall] = useState(false);
  const [only, setOnly] = useState<Standing | null>(null);
  const [side, setSide] = useState<Side>(() => (recalledProtocol(seriesId) === null ? 'values' : 'objectives'));
  const objectives = useObjectives(seriesId, book, counted, structures, side === 'objectives');
  const { lines, protocol, kind } = objectives;
  const note = kind?.is_whole_plan ? null : t('objectives.part', { what: partText(kind, t) });
  const curves = useMemo(
    () => curvesOf({ structures, activeId, comparison }, counted, (id) => (dirty.has(id) ? (session.savedOf(id)?.number ?? null) : null)),
    [structures, activeId, comparison, counted, dirty, session],
  );
  const maxGy = dose.field?.sampler.most ?? 0;
  const reference = referenceGy(dose);
  const scale = useMemo(() => doseScale(maxGy, reference ?? 0), [maxGy, reference]);
  const partly = curves.filter((one) => one.kind === 'now' && one.dvh !== null && one.dvh.covered < 1).length;
  const point = (key: string | null): void => setHover(key === null ? null : { gy: null, key });
  return (
    <section className={classes(css.panel, tall && css.tall)} aria-label={t('dose.key.dvh')} data-testid="dvh">
      <header>
        <b>{t('dose.dvh')}</b>
        <Beside side={side} onSide={setSide} objectives={objectives} />
        {protocol !== null && <Tally lines={lines} only={only} onOnly={setOnly} />}
        {side === 'values' && <span>{t('dvh.about')}</span>}
        {side === 'values' && partly > 0 && <span className={css.warn}>{t('dvh.partly', { n: partly })}</span>}
        <span className={css.gap} />
        {reference !== null && <ReadOut curves={curves} hover={hover} reference={reference} />}
        <IconButton small name={t(tall ? 'dvh.lower' : 'dvh.higher')} onClick={() => setTall(!tall)}>
          <Icon name={tall ? 'down' : 'up'} size={13} />
        </IconButton>
        <IconButton small name={t('dvh.close')} onClick={() => scene.changeDose({ dvh: false })}>
          <Icon name="close" size={13} />
        </IconButton>
      </header>
      {reference === null ? (
        <p>{t(dose.field === null ? 'dose.loading' : 'dvh.no-dose')}</p>
      ) : curves.length === 0 && protocol === null ? (
        <p>{t('dvh.nothing')}</p>
      ) : (
        <div className={classes(css.body, side === 'objectives' && css.narrow)}>
          <DvhChart curves={curves} scale={scale} reference={reference} hover={hover} onHover={setHover}>
            <ObjectiveMarks lines={lines} structureId={activeId} scale={scale} />
          </DvhChart>
          {side === 'values' && <DvhTable curves={curves} hover={hover} onHover={point} />}
          {side === 'objectives' && protocol !== null && <ScoreCard lines={lines} note={note} only={only} activeId={activeId} hover={hover} onHover={point} />}
          {side === 'objectives' && protocol === null && (
            <p className={card.empty}>{t(objectives.failed ? 'objectives.failed' : 'objectives.choose')}</p>
          )}
        </div>
      )}
    </section>
  );
}

/** Dose-volume histograms of what is shown, below the views. */
export function DvhPanel() {
  const { scene, session } = useWorkspace();
  const seriesId = useScene(scene, (state) => (state.dose.dvh ? state.dose.seriesId : null));
  return seriesId === null ? null : <Panel key={`${session.setId} ${seriesId}`} seriesId={seriesId} />;
}
