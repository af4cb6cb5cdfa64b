import type { Structure } from '../../api/types';
import { useT } from '../../i18n';
import { Confirm } from '../../ui/dialog';
import { formatTime } from '../../ui/format';
import { followersOf } from '../derive/followers';
import css from './viewer.module.css';
import { useLabels, useWorkspace, type Workspace } from './workspace';

/** Approved structures with unsaved changes, or derived from such: saving withdraws their approvals. */
export const withdrawnBySaving = ({ set, session }: Pick<Workspace, 'set' | 'session'>): readonly Structure[] =>
  (set === null ? [] : [...set.structures.filter((one) => session.state.dirty.has(one.id)), ...followersOf(set.structures, session.state.dirty)]).filter(
    (one) => one.approval !== null,
  );

/** That a new revision of this structure, or of what it is derived from, takes its approval away; nothing where none stands. */
export function ApprovalLost({ record, derived = false }: { record: Structure; derived?: boolean }) {
  const t = useT();
  if (record.approval === null) return null;
  const { user_name, at } = record.approval;
  return <p className={css.returned}>{t(derived ? 'derive.withdraw' : 'review.withdraw', { name: record.name, who: user_name, when: formatTime(at) })}</p>;
}

/** The approvals that a save would withdraw. */
export function WithdrawNote() {
  const workspace = useWorkspace();
  const dirty = useLabels(workspace.session, (state) => state.dirty);
  return withdrawnBySaving(workspace).map((one) => <ApprovalLost key={one.id} record={one} derived={!dirty.has(one.id)} />);
}

/** Asks before a save withdraws approvals. */
export function WithdrawDialog({ save, onClose }: { save: () => Promise<void>; onClose: () => void }) {
  const t = useT();
  const confirm = (): void => {
    onClose();
    void save();
  };
  return (
    <Confirm title={t('review.withdraw.title')} action={t('review.withdraw.action')} danger pending={false} error={null} onConfirm={confirm} onClose={onClose}>
      <WithdrawNote />
    </Confirm>
  );
}
