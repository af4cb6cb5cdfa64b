import type { Structure } from '../../api/types';
import { useT } from '../../i18n';
import { Confirm } from '../../ui/dialog';
import { formatTime } from '../../ui/format';
import css from './viewer.module.css';
import { useLabels, useWorkspace, type Workspace } from './workspace';

/** Approved structures with unsaved changes: saving them withdraws their approvals. */
export const withdrawnBySaving = ({ set, session }: Pick<Workspace, 'set' | 'session'>): readonly Structure[] =>
  set?.structures.filter((one) => one.approval !== null && session.state.dirty.has(one.id)) ?? [];

/** That a new revision of this structure takes its approval away; nothing where none stands. */
export function ApprovalLost({ record }: { record: Structure }) {
  const t = useT();
  if (record.approval === null) return null;
  const { user_name, at } = record.approval;
  return <p className={css.returned}>{t('review.withdraw', { name: record.name, who: user_name, when: formatTime(at) })}</p>;
}

/** The approvals that a save would withdraw. */
export function WithdrawNote() {
  const workspace = useWorkspace();
  useLabels(workspace.session, (state) => state.dirty);
  return withdrawnBySaving(workspace).map((one) => <ApprovalLost key={one.id} record={one} />);
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
