import { useCallback, useMemo, useState } from 'react';
import type { Detection, Network } from '../../api/types';
import { useT, type Translate } from '../../i18n';
import { slugText } from '../../i18n/problems';
import type { Finding, FindingState } from '../../lib/findings';
import { Button } from '../../ui/controls';
import { FindingPanel } from '../findings/finding-panel';
import { useWorkspace } from '../labels/workspace';
import { isLive, useNetworks } from '../training/queries';
import css from './detections.module.css';
import { useDetections, useJudge, useSearch } from './queries';

/** The version's place in the manifest tells whether it points at places instead of drawing. */
const points = (network: Network): boolean => network.versions.some(({ manifest }) => manifest['purpose'] === 'candidates');

const asFinding = ({ id, position_mm, score, state }: Detection['candidates'][number]): Finding => ({
  id, score, state,
  position_mm: [position_mm[0], position_mm[1], position_mm[2]],
}); // prettier-ignore

function ended({ job }: Detection, t: Translate): string | null {
  if (job.state === 'succeeded') return job.result?.['reason'] === 'images-changed' ? t('detect.changed') : null;
  return job.error === null ? t(`job.${job.state}`) : slugText(job.error, t);
}

function Candidates({ detection }: { detection: Detection }) {
  const t = useT();
  const { scene, views, study, mayEdit } = useWorkspace();
  const [faint, setFaint] = useState(false);
  const { mutate } = useJudge(study.id);
  const judge = useCallback((id: string, state: FindingState) => mutate({ id, state }), [mutate]);
  const strong = detection.candidates.filter((one) => one.score >= (detection.threshold ?? 0) || one.state !== 'open');
  const hidden = detection.candidates.length - strong.length;
  const shown = faint ? detection.candidates : strong;
  const findings = useMemo(() => shown.map(asFinding), [shown]);
  return (
    <>
      <FindingPanel scene={scene} views={views} title={t('detect.title')} findings={findings} onJudge={mayEdit ? judge : null} />
      {hidden > 0 && (
        <label className={css.faint}>
          <input type="checkbox" checked={faint} onChange={(event) => setFaint(event.target.checked)} />
          {t('detect.faint', { n: hidden })}
        </label>
      )}
      <p className={css.note}>{t('detect.note', { name: detection.network, version: detection.version })}</p>
    </>
  );
}

/** Places that a detector suspects in the series shown, to be judged one by one; and the way to let it look. */
export function Lesions() {
  const t = useT();
  const { study, seriesId, mayEdit } = useWorkspace();
  const detectors = useNetworks().data?.filter(points) ?? [];
  const newest = useDetections(study.id).data?.find((one) => one.series_id === seriesId);
  const search = useSearch(study.id, seriesId);
  const isCt = study.series.some((one) => one.id === seriesId && one.modality === 'CT');
  if (detectors.length === 0 || !isCt || (newest === undefined && !mayEdit)) return null;
  const running = newest !== undefined && isLive(newest.job);
  const said = newest === undefined || running ? null : ended(newest, t);
  return (
    <div className={css.lesions}>
      {newest?.job.state === 'succeeded' && <Candidates detection={newest} />}
      {running && <p role="status">{t('detect.running', { n: Math.round(100 * newest.job.progress) })}</p>}
      {said !== null && <p role="status">{said}</p>}
      {mayEdit && !running && (
        <Button small title={t('detect.hint')} disabled={search.isPending} onClick={() => search.mutate()}>
          {t(newest === undefined ? 'detect.search' : 'detect.again')}
        </Button>
      )}
    </div>
  );
}
