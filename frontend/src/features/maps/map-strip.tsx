import type { StudyMap } from '../../api/types';
import { useT, type Translate } from '../../i18n';
import { Select, classes } from '../../ui/controls';
import { endOf } from '../../viewer/map-colours';
import { useScene } from '../../viewer/use-scene';
import css from '../dose/dose.module.css';
import { ShareSlider } from '../dose/share-slider';
import { keyOf } from '../labels/keymap';
import { useWorkspace } from '../labels/workspace';
import { valueText } from './map-text';
import { changedSince, chooseMap, lookAtPeak, mapKey, useMaps } from './use-map';

export const kindText = ({ kind }: StudyMap, t: Translate): string => t(`map.kind.${kind}`);

const labelOf = (map: StudyMap, t: Translate): string => `${kindText(map, t)} · ${map.analysis_name}`;

function Look() {
  const t = useT();
  const { scene } = useWorkspace();
  const { opacity, threshold, range } = useScene(scene, (state) => state.map);
  const percent = (share: number): string => `${Math.round(100 * share)} %`;
  const lowest = valueText(threshold * endOf(range), range, 3).replace('+', '±');
  return (
    <>
      <ShareSlider name={t('map.opacity')} hint={t('map.opacity.hint')} value={opacity} said={percent(opacity)} onChange={(share) => scene.changeMap({ opacity: share })} />
      <ShareSlider name={t('map.threshold')} hint={t('map.threshold.hint')} value={threshold} said={lowest} onChange={(share) => scene.changeMap({ threshold: share })} />
    </>
  ); // prettier-ignore
}

/** Whether the contours that the map was made from have changed since. */
function Outdated({ map }: { map: StudyMap }) {
  const t = useT();
  const { set } = useWorkspace();
  const [changed] = changedSince(map, set);
  if (changed === undefined) return null;
  return (
    <span className={css.registered} role="status" data-testid="map-outdated">
      {t('map.outdated', changed)}
    </span>
  );
}

/** The strip above the views that says which map of an analysis is shown and how; nothing where there is none. */
export function MapStrip() {
  const t = useT();
  const { scene, study, seriesId, views, run } = useWorkspace();
  const key = useScene(scene, (state) => state.map.key);
  const shown = useScene(scene, (state) => state.map.shown);
  const loading = useScene(scene, ({ map }) => map.shown && map.field?.key !== map.key);
  const maps = useMaps(study, seriesId);
  const map = maps.find((one) => mapKey(one) === key);
  if (maps.length === 0) return null;
  // something else, as a consensus, may have laid a map of its own over the image
  const other = map === undefined ? [{ value: '', label: '–' }] : [];
  return (
    <div className={css.strip} data-testid="map-strip">
      <b className={css.title}>{t('map.title')}</b>
      <span className={css.modes}>
        <button
          type="button"
          className={classes(css.mode, css.alone, shown && map !== undefined && css.on)}
          aria-pressed={shown && map !== undefined}
          disabled={map === undefined}
          title={`${t('map.key')} (${keyOf('map')})`}
          onClick={() => run('map')}
        >
          {t('map.show')}
        </button>
      </span>
      <span className={css.maps}>
        <Select
          name={t('map.choose')}
          value={map === undefined ? '' : mapKey(map)}
          choices={[...other, ...maps.map((one) => ({ value: mapKey(one), label: labelOf(one, t) }))]}
          onChange={(chosen) => {
            const next = maps.find((one) => mapKey(one) === chosen);
            if (next !== undefined) chooseMap(scene, next);
          }}
        />
      </span>
      <button
        type="button"
        className={classes(css.mode, css.alone)}
        title={t('map.peak.hint')}
        disabled={!shown || loading || map === undefined}
        onClick={() => lookAtPeak(scene, views)}
      >
        {t('map.peak')}
      </button>
      {shown && map !== undefined && <Look />}
      {map !== undefined && <Outdated map={map} />}
      {loading && map !== undefined && <span role="status">{t('map.loading')}</span>}
    </div>
  );
}
