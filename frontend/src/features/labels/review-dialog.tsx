import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { Structure } from '../../api/types';
import { useT } from '../../i18n';
import { Button, Checkbox, Field } from '../../ui/controls';
import { Dialog, DialogActions } from '../../ui/dialog';
import { ErrorNote } from '../../ui/feedback';
import type { PageActions, ReviewAct } from './actions';
import { volumeText } from './structure-list';
import css from './viewer.module.css';
import { useLabels, useWorkspace } from './workspace';

type Props = { act: ReviewAct; review: PageActions['review']; onClose: () => void };

/** Which structures an act of review can be done to. */
export function eligible(act: ReviewAct, structures: readonly Structure[], dirty: ReadonlySet<string>): Structure[] {
  if (act !== 'submit') return structures.filter((one) => one.state === 'submitted');
  return structures.filter((one) => dirty.has(one.id) || (one.head !== null && (one.state === 'draft' || one.state === 'returned')));
}

/** Submit, approve or return: which structures, and a comment. */
export function ReviewDialog({ act, review, onClose }: Props) {
  const t = useT();
  const { set, session } = useWorkspace();
  const dirty = useLabels(session, (state) => state.dirty);
  const structures = eligible(act, set?.structures ?? [], dirty);
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [comment, setComment] = useState('');
  const chosen = structures.filter((one) => !left.has(one.id)).map((one) => one.id);
  const send = useMutation({ mutationFn: () => review(act, chosen, comment.trim()), onSuccess: onClose });
  const toggle = (id: string, checked: boolean): void => {
    const next = new Set(left);
    if (checked) next.delete(id);
    else next.add(id);
    setLeft(next);
  };
  const title = t(`viewer.${act}`);
  const silent = act === 'return' && comment.trim() === '';
  return (
    <Dialog title={title} onClose={onClose}>
      {structures.length === 0 && <p>{t('viewer.review.none')}</p>}
      {structures.length > 1 && (
        <Checkbox
          label={t('viewer.review.all', { n: chosen.length, total: structures.length })}
          checked={chosen.length === structures.length}
          onChange={(checked) => setLeft(new Set(checked ? [] : structures.map((one) => one.id)))}
        />
      )}
      <div className={css.choices} role="group" aria-label={t('viewer.review.which')}>
        {structures.map((one) => (
          <div key={one.id}>
            <Checkbox label={one.name} checked={!left.has(one.id)} onChange={(checked) => toggle(one.id, checked)} />
            <span className={css.muted}>
              {t('viewer.revision', { n: one.head?.number ?? 0 })} · {t('viewer.cc', { n: volumeText(one.head?.volume_cc ?? 0) })}
            </span>
          </div>
        ))}
      </div>
      {act === 'submit' && dirty.size > 0 && <p className={css.muted}>{t('viewer.review.unsaved')}</p>}
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
