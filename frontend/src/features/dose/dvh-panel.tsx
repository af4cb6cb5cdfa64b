import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { useT } from '../../i18n';
import { IconButton } from '../../ui/controls';
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
import css from './dvh.module.css';

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

function Panel() {
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
  const curves = useMemo(
    () => curvesOf({ structures, activeId, comparison }, counted, (id) => (dirty.has(id) ? (session.savedOf(id)?.number ?? null) : null)),
    [structures, activeId, comparison, counted, dirty, session],
  );
  const maxGy = dose.field?.sampler.maxGy ?? 0;
  const reference = referenceGy(dose);
  const scale = useMemo(() => doseScale(maxGy, reference ?? 0), [maxGy, reference]);
  const partly = curves.filter((one) => one.kind === 'now' && one.dvh !== null && one.dvh.covered < 1).length;
  return (
    <section className={css.panel} aria-label={t('dose.key.dvh')} data-testid="dvh">
      <header>
        <b>{t('dose.dvh')}</b>
        <span>{t('dvh.about')}</span>
        {partly > 0 && <span className={css.warn}>{t('dvh.partly', { n: partly })}</span>}
        <span className={css.gap} />
        {reference !== null && <ReadOut curves={curves} hover={hover} reference={reference} />}
        <IconButton small name={t('dvh.close')} onClick={() => scene.changeDose({ dvh: false })}>
          <Icon name="close" size={13} />
        </IconButton>
      </header>
      {reference === null ? (
        <p>{t(dose.field === null ? 'dose.loading' : 'dvh.no-dose')}</p>
      ) : curves.length === 0 ? (
        <p>{t('dvh.nothing')}</p>
      ) : (
        <div className={css.body}>
          <DvhChart curves={curves} scale={scale} reference={reference} hover={hover} onHover={setHover} />
          <DvhTable curves={curves} hover={hover} onHover={(key) => setHover(key === null ? null : { gy: null, key })} />
        </div>
      )}
    </section>
  );
}

/** Dose-volume histograms of what is shown, below the views. */
export function DvhPanel() {
  const { scene, session } = useWorkspace();
  const open = useScene(scene, (state) => state.dose.dvh && state.dose.seriesId !== null);
  return open ? <Panel key={session.setId} /> : null;
}
