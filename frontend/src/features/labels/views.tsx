import { useCallback, useEffect, useRef } from 'react';
import { useT } from '../../i18n';
import { describeSlice, PLANES, type PlaneName } from '../../lib/planes';
import { classes } from '../../ui/controls';
import type { Refusal } from '../../viewer/editor';
import { planeColour } from '../../viewer/marks';
import type { PlaneView } from '../../viewer/plane-view';
import { useScene } from '../../viewer/use-scene';
import { EDIT_TOOLS, type ToolName } from '../../viewer/scene';
import { ViewPanel } from '../../viewer/view-panel';
import { keyOf } from './keymap';
import { sayRefused } from './refusal';
import { ToolIcon } from './tool-icons';
import { DoseLegend } from '../dose/legend';
import { MapLegend } from '../maps/map-legend';
import css from './viewer.module.css';
import { useWorkspace } from './workspace';

const CURSORS: Record<ToolName, string> = {
  navigate: 'crosshair', window: 'ns-resize', pan: 'grab', zoom: 'zoom-in',
  brush: 'none', eraser: 'none', threshold: 'none', contour: 'crosshair', cut: 'crosshair', smart: 'crosshair',
}; // prettier-ignore

/** Name of the plane, with number and position of the slice that is shown. */
function Slice({ plane }: { plane: PlaneName }) {
  const t = useT();
  const { scene } = useWorkspace();
  const { across } = scene.planes[plane];
  const index = useScene(scene, (state) => Math.round(state.crosshair[across]));
  const where = useScene(scene, (state) => describeSlice(scene.volume.grid, scene.planes[plane], state.crosshair));
  return (
    <header className={css.viewHead}>
      <span>
        <b style={{ color: planeColour[plane] }}>{t(`viewer.plane.${plane}`)}</b>
        <span data-testid={`slice-${plane}`}>{t('viewer.slice', { n: index + 1, count: scene.volume.grid.shape_kji[across] })}</span>
      </span>
      <span data-testid={`position-${plane}`}>{where}</span>
    </header>
  );
}

function View({ plane }: { plane: PlaneName }) {
  const t = useT();
  const { scene, editor, clicks, views } = useWorkspace();
  const tool = useScene(scene, (state) => state.tool);
  const layout = useScene(scene, (state) => state.layout);
  const canEdit = useScene(scene, (state) => state.canEdit);
  const speak = useRef(t);
  useEffect(() => {
    speak.current = t;
  }, [t]);
  const refused = useCallback((why: Refusal) => sayRefused(why, speak.current), []); // a new one would rebuild the view
  const register = useCallback(
    (name: PlaneName, view: PlaneView | null) => {
      if (view === null) views.delete(name);
      else views.set(name, view);
    },
    [views],
  );
  const [left, right, top, bottom] = scene.planes[plane].letters;
  const name = t(`viewer.plane.${plane}`);
  const switchName = t(layout === 'all' ? 'viewer.maximise' : 'viewer.restore-layout');
  return (
    <section className={classes(css.view, css[`view-${plane}`])} aria-label={name} hidden={layout !== 'all' && layout !== plane}>
      <ViewPanel
        scene={scene}
        editor={editor}
        clicks={clicks}
        plane={plane}
        label={name}
        className={css.canvas}
        cursor={canEdit || !EDIT_TOOLS.has(tool) ? CURSORS[tool] : 'not-allowed'}
        onRefused={refused}
        onView={register}
      />
      <Slice plane={plane} />
      <button
        type="button"
        className={css.viewButton}
        aria-label={`${switchName}: ${name}`}
        title={`${switchName} (${keyOf('layout')})`}
        onClick={() => scene.set({ layout: layout === 'all' ? plane : 'all' })}
      >
        <ToolIcon name="layout" size={15} />
      </button>
      {(layout === plane || (layout === 'all' && plane === 'axial')) && (
        <>
          <div className={css.legendAbove}>
            <DoseLegend />
          </div>
          <div className={css.legendBelow}>
            <MapLegend />
          </div>
        </>
      )}
      <span className={classes(css.letter, css.left)}>{left}</span>
      <span className={classes(css.letter, css.right)}>{right}</span>
      <span className={classes(css.letter, css.up)}>{top}</span>
      <span className={classes(css.letter, css.bottom)}>{bottom}</span>
    </section>
  );
}

export function Views() {
  const { scene } = useWorkspace();
  const layout = useScene(scene, (state) => state.layout);
  return (
    <div className={classes(css.views, layout !== 'all' && css.single)}>
      {PLANES.map((plane) => (
        <View key={plane} plane={plane} />
      ))}
    </div>
  );
}
