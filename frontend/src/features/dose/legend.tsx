import { useT } from '../../i18n';
import { classes } from '../../ui/controls';
import { doseColour, LEVELS } from '../../viewer/dose-colours';
import { referenceGy } from '../../viewer/dose-view';
import { useScene } from '../../viewer/use-scene';
import { useWorkspace } from '../labels/workspace';
import css from './dose.module.css';
import { FoldButton, useFolded } from './fold';
import { sumText } from './summation';
import { planHint, useDoseKind, useHasPlan } from './use-dose';

/** The bar runs evenly from one named isodose to the next, so that each colour stands beside its dose. */
function bar(direction: string): string {
  const part = 100 / LEVELS.length;
  const stops = LEVELS.flatMap((share, n) => {
    const next = LEVELS[n + 1];
    const middle = `${doseColour(share)} ${(n + 0.5) * part}%`;
    return next === undefined ? [middle] : [middle, `${doseColour((share + next) / 2)} ${(n + 1) * part}%`];
  });
  return `linear-gradient(${direction}, ${doseColour(1.15)}, ${stops.join(', ')}, ${doseColour(0.1)})`;
}

const BAR = bar('to bottom');
const BAR_ACROSS = bar('to left');

/** What the colours of wash and lines mean, in Gy and in % of what counts as 100 %. */
export function DoseLegend() {
  const t = useT();
  const { scene, study, run } = useWorkspace();
  const dose = useScene(scene, (state) => state.dose);
  const kind = useDoseKind(study, dose.seriesId);
  const hasPlan = useHasPlan(study);
  const [folded, turn] = useFolded('rinkaku.legend.folded');
  const reference = referenceGy(dose);
  if (dose.field === null || reference === null || !(dose.wash || dose.lines)) return null;
  const { most: maxGy } = dose.field.sampler;
  const sum = <span className={kind?.is_whole_plan ? undefined : css.registered}>{sumText(kind, t)}</span>;
  const fold = <FoldButton folded={folded} turn={turn} />;
  if (folded)
    return (
      <section className={classes(css.legend, css.head)} aria-label={t('dose.legend')} data-testid="dose-legend">
        <i className={css.strand} style={{ background: BAR_ACROSS }} />
        {!kind?.is_whole_plan && sum}
        {fold}
      </section>
    );
  return (
    <section className={css.legend} aria-label={t('dose.legend')} data-testid="dose-legend">
      <div className={css.head}>
        {sum}
        {fold}
      </div>
      <header>{t(dose.prescriptionGy === null ? 'dose.reference.is-max' : 'dose.reference.is-prescription')}</header>
      <div className={css.scale}>
        {dose.wash && <i className={css.bar} style={{ background: BAR }} />}
        <ul>
          {LEVELS.map((share) => (
            <li key={share} className={share * reference > maxGy ? css.unreached : undefined}>
              {dose.lines && <i className={css.key} style={{ background: doseColour(share) }} />}
              <b>{Math.round(100 * share)} %</b>
              <span>{(share * reference).toFixed(1)} Gy</span>
            </li>
          ))}
        </ul>
      </div>
      <footer>{t('dose.legend.max', { gy: maxGy.toFixed(1) })}</footer>
      {hasPlan && (
        <button type="button" className={css.plan} title={planHint(t)} onClick={() => run('dose.plan')}>
          {t('plan.open')}
        </button>
      )}
    </section>
  );
}
