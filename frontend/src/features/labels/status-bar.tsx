import { useT } from '../../i18n';
import { problemText } from '../../i18n/problems';
import { classes } from '../../ui/controls';
import type { Triple } from '../../lib/bits';
import { describePosition, toPatient } from '../../lib/planes';
import { isDoseWanted, referenceGy } from '../../viewer/dose-view';
import { useScene } from '../../viewer/use-scene';
import { valueText } from '../maps/map-text';
import { describe } from './tool-options';
import css from './viewer.module.css';
import { useLabels, useWorkspace } from './workspace';

const clock = (at: Date | null): string => at?.toTimeString().slice(0, 8) ?? '';

function Pointer() {
  const { scene } = useWorkspace();
  const pointer = useScene(scene, (state) => state.pointer);
  if (pointer === null) return null;
  const value = scene.volume.valueAt(pointer[0], pointer[1], pointer[2]);
  if (value === null) return null;
  const { unit, dtype } = scene.volume.description;
  return (
    <>
      <span className={css.position}>{describePosition(toPatient(scene.volume.grid, pointer))}</span>
      <span className={css.value}>
        {value.toFixed(dtype === 'int16' && scene.volume.description.slope === 1 ? 0 : 2)} {unit}
      </span>
      <DoseHere voxel={pointer} />
      <MapHere voxel={pointer} />
    </>
  );
}

/** The dose under the pointer. */
function DoseHere({ voxel }: { voxel: Triple }) {
  const t = useT();
  const { scene } = useWorkspace();
  const dose = useScene(scene, (state) => state.dose);
  const reference = referenceGy(dose);
  if (dose.field === null || reference === null || !isDoseWanted(dose)) return null;
  const gy = dose.field.sampler.at(voxel);
  const percent = ((100 * gy) / reference).toFixed(0);
  return <span className={css.value}>{Number.isNaN(gy) ? t('dose.outside') : t('dose.here', { gy: gy.toFixed(2), percent })}</span>;
}

/** The value of the map under the pointer. */
function MapHere({ voxel }: { voxel: Triple }) {
  const t = useT();
  const { scene } = useWorkspace();
  const { field, shown, range } = useScene(scene, (state) => state.map);
  if (field === null || !shown) return null;
  const value = field.values.at(voxel);
  return <span className={css.value}>{t('map.here', { value: Number.isNaN(value) ? '–' : valueText(value, range, 3) })}</span>;
}

function SaveState() {
  const t = useT();
  const { session, mayEdit } = useWorkspace();
  const { kind, at, why } = useLabels(session, (state) => state.autosave);
  if (!mayEdit) return null;
  const said = t(`viewer.autosave.${kind}`, { time: clock(at) });
  const text = why === null ? said : t('common.because', { what: said, detail: problemText(why, t) });
  return (
    <span className={classes(css.autosave, css[kind])} role="status" title={text} data-testid="autosave">
      {text}
    </span>
  );
}

/** Where the pointer is and what lies there, the window, what is still loading, what is saved. */
export function StatusBar() {
  const t = useT();
  const { scene, session } = useWorkspace();
  const window = useScene(scene, (state) => state.window);
  const loaded = useScene(scene, (state) => state.slicesLoaded);
  const loading = useLabels(session, (state) => state.loading.size);
  const percent = Math.floor((100 * loaded) / scene.volume.grid.shape_kji[0]);
  const spacing = scene.volume.grid.spacing_ijk_mm.map((mm) => mm.toFixed(2)).join(' × ');
  return (
    <footer className={css.status}>
      <Pointer />
      <span className={css.faint}>{t('common.notClinical')}</span>
      <span className={css.gap} />
      {percent < 100 && <span role="status">{t('viewer.image.loading', { n: percent })}</span>}
      {loading > 0 && <span role="status">{t('viewer.contours.loading', { n: loading })}</span>}
      <span className={css.faint}>{spacing} mm</span>
      <span>{t('viewer.window.value', describe(window))}</span>
      <SaveState />
    </footer>
  );
}
