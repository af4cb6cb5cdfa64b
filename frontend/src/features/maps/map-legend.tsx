import { useT } from '../../i18n';
import { classes } from '../../ui/controls';
import { endOf } from '../../viewer/map-colours';
import { useScene } from '../../viewer/use-scene';
import css from '../dose/dose.module.css';
import { FoldButton, useFolded } from '../dose/fold';
import { useWorkspace } from '../labels/workspace';
import { kindText } from './map-strip';
import { legendBar, legendValues, valueText } from './map-text';
import { mapKey, useMaps } from './use-map';

/** What the colours of a map mean, which analysis says so, and what its outline is. */
export function MapLegend() {
  const t = useT();
  const { scene, study, seriesId } = useWorkspace();
  const { key, range, field, shown, threshold } = useScene(scene, (state) => state.map);
  const [folded, turn] = useFolded('rinkaku.legend.map.folded');
  const map = useMaps(study, seriesId).find((one) => mapKey(one) === key);
  if (map === undefined || field === null || !shown || endOf(range) <= 0) return null;
  const head = (
    <div className={css.head}>
      {folded ? <i className={css.strand} style={{ background: legendBar('to left', range, threshold) }} /> : <b>{kindText(map, t)}</b>}
      <FoldButton folded={folded} turn={turn} />
    </div>
  );
  return (
    <section className={classes(css.legend, css.narrow)} aria-label={t('map.legend')} data-testid="map-legend">
      {head}
      {!folded && (
        <>
          <div>{map.analysis_name}</div>
          <div className={css.ruler}>
            <i className={css.bar} style={{ background: legendBar('to bottom', range, threshold) }} />
            <ul>
              {legendValues(range).map((value) => (
                <li key={value}>{valueText(value, range)}</li>
              ))}
            </ul>
          </div>
          <footer>{t(`map.meaning.${map.kind}`)}</footer>
          {map.significant && (
            <footer className={css.outlined}>
              <i className={classes(css.key, css.white)} /> {t('map.significant')}
            </footer>
          )}
        </>
      )}
    </section>
  );
}
