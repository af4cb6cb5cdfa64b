import { useState } from 'react';
import type { Structure } from '../../api/types';
import { useT } from '../../i18n';
import { Button } from '../../ui/controls';
import { Confirm } from '../../ui/dialog';
import { useSession } from '../login/session';
import { useActions } from './actions';
import { keyOf } from './keymap';
import { ApprovalLost } from './withdraw';
import { useLabels, useWorkspace } from './workspace';

type Question = 'reject' | 'absent';

/** What a clinician says of a network's contour: right, useless, or that the organ is not there. */
export function Assess({ record }: { record: Structure }) {
  const t = useT();
  const workspace = useWorkspace();
  const { assess, declareAbsent } = useActions(workspace);
  const dirty = useLabels(workspace.session, (state) => state.dirty.has(record.id));
  const [asking, setAsking] = useState<Question | null>(null);
  const { head } = record;
  if (!workspace.mayEdit || head === null || head.network_version === null) return null;
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
            title={`${t('viewer.accept.hint')} (${keyOf('accept')})`}
            disabled={dirty || record.assessment === 'accepted' || head.author !== null}
            onClick={() => void assess(record.id, 'accepted')}
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
  const { me } = useSession();
  const { mayReview, run } = useWorkspace();
  if (!mayReview || record.state !== 'submitted') return null;
  const own = record.involved[me.user.id];
  return (
    <>
      <Button
        small
        look="primary"
        title={own === undefined ? `${t('review.approve.one')} (${keyOf('approve')})` : `${t(`review.own.${own}`)} ${t('review.own.why')}`}
        disabled={own !== undefined || record.unknown}
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
