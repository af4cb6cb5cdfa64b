import { useMutation } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { api } from '../../api/client';
import type { Reading, StudyDetail } from '../../api/types';
import { voxels } from '../../api/voxels';
import { useT } from '../../i18n';
import type { FindingState } from '../../lib/findings';
import { toPatient, type PlaneName } from '../../lib/planes';
import { Button } from '../../ui/controls';
import { ErrorNote } from '../../ui/feedback';
import { notify } from '../../ui/toast';
import { Clicks, workerAnswerer } from '../../viewer/clicks';
import { Editor } from '../../viewer/editor';
import type { PlaneView } from '../../viewer/plane-view';
import { Scene } from '../../viewer/scene';
import { useScene } from '../../viewer/use-scene';
import { Volume } from '../../viewer/volume';
import { FindingPanel } from '../findings/finding-panel';
import { isWriting } from '../labels/keymap';
import { LabelSession } from '../labels/label-session';
import type { ImageSeries } from '../labels/opening';
import { Views } from '../labels/views';
import { WorkspaceContext, type Workspace } from '../labels/workspace';
import { useSession } from '../login/session';
import { told, useKeeping } from './keeping';
import { add, begin, findingsOf, judge, marksOf, rate, type ReaderMark } from './marks';
import css from './readings.module.css';

type Props = { path: string; reading: Reading; study: StudyDetail; image: ImageSeries; candidates: readonly ReaderMark[]; onKept: (reading: Reading) => void; onDone: () => void };

const MARK_KEY = 'a';
const FIRST_CONFIDENCE = 50;
const plainScore = (score: number): string => String(Math.round(score));
const nothing = (): void => undefined;

/** The image and nothing else of the study: no structure, no dose. */
function useWorkspaceOf(study: StudyDetail, image: ImageSeries): Workspace {
  const t = useT();
  const { me } = useSession();
  const [workspace] = useState((): Workspace => {
    const scene = new Scene(new Volume(image.volume));
    const editor = new Editor(scene);
    return {
      study, set: null, seriesId: image.id, scene, editor, clicks: new Clicks(scene, editor, workerAnswerer()),
      session: new LabelSession(scene, editor, '', me.user.id), userId: me.user.id, mayEdit: false, mayReview: false, mayExport: false,
      views: new Map<PlaneName, PlaneView>(), run: nothing, open: nothing,
    }; // prettier-ignore
  });
  const { scene } = workspace;
  useEffect(() => {
    const abort = new AbortController();
    const load = async (): Promise<void> => {
      const response = await voxels(image.id, abort.signal);
      if (response.body !== null) await scene.volume.fill(response.body, () => scene.arrived());
    };
    load().catch(() => {
      if (!abort.signal.aborted) notify(t('viewer.image.failed'), true);
    });
    return () => abort.abort();
  }, [scene, image.id, t]);
  return workspace;
}

type SliderProps = { label: string; value: number | null; onChange: (value: number) => void };

function Slider({ label, value, onChange }: SliderProps) {
  return (
    <label>
      <span>
        {label} <output>{value ?? '–'}</output>
      </span>
      <input type="range" min={0} max={100} step={1} value={value ?? FIRST_CONFIDENCE} onChange={(event) => onChange(Number(event.target.value))} onClick={(event) => onChange(Number(event.currentTarget.value))} />
    </label>
  );
}

/** Reads one case: marks with confidence, the confidence in the whole, and the end. */
export function CaseReader({ path, reading, study, image, candidates, onKept, onDone }: Props) {
  const t = useT();
  const workspace = useWorkspaceOf(study, image);
  const { scene, views } = workspace;
  const [items, setItems] = useState(() => begin(reading.marks, candidates));
  const [confidence, setConfidence] = useState(reading.confidence);
  const seen = useMemo(() => ({ confidence, marks: marksOf(items) }), [confidence, items]);
  const finish = useMutation({ mutationFn: () => told().then(() => api.post<Reading>(`${path}/finish`, seen)), onSuccess: onDone });
  const { failed } = useKeeping(path, seen, finish.isPending || finish.isSuccess, onKept);
  const findings = useMemo(() => findingsOf(items), [items]);
  const selectedId = useScene(scene, (state) => state.findings.selectedId);
  const selected = items.find((one) => one.id === selectedId);
  const mark = useCallback(() => setItems((now) => add(now, toPatient(scene.volume.grid, scene.state.crosshair), FIRST_CONFIDENCE)), [scene]);
  const onJudge = useCallback((id: string, state: FindingState) => setItems((now) => judge(now, id, state)), []);
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.key !== MARK_KEY || event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return;
      event.preventDefault();
      mark();
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [mark]);
  const newest = items.at(-1);
  useEffect(() => {
    if (newest?.own === true) scene.set({ findings: { ...scene.state.findings, selectedId: newest.id } });
  }, [scene, newest?.id, newest?.own]);
  return (
    <WorkspaceContext value={workspace}>
      <div className={css.reader} data-testid="case-reader">
        <aside className={css.panel}>
          <header>
            <b>{reading.case}</b> <span className={css.hint}>{reading.condition}</span>
          </header>
          <div className={css.block}>
            <Button onClick={mark}>{t('reading.mark', { key: MARK_KEY.toUpperCase() })}</Button>
            <span className={css.hint}>{t('reading.markHint')}</span>
            {selected !== undefined && (
              <Slider label={t('reading.markConfidence')} value={selected.confidence} onChange={(value) => setItems((now) => rate(now, selected.id, value))} />
            )}
          </div>
          <FindingPanel scene={scene} views={views} title={t(reading.ai ? 'reading.marksWithAi' : 'reading.marks')} findings={findings} scoreText={plainScore} onJudge={onJudge} />
          <div className={css.finish}>
            <div className={css.block}>
              <Slider label={t('reading.caseConfidence')} value={confidence} onChange={setConfidence} />
              <span className={css.hint}>{t('reading.caseConfidenceHint')}</span>
              {failed && <span role="alert">{t('reading.notSaved')}</span>}
              {finish.error !== null && <ErrorNote error={finish.error} />}
              <Button look="primary" disabled={confidence === null || finish.isPending} onClick={() => finish.mutate()}>
                {t('reading.finish')}
              </Button>
            </div>
          </div>
        </aside>
        <main className={css.stage}>
          <Views />
        </main>
      </div>
    </WorkspaceContext>
  );
}
