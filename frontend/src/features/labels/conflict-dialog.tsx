import { useT } from '../../i18n';
import { problemText } from '../../i18n/problems';
import { difference, runVoxels, type BitMask } from '../../lib/bits';
import { voxelCc } from '../../lib/planes';
import { Button } from '../../ui/controls';
import { Dialog, DialogActions } from '../../ui/dialog';
import { formatRatio, formatTime } from '../../ui/format';
import { notify } from '../../ui/toast';
import { useSession } from '../login/session';
import { makerOf } from './inspector';
import { volumeText } from './structure-list';
import css from './viewer.module.css';
import { useLabels, useWorkspace } from './workspace';

/** Dice coefficient of two masks: twice the overlap over the sum (Dice 1945); null when both are empty. */
export function dice(a: BitMask, b: BitMask): number | null {
  const sum = a.count + b.count;
  return sum === 0 ? null : (sum - runVoxels(difference(a, b))) / sum;
}

/** Somebody saved in between: mine and theirs side by side, and a choice; nothing happens by itself. */
export function ConflictDialog() {
  const t = useT();
  const { scene, session } = useWorkspace();
  const { me } = useSession();
  const conflict = useLabels(session, (state) => state.conflict);
  if (conflict === null) return null;
  const { name, theirs, head, structureId } = conflict;
  const mine = scene.find(structureId)?.mask;
  if (mine === undefined) return null;
  const who = makerOf(head, t);
  const settle = (choice: 'mine' | 'theirs' | 'later'): void => {
    session.resolve(choice, '').catch((error: unknown) => notify(problemText(error, t), true));
  };
  const look = (): void => {
    const label = `${name} · ${who} · ${t('viewer.revision', { n: head.number })}`;
    scene.set({ comparison: { structureId, mask: theirs, colour: '#ffffff', label }, activeId: structureId });
    scene.goTo(structureId);
    settle('later');
  };
  const cc = (mask: BitMask): string => t('viewer.cc', { n: volumeText(mask.count * voxelCc(scene.volume.grid)) });
  return (
    <Dialog title={t(head.author?.id === me.user.id ? 'viewer.conflict.own' : 'viewer.conflict.title', { name })} onClose={() => settle('later')}>
      <p>{t('viewer.conflict.text', { who, n: head.number, when: formatTime(head.created_at) })}</p>
      <dl className={css.facts}>
        <dt>{t('viewer.conflict.mine.volume')}</dt>
        <dd>{cc(mine)}</dd>
        <dt>{t('viewer.conflict.theirs.volume')}</dt>
        <dd>{cc(theirs)}</dd>
        <dt>{t('viewer.conflict.overlap')}</dt>
        <dd>{formatRatio(dice(mine, theirs))}</dd>
      </dl>
      <DialogActions>
        <Button onClick={look}>{t('viewer.conflict.look')}</Button>
        <Button onClick={() => settle('theirs')}>{t('viewer.conflict.theirs')}</Button>
        <Button look="primary" onClick={() => settle('mine')}>
          {t('viewer.conflict.mine')}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
