import { useCallback, useEffect, useMemo, useState } from 'react';
import type { StructureSet, StudyDetail } from '../../api/types';
import { voxels } from '../../api/voxels';
import { useT } from '../../i18n';
import type { PlaneName } from '../../lib/planes';
import { formatPersonName } from '../../ui/format';
import { notify } from '../../ui/toast';
import { Clicks, workerAnswerer } from '../../viewer/clicks';
import { Editor } from '../../viewer/editor';
import type { PlaneView } from '../../viewer/plane-view';
import { Scene } from '../../viewer/scene';
import { Volume } from '../../viewer/volume';
import { ConsensusPanel } from '../consensus/consensus-panel';
import { Lesions } from '../detections/lesions';
import { DoseStrip } from '../dose/dose-strip';
import { DvhPanel } from '../dose/dvh-panel';
import { useDose } from '../dose/use-dose';
import { MapStrip } from '../maps/map-strip';
import { useMap } from '../maps/use-map';
import { beforeLogOut, may, useSession } from '../login/session';
import { useActions } from './actions';
import { runCommand } from './commands';
import { ConflictDialog } from './conflict-dialog';
import { Dialogs } from './dialogs';
import { useEditingTab } from './editing-tab';
import { Inspector } from './inspector';
import { commandOf, isWriting, type Command } from './keymap';
import { LabelSession } from './label-session';
import { Notices } from './notices';
import { StatusBar } from './status-bar';
import { StructureList } from './structure-list';
import type { ImageSeries } from './opening';
import { ToolColumn } from './tool-column';
import { ToolOptions } from './tool-options';
import { TopBar } from './top-bar';
import { Views } from './views';
import css from './viewer.module.css';
import { nextUnchecked, WorkspaceContext, type DialogName, type Workspace } from './workspace';

type Props = { study: StudyDetail; images: ImageSeries[]; image: ImageSeries; set: StructureSet | null; setId: string | null; query: URLSearchParams };

/** Streams the voxels into the scene, the middle slices first. */
function useVolume(scene: Scene, seriesId: string): void {
  const t = useT();
  useEffect(() => {
    const abort = new AbortController();
    const load = async (): Promise<void> => {
      const response = await voxels(seriesId, abort.signal);
      if (response.body === null) return;
      await scene.volume.fill(response.body, () => scene.arrived());
    };
    load().catch(() => {
      if (!abort.signal.aborted) notify(t('viewer.image.failed'), true);
    });
    return () => abort.abort();
  }, [scene, seriesId, t]);
}

/** Keys of the keymap, except while a text is being written or a dialog is open. */
function useKeys(run: (command: Command) => void, clicks: Clicks): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const target = event.target instanceof HTMLElement ? event.target : null;
      const command = commandOf(event);
      if (command === null || event.altKey || (isWriting(target) && command !== 'save')) return;
      const pressesButton = command === 'smart.keep' && target?.closest('button, a, summary') !== null;
      if (command.startsWith('smart.') && (pressesButton || !clicks.active)) return;
      event.preventDefault();
      run(command);
    };
    /** A list that has been chosen from would keep the arrow keys. */
    const letGo = ({ target }: Event): void => {
      if (target instanceof HTMLSelectElement && target.closest('dialog') === null) target.blur();
    };
    window.addEventListener('keydown', press);
    window.addEventListener('change', letGo);
    return () => {
      window.removeEventListener('keydown', press);
      window.removeEventListener('change', letGo);
    };
  }, [run, clicks]);
}

/** The contouring workspace of one image and one structure set. */
export function ViewerPage({ study, images, image, set, setId, query }: Props) {
  const t = useT();
  const { me, chooseProject } = useSession();
  useEffect(() => chooseProject(study.project_id), [chooseProject, study.project_id]);
  const role = me.projects.find((project) => project.id === study.project_id)?.role;
  const mayAnnotate = may(role, 'annotate');
  const [scene] = useState(() => new Scene(new Volume(image.volume)));
  const [editor] = useState(() => new Editor(scene));
  const [clicks] = useState(() => new Clicks(scene, editor, workerAnswerer()));
  const [dialog, setDialog] = useState<DialogName | null>(null);
  const [deciding, setDeciding] = useState(false);
  const [views] = useState(() => new Map<PlaneName, PlaneView>());
  const session = useMemo(() => new LabelSession(scene, editor, setId ?? '', me.user.id), [scene, editor, setId, me.user.id]);
  const [tab, takeOver] = useEditingTab(setId, me.user.id, useCallback(() => session.leave(), [session]));
  const mayEdit = mayAnnotate && tab === 'here';
  useVolume(scene, image.id);
  useDose(scene, study, image);
  useMap(scene, study, image, query);
  useEffect(() => session.open(), [session]);
  useEffect(() => clicks.open(), [clicks]);
  useEffect(() => beforeLogOut(() => session.flush()), [session]);
  useEffect(() => {
    scene.set({ canEdit: mayEdit && setId !== null });
  }, [scene, mayEdit, setId]);

  const base = useMemo(
    () => ({
      study, set, scene, editor, clicks, session, mayEdit, mayReview: may(role, 'review'), mayExport: may(role, 'export'), views,
      userId: me.user.id,
      seriesId: image.id, open: setDialog,
    }), // prettier-ignore
    [study, set, scene, editor, clicks, session, mayEdit, role, me.user.id, views, image.id],
  );
  useEffect(() => {
    if (tab === 'asking' || base.set?.id !== session.setId) return;
    void session.update(base.set, nextUnchecked(base.set.structures, null, base)?.id);
  }, [session, base, tab]);
  const actions = useActions(base);
  const run = useCallback((command: Command) => runCommand(command, base, actions, t), [base, actions, t]);
  const workspace: Workspace = useMemo(() => ({ ...base, run }), [base, run]);
  useKeys(run, clicks);

  return (
    <WorkspaceContext value={workspace}>
      <title>{`${formatPersonName(study.patient_name) || t('worklist.noName')} – Rinkaku`}</title>
      <div className={css.page} data-testid="viewer">
        <TopBar images={images} image={image} />
        <aside className={css.side}>
          <StructureList />
          <Inspector />
          <ConsensusPanel deciding={deciding} onDeciding={setDeciding} />
          {!deciding && <Lesions />}
        </aside>
        <ToolColumn />
        <main className={css.stage}>
          <ToolOptions operate={actions.operate} busy={actions.busy} outcome={actions.outcome} />
          <DoseStrip />
          <MapStrip />
          <Notices takeOver={mayAnnotate && tab === 'elsewhere' ? takeOver : null} />
          <Views />
          <DvhPanel />
        </main>
        <StatusBar />
      </div>
      <Dialogs name={dialog} actions={actions} onClose={() => setDialog(null)} />
      <ConflictDialog />
    </WorkspaceContext>
  );
}
