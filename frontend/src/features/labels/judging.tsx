import { useState } from 'react';
import type { Structure } from '../../api/types';
import { useT } from '../../i18n';
import { Button } from '../../ui/controls';
import { Confirm } from '../../ui/dialog';
import { useActions } from './actions';
import { keyOf } from './keymap';
import { acceptRefused, isNetworks, reviewRefused, whyText } from './refusal';
import { ApprovalLost } from './withdraw';
import { useLabels, useWorkspace } from './workspace';

type Question = 'reject' | 'absent';

/** What a clinician says of a network's contour: right, useless, or that the organ is not there. */
export function Assess({ record }: { record: Structure }) {
  const t = useT();
  const workspace = useWorkspace();
  const { assess, declareAbsent } = useActions(workspace);
  const unsaved = useLabels(workspace.session, (state) => state.dirty);
  const dirty = unsaved.has(record.id);
  const [asking, setAsking] = useState<Question | null>(null);
  if (!workspace.mayEdit || !isNetworks(record)) return null;
  const refused = acceptRefused(record, unsaved, workspace);
  const confirmed = (): void => {
    setAsking(null);
    void (asking === 'reject' ? assess(record.id, 'rejected') : declareAbsent(record.id));
  };
  return (
    <>
      {record.unknown ? (
        <Button small title={t('review.declare.hint')} disabled={dirty} onClick={() => setAsking('absent')}>
          {t('review.declare')}
        </Button>
      ) : (
        <>
          <Button
            small
            title={refused === null ? `${t('viewer.accept.hint')} (${keyOf('accept')})` : whyText(refused, record, t)}
            disabled={refused !== null}
            onClick={() => workspace.run('accept')}
          >
            {t('viewer.accept')}
          </Button>
          <Button small look="danger" title={t('viewer.reject.hint')} disabled={dirty} onClick={() => setAsking('reject')}>
            {t('viewer.reject')}
          </Button>
        </>
      )}
      {asking !== null && (
        <Confirm
          title={t(asking === 'reject' ? 'viewer.reject' : 'review.declare')}
          action={t(asking === 'reject' ? 'viewer.reject' : 'review.declare')}
          danger={asking === 'reject'}
          pending={false}
          error={null}
          onConfirm={confirmed}
          onClose={() => setAsking(null)}
        >
          <p>{t(asking === 'reject' ? 'review.reject.sure' : 'review.declare.sure', { name: record.name })}</p>
          <ApprovalLost record={record} />
        </Confirm>
      )}
    </>
  );
}

/** Approves or returns the active structure alone; one's own work is another's to approve. */
export function Decide({ record }: { record: Structure }) {
  const t = useT();
  const workspace = useWorkspace();
  const { run } = workspace;
  if (reviewRefused('return', record, workspace) !== null) return null;
  const refused = reviewRefused('approve', record, workspace);
  return (
    <>
      <Button
        small
        look="primary"
        title={refused === null ? `${t('review.approve.one')} (${keyOf('approve')})` : whyText(refused, record, t)}
        disabled={refused !== null}
        onClick={() => run('approve')}
      >
        {t('viewer.approve')}
      </Button>
      <Button small title={`${t('review.return.one')} (${keyOf('return')})`} onClick={() => run('return')}>
        {t('viewer.return')}
      </Button>
    </>
  );
}
