import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { MapTemplate } from '../../api/types';
import { useT } from '../../i18n';
import type { Triple } from '../../lib/bits';
import { describeSlice, PLANES, planesOf, type Plane } from '../../lib/planes';
import { ErrorNote, Loading } from '../../ui/feedback';
import { colourMap, endOf, type Range } from '../../viewer/map-colours';
import { peakOf } from '../../viewer/map-view';
import { OverlayLayer } from '../../viewer/overlay-layer';
import legend from '../dose/dose.module.css';
import { legendBar, legendValues, valueText } from '../maps/map-text';
import css from './dose-map.module.css';
import { movedTo, organMap, placeOf, type OrganMap } from './map-slices';
import { cohortPath } from './queries';

const SIDE = 260;
const OUTLINE = '#8d96a8';
const SIGNIFICANT = '#ffffff';

type Loaded = { readonly template: MapTemplate; readonly organ: OrganMap };

async function load(path: string): Promise<Loaded> {
  const volume = async (part: string): Promise<Float32Array> => new Float32Array((await api.bytes(`${path}/${part}`)).value.buffer);
  const [template, map, mask, significant] = await Promise.all([api.get<MapTemplate>(path), volume('map'), volume('mask'), volume('significant')]);
  return { template, organ: organMap(template.grid, { map, mask, significant }) };
}

type SliceProps = { organ: OrganMap; range: Range; plane: Plane; at: Triple; onMove: (at: Triple) => void };

/** One plane through the mean organ: colours of the map, outline of the organ, and of what is significant. */
function Slice({ organ, range, plane, at, onMove }: SliceProps) {
  const t = useT();
  const element = useRef<HTMLCanvasElement>(null);
  const { grid } = organ;
  const slice = at[plane.across];
  const layer = useMemo(() => new OverlayLayer(grid.shape_kji[plane.columns], grid.shape_kji[plane.rows]), [grid, plane]);
  const name = t(`viewer.plane.${plane.name}`);
  const where = describeSlice(grid, plane, at);
  useEffect(() => {
    const context = element.current?.getContext('2d') ?? null;
    if (context === null) return;
    const ratio = window.devicePixelRatio;
    const size = { width: SIDE, height: SIDE };
    const view = { plane, slice, frame: { size, ratio, transform: placeOf(grid, plane, size) } };
    const wash = { of: organ.map, opacity: 1, colour: (found: Float32Array, out: Uint32Array) => colourMap(found, range, 0, out) };
    context.resetTransform();
    context.clearRect(0, 0, SIDE * ratio, SIDE * ratio);
    layer.draw(context, view, { key: '', wash: endOf(range) > 0 ? wash : null, lines: { of: organ.mask, levels: [0.5], colours: [OUTLINE] } });
    layer.draw(context, view, { key: '', wash: null, lines: { of: organ.significant, levels: [0.5], colours: [SIGNIFICANT] } });
  }, [organ, grid, range, plane, slice, layer]);
  const pixels = Math.round(SIDE * window.devicePixelRatio);
  return (
    <figure className={css.slice}>
      <div className={css.picture}>
        <canvas ref={element} width={pixels} height={pixels} style={{ width: SIDE, height: SIDE }} role="img" aria-label={`${name} ${where}`} />
        {plane.letters.map((letter, edge) => (
          <span key={letter} data-edge={edge}>
            {letter}
          </span>
        ))}
      </div>
      <label>
        {name}
        <input
          type="range"
          min={0}
          max={grid.shape_kji[plane.across] - 1}
          value={slice}
          aria-valuetext={where}
          onChange={(event) => onMove(movedTo(grid, at, plane.across, Number(event.target.value)))}
        />
        <output>{where}</output>
      </label>
    </figure>
  );
}

type Outcome = 'continuous' | 'binary' | 'survival';

function Legend({ range, outcome, significant }: { range: Range; outcome: Outcome; significant: boolean }) {
  const t = useT();
  return (
    <div className={css.legend}>
      <b>{t(`cohort.doseMap.unit.${outcome}`)}</b>
      {endOf(range) > 0 ? (
        <div className={legend.ruler}>
          <i className={legend.bar} style={{ background: legendBar('to bottom', range, 0) }} />
          <ul>
            {legendValues(range).map((value) => (
              <li key={value}>{valueText(value, range)}</li>
            ))}
          </ul>
        </div>
      ) : (
        <p>{t('cohort.doseMap.zero')}</p>
      )}
      <div>
        <i className={legend.key} style={{ background: OUTLINE }} /> {t('cohort.doseMap.outline')}
      </div>
      <div>
        <i className={legend.key} style={{ background: SIGNIFICANT }} /> {t(significant ? 'map.significant' : 'cohort.doseMap.noneSignificant')}
      </div>
    </div>
  );
}

function Planes({ loaded: { organ, template }, outcome }: { loaded: Loaded; outcome: Outcome }) {
  const t = useT();
  const { grid } = organ;
  const range = useMemo(() => ({ low: template.range[0], high: template.range[1] }), [template]);
  const planes = useMemo(() => planesOf(grid), [grid]);
  const [at, setAt] = useState<Triple>(() => {
    const [nk, nj, ni] = grid.shape_kji;
    const [k, j, i] = endOf(range) > 0 ? peakOf(organ.map, grid) : [nk / 2, nj / 2, ni / 2];
    return [Math.round(k), Math.round(j), Math.round(i)];
  });
  return (
    <>
      <div className={css.planes}>
        {PLANES.map((name) => (
          <Slice key={name} organ={organ} range={range} plane={planes[name]} at={at} onMove={setAt} />
        ))}
        <Legend range={range} outcome={outcome} significant={organ.significant.most > 0} />
      </div>
      {template.mirrored_to !== null && <p>{t(`cohort.doseMap.mirrored.${template.mirrored_to}`)}</p>}
    </>
  );
}

type Props = { projectId: string; cohortId: string; analysisId: string; outcome: Outcome };

/** The map on the mean organ in three planes, from where it is furthest from 0. */
export function DoseMapSlices({ projectId, cohortId, analysisId, outcome }: Props) {
  const query = useQuery({
    queryKey: keys.mapTemplate(cohortId, analysisId),
    queryFn: () => load(`${cohortPath(projectId, cohortId)}/analyses/${analysisId}/template`),
    staleTime: Infinity,
  });
  if (query.isPending) return <Loading />;
  if (query.isError) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  return <Planes loaded={query.data} outcome={outcome} />;
}
