import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { api } from '../../api/client';
import type { Consensus } from '../../api/types';
import { useT } from '../../i18n';
import { slugText } from '../../i18n/problems';
import { Button } from '../../ui/controls';
import { Confirm } from '../../ui/dialog';
import { Icon } from '../../ui/icons';
import { useScene } from '../../viewer/use-scene';
import { useWorkspace } from '../labels/workspace';
import css from './consensus.module.css';
import { useAct, useTasks } from './queries';
import { Results, type Deciding } from './results';
import { StartDialog } from './start-dialog';

/** My part: what I drew goes to whoever leads, and to nobody else before the end. */
function HandIn({ task }: { task: Consensus }) {
  const t = useT();
  const { session, scene } = useWorkspace();
  const count = useScene(scene, (state) => state.structures.find((one) => one.id === task.structure_id)?.count ?? 0);
  const hand = useAct(task, async () => {
    await session.flush();
    return api.post(`/consensus/${task.id}/finish`, { empty: count === 0 });
  });
  return (
    <>
      <p className={css.note}>{t('consensus.mine')}</p>
      <Button small look={count === 0 ? 'plain' : 'primary'} disabled={hand.isPending} onClick={() => hand.mutate(undefined)}>
        {t(count === 0 ? 'consensus.finish.empty' : 'consensus.finish')}
      </Button>
    </>
  );
}

/** Ends the reading; who has not handed in is named before. */
function Close({ task }: { task: Consensus }) {
  const t = useT();
  const [asking, setAsking] = useState(false);
  const missing = task.readers.filter((one) => one.finished_at === null).map(({ user }) => user);
  const close = useAct(task, () => api.post(`/consensus/${task.id}/close`, { without: missing.map(({ id }) => id) }).finally(() => setAsking(false)));
  return (
    <>
      <Button small onClick={() => setAsking(true)}>
        {t('consensus.close')}
      </Button>
      {asking && (
        <Confirm title={t('consensus.close')} action={t('consensus.close')} pending={close.isPending} error={null} danger={missing.length > 0}
          onConfirm={() => close.mutate(undefined)} onClose={() => setAsking(false)}>
          <p>{t('consensus.close.note')}</p>
          {missing.length > 0 && <p role="alert">{t('consensus.close.missing', { names: missing.map((one) => one.display_name).join(', ') })}</p>}
        </Confirm>
      )}
    </>
  ); // prettier-ignore
}

/** Who reads, and who has finished; nothing of what they drew. */
function Readers({ task }: { task: Consensus }) {
  const t = useT();
  return (
    <ul className={css.list}>
      {task.readers.map(({ user, finished_at, missing }) => (
        <li key={user.id}>
          <Icon name={finished_at === null ? 'close' : 'check'} size={13} /> {user.display_name}{' '}
          <span>{t(finished_at !== null ? 'consensus.finished' : missing ? 'consensus.missing' : 'consensus.reading')}</span>
        </li>
      ))}
    </ul>
  );
}

function Task({ task, ...rest }: { task: Consensus } & Deciding) {
  const t = useT();
  const { userId, mayEdit, mayReview } = useWorkspace();
  const reads = task.readers.some(({ user }) => user.id === userId);
  const failed = task.job?.error ?? null;
  return (
    <>
      <b>{t('consensus.of', { name: task.name })}</b>
      <Readers task={task} />
      {task.existing.length > 0 && (
        <p role="status">{t('consensus.existing', { labels: task.existing.map((one) => one.label).join(', ') })}</p>
      )}
      {task.state === 'open' && reads && mayEdit && <HandIn task={task} />}
      {task.state === 'open' && mayReview && <Close task={task} />}
      {task.state === 'closed' && <p role="status">{failed === null ? t('consensus.computing') : slugText(failed, t)}</p>}
      {task.state === 'ready' && <Results task={task} {...rest} />}
    </>
  );
}

/** The consensus whose set is shown; the way to those that wait for me; and, for who may, to begin one. */
export function ConsensusPanel(deciding: Deciding) {
  const t = useT();
  const { study, set, userId, mayReview } = useWorkspace();
  const [, setQuery] = useSearchParams();
  const [starting, setStarting] = useState(false);
  const tasks = useTasks(study.id).data ?? [];
  const shown = tasks.find((one) => one.set_id === set?.id);
  const mine = tasks.filter((one) => one.state === 'open' && one !== shown && one.readers.some(({ user }) => user.id === userId));
  if (shown === undefined && mine.length === 0 && !mayReview) return null;
  return (
    <section className={css.panel} aria-label={t('consensus.title')} data-testid="consensus">
      {shown !== undefined && <Task key={shown.id} task={shown} {...deciding} />}
      {mine.map((one) => (
        <Button key={one.id} small look="primary" onClick={() => setQuery({ set: one.set_id })}>
          {t('consensus.open', { name: one.name })}
        </Button>
      ))}
      {mayReview && shown === undefined && (
        <Button small title={t('consensus.start.note')} onClick={() => setStarting(true)}>
          {t('consensus.start')}
        </Button>
      )}
      {starting && <StartDialog onClose={() => setStarting(false)} onStarted={(task) => setQuery({ set: task.set_id })} />}
    </section>
  );
}
