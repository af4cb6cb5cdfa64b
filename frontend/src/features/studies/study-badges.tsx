import type { AiState, StudyRow, StudyState } from '../../api/types';
import { useT } from '../../i18n';
import { Badge } from '../../ui/feedback';
import { alsoWaiting } from './filters';

type Tone = 'plain' | 'good' | 'warn' | 'bad' | 'accent';

const STATE_TONES: Record<StudyState, Tone> = {
  new: 'plain',
  drafted: 'accent',
  submitted: 'warn',
  returned: 'bad',
  'partly-approved': 'accent',
  approved: 'good',
};

const AI_TONES: Record<AiState, Tone> = {
  none: 'plain',
  queued: 'plain',
  running: 'accent',
  ready: 'good',
  region: 'warn',
  failed: 'bad',
};

export function StateBadge({ study: { state, structures } }: { study: Pick<StudyRow, 'state' | 'structures'> }) {
  const t = useT();
  const share = state === 'partly-approved' ? ` ${structures.approved}/${structures.total}` : '';
  const waiting = alsoWaiting(state, structures.submitted);
  return (
    <>
      <Badge tone={STATE_TONES[state]}>{t(`state.${state}`) + share}</Badge>
      {waiting > 0 && <Badge tone={STATE_TONES.submitted}>{`${t('state.submitted')} ${waiting}`}</Badge>}
    </>
  );
}

export function AiBadge({ ai }: { ai: AiState }) {
  const t = useT();
  if (ai === 'none') return <span aria-label={t('ai.none')}>–</span>;
  return <Badge tone={AI_TONES[ai]}>{t(`ai.${ai}`)}</Badge>;
}
