import { useState } from 'react';
import { PlanDialog } from '../dose/plan-dialog';
import { DeriveDialog } from '../derive/derive-dialog';
import type { PageActions } from './actions';
import { ExportDialog } from './export-dialog';
import { HelpDialog } from './help-dialog';
import { HistoryDialog } from './history-dialog';
import { NewStructureDialog } from './new-structure-dialog';
import { ReviewDialog } from './review-dialog';
import { SaveDialog } from './save-dialog';
import { WithdrawDialog } from './withdraw';
import { recordOf, useWorkspace, type DialogName } from './workspace';

type Props = { name: DialogName | null; actions: PageActions; onClose: () => void };

/** The derivation of the structure that was active when the dialog was opened. */
function ChangeDerivation({ onClose }: { onClose: () => void }) {
  const { scene, set } = useWorkspace();
  const [id] = useState(scene.state.activeId);
  const record = recordOf(set, id);
  return record === null ? null : <DeriveDialog record={record} onClose={onClose} />;
}

/** The dialog that is open, if any. */
export function Dialogs({ name, actions, onClose }: Props) {
  switch (name) {
    case 'help':
      return <HelpDialog onClose={onClose} />;
    case 'plan':
      return <PlanDialog onClose={onClose} />;
    case 'history':
      return <HistoryDialog onClose={onClose} />;
    case 'export':
      return <ExportDialog onClose={onClose} />;
    case 'new':
      return <NewStructureDialog onClose={onClose} />;
    case 'derive':
      return <DeriveDialog record={null} onClose={onClose} />;
    case 'derivation':
      return <ChangeDerivation onClose={onClose} />;
    case 'save':
      return <SaveDialog save={actions.saveWith} onClose={onClose} />;
    case 'submit':
    case 'approve':
    case 'return':
      return <ReviewDialog act={name} review={actions.review} onClose={onClose} />;
    case 'withdraw':
      return <WithdrawDialog save={() => actions.saveWith('')} onClose={onClose} />;
    case null:
      return null;
  }
}
