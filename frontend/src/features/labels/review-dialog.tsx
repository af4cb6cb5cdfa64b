import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { Structure } from '../../api/types';
import { useT, type Key } from '../../i18n';
import { slugText } from '../../i18n/problems';
import { Button, Checkbox, Field } from '../../ui/controls';
import { Dialog, DialogActions } from '../../ui/dialog';
import { ErrorNote } from '../../ui/feedback';
import { Icon } from '../../ui/icons';
import { voxelCc } from '../../lib/planes';
import { useScene } from '../../viewer/use-scene';
import { useSession } from '../login/session';
import type { PageActions, ReviewAct } from './actions';
import { makerOf } from './inspector';
import { volumeText } from './structure-list';
import { StaleCaution } from '../derive/derived-mark';
import { isStale } from '../derive/followers';
import { StillDrawing } from './draw-again';
import css from './viewer.module.css';
import { WithdrawNote } from './withdraw';
import { useLabels, useWorkspace } from './workspace';

type Props = { act: ReviewAct; review: PageActions['review']; onClose: () => void };

/** Which structures an act of review can be done to. */
export function eligible(act: ReviewAct, structures: readonly Structure[], dirty: ReadonlySet<string>): Structure[] {
  if (act === 'return') return structures.filter((one) => one.state === 'submitted');
  if (act === 'approve') return structures.filter((one) => one.state === 'submitted' && !one.unknown);
  return structures.filter((one) => dirty.has(one.id) || (!one.unknown && (one.state === 'draft' || one.state === 'returned')));
}

/** Returned, and still as the network drew it. */
const isUnanswered = ({ id, state, head }: Structure, act: ReviewAct, dirty: ReadonlySet<string>): boolean =>
  act === 'submit' && state === 'returned' && head?.author === null && !dirty.has(id);

/** What is chosen before a person has looked: nothing odd, empty, stale or unchanged after a return, no own work, and one structure to return. */
export function preselected(
  act: ReviewAct,
  structures: readonly Structure[],
  me: string,
  activeId: string | null,
  dirty: ReadonlySet<string>,
): string[] {
  if (act === 'return') return structures.filter((one) => one.id === activeId).map((one) => one.id);
  const isEmpty = ({ head, unknown }: Structure): boolean => !unknown && head !== null && head.slices === 0;
  const own = ({ involved }: Structure): boolean => act === 'approve' && involved[me] !== undefined;
  return structures
    .filter((one) => !own(one) && !isEmpty(one) && !isStale(one) && !isUnanswered(one, act, dirty) && one.plausibility.length === 0)
    .map((one) => one.id);
}

/** What one has to know about a structure before signing or sending it. */
function Facts({ record, act, bar }: { record: Structure; act: ReviewAct; bar: string | null }) {
  const t = useT();
  const { scene, session } = useWorkspace();
  const unsaved = useLabels(session, (state) => state.dirty);
  const dirty = unsaved.has(record.id);
  const count = useScene(scene, (state) => state.structures.find((one) => one.id === record.id)?.count ?? 0);
  const { head } = record;
  const cc = dirty ? count * voxelCc(scene.volume.grid) : (head?.volume_cc ?? 0);
  const byNetwork = head !== null && head.author === null && head.network_version !== null;
  return (
    <div className={css.judging}>
      {head !== null && (
        <span className={css.muted}>
          {makerOf(head, t)} · {t('viewer.revision', { n: head.number })} ·{' '}
          {cc === 0 ? t('review.absent') : t('viewer.cc', { n: volumeText(cc) })}
          {byNetwork && record.assessment === 'none' && ` · ${t('viewer.assessment.none')}`}
          {dirty && ` · ${t('viewer.structure.unsaved')}`}
        </span>
      )}
      {act === 'submit' && record.state === 'returned' && (
        <span className={css.own}>{t(isUnanswered(record, act, unsaved) ? 'review.unanswered' : 'viewer.state.returned')}</span>
      )}
      {bar !== null && <span className={css.own}>{bar}</span>}
      {record.plausibility.map((one) => (
        <span key={one.slug + one.detail} className={css.warn}>
          <Icon name="alert" size={13} /> {slugText(one, t)}
        </span>
      ))}
    </div>
  );
}

/** Submit, approve or return: which structures, what is odd about each, and a comment. */
export function ReviewDialog({ act, review, onClose }: Props) {
  const t = useT();
  const { me } = useSession();
  const { scene, set, session } = useWorkspace();
  const dirty = useLabels(session, (state) => state.dirty);
  const activeId = useScene(scene, (state) => state.activeId);
  const structures = eligible(act, set?.structures ?? [], dirty);
  const unknown = (set?.structures ?? []).filter((one) => one.unknown && one.head !== null && !dirty.has(one.id)).map((one) => one.name);
  const barred = (one: Structure): Key | null => {
    const part = act === 'approve' ? one.involved[me.user.id] : undefined;
    if (part !== undefined) return `review.own.${part}`;
    return act === 'approve' && isStale(one) ? 'derive.stale.sign' : null;
  };
  const able = structures.filter((one) => barred(one) === null);
  const hasOwn = act === 'approve' && structures.some((one) => one.involved[me.user.id] !== undefined);
  const [wanted, setWanted] = useState<ReadonlySet<string>>(() => new Set(preselected(act, structures, me.user.id, activeId, dirty)));
  const [comment, setComment] = useState('');
  const chosen = able.filter((one) => wanted.has(one.id)).map((one) => one.id);
  const send = useMutation({ mutationFn: () => review(act, chosen, comment.trim()), onSuccess: onClose });
  const toggle = (id: string, checked: boolean): void =>
    setWanted(new Set(checked ? [...wanted, id] : [...wanted].filter((one) => one !== id)));
  const title = t(`viewer.${act}`);
  const silent = act === 'return' && comment.trim() === '';
  return (
    <Dialog title={title} wide onClose={onClose}>
      {structures.length === 0 && <p>{t('viewer.review.none')}</p>}
      {able.length > 1 && (
        <Checkbox
          label={t('viewer.review.all', { n: chosen.length, total: able.length })}
          checked={chosen.length === able.length}
          onChange={(checked) => setWanted(new Set(checked ? able.map((one) => one.id) : []))}
        />
      )}
      <div className={css.choices} role="group" aria-label={t('viewer.review.which')}>
        {structures.map((one) => {
          const bar = barred(one);
          return (
            <div key={one.id}>
              <Checkbox
                label={one.name}
                checked={bar === null && wanted.has(one.id)}
                disabled={bar !== null}
                onChange={(checked) => toggle(one.id, checked)}
              />
              <Facts record={one} act={act} bar={bar === null ? null : t(bar)} />
            </div>
          );
        })}
      </div>
      {act === 'submit' && unknown.length > 0 && <p className={css.muted}>{t('review.left-out', { names: unknown.join(', ') })}</p>}
      {hasOwn && <p className={css.muted}>{t('review.own.why')}</p>}
      {act === 'submit' && dirty.size > 0 && <p className={css.muted}>{t('viewer.review.unsaved')}</p>}
      {act !== 'return' && <StillDrawing />}
      {act !== 'return' && <StaleCaution />}
      {act === 'submit' && <WithdrawNote />}
      {act === 'approve' && <p className={css.muted}>{t('viewer.review.sign')}</p>}
      <Field label={t('viewer.comment')} hint={silent ? t('viewer.comment.required') : undefined}>
        {(id) => <textarea id={id} className={css.comment} rows={3} value={comment} onChange={(event) => setComment(event.target.value)} />}
      </Field>
      {send.error !== null && <ErrorNote error={send.error} />}
      <DialogActions>
        <Button onClick={onClose}>{t('common.cancel')}</Button>
        <Button look="primary" disabled={chosen.length === 0 || silent || send.isPending} onClick={() => send.mutate()}>
          {title}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
