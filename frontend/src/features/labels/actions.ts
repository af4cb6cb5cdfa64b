/** What the page asks of the server on a person's word, with what it says afterwards. */
import { useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import { useT, type Translate } from '../../i18n';
import { problemText } from '../../i18n/problems';
import { caution, notify } from '../../ui/toast';
import type { ToolName } from '../../viewer/scene';
import type { Structure } from '../../api/types';
import { BitMask } from '../../lib/bits';
import { encodeMask, toBase64 } from '../../lib/mask';
import type { Actions } from './commands';
import { acceptRefused, reviewRefused, sayRefused, whyText } from './refusal';
import { withdrawnBySaving } from './withdraw';
import { recordOf, type Workspace } from './workspace';

export type Operation = Parameters<Actions['operate']>[0];
export type ReviewAct = 'submit' | 'approve' | 'return';
export type PageActions = Actions & {
  readonly busy: Operation | null;
  readonly outcome: Outcome | null;
  readonly saveWith: (reason: string) => Promise<void>;
  readonly assess: (id: string, assessment: 'accepted' | 'rejected') => Promise<void>;
  readonly declareAbsent: (id: string) => Promise<void>;
  readonly review: (act: ReviewAct, ids: string[], comment: string) => Promise<void>;
};
type Base = Omit<Workspace, 'run'>;
/** What the last operation did, to which structure and beside which tool; forgotten after a while. */
export type Outcome = {
  readonly operation: Operation;
  readonly changed: number;
  readonly structureId: string | null;
  readonly tool: ToolName;
};

const OUTCOME_MS = 8000;

const NUMBERS: Record<Operation, 'mm' | 'keep' | null> = {
  grow: 'mm',
  shrink: 'mm',
  smooth: 'mm',
  'remove-islands': 'keep',
  'fill-holes': null,
  interpolate: null,
};

/** What an operation did; null when it was refused. */
async function operate({ session, editor, scene }: Base, operation: Operation, t: Translate): Promise<Outcome | null> {
  const refusal = editor.refusal();
  if (refusal !== null) {
    sayRefused(refusal, t);
    return null;
  }
  const number = NUMBERS[operation];
  const numbers = number === 'mm' ? { mm: scene.state.marginMm } : number === 'keep' ? { keep: 1 } : {};
  const { activeId: structureId } = scene.state;
  const changed = await session.operate(operation, numbers);
  return { operation, changed, structureId, tool: scene.state.tool };
}

async function save({ session }: Base, reason: string, t: Translate): Promise<void> {
  if (session.state.dirty.size === 0) {
    notify(t('viewer.unsaved.none'));
    return;
  }
  await session.save(reason);
}

async function assess({ set }: Base, id: string, assessment: 'accepted' | 'rejected', t: Translate): Promise<void> {
  const record = recordOf(set, id);
  if (record === null) return;
  const options = record.head === null ? {} : { ifMatch: `"${record.head.number}"` };
  await api.put(`/structures/${id}/assessment`, { assessment }, options);
  notify(t(assessment === 'accepted' ? 'viewer.accepted' : 'viewer.rejected', { name: record.name }));
}

/** An empty contour that a person stands for. */
async function declareAbsent({ session, scene, set }: Base, id: string, t: Translate): Promise<void> {
  const record = recordOf(set, id);
  if (record === null || session.state.dirty.has(id)) return;
  const mask = toBase64(encodeMask(new BitMask(scene.volume.grid.shape_kji)));
  const body = { mask, reason: '', tool: 'absent', seconds: 0, empty: true };
  await api.post(`/structures/${id}/revisions`, body, { ifMatch: `"${record.head?.number ?? 0}"` });
  notify(t('review.declared', { name: record.name }));
}

/** The active structure if this person may do this to it; says why when not. */
function permitted(base: Base, act: 'accept' | 'approve' | 'return', t: Translate): Structure | null {
  const record = recordOf(base.set, base.scene.state.activeId);
  const why = act === 'accept' ? acceptRefused(record, base.session.state.dirty, base) : reviewRefused(act, record, base);
  if (why === null) return record;
  caution(whyText(why, record, t));
  return null;
}

async function review({ session, set }: Base, act: ReviewAct, ids: string[], comment: string): Promise<void> {
  if (set === null) return;
  const heads = set.structures.filter((one) => ids.includes(one.id) && one.head !== null && !session.state.dirty.has(one.id));
  const revisions = Object.fromEntries(heads.map((one) => [one.id, one.head?.number ?? 0]));
  if (act === 'submit' && session.state.dirty.size > 0) await session.save('');
  const names = Object.fromEntries(set.structures.filter((one) => ids.includes(one.id)).map((one) => [one.id, one.name]));
  await api.post(`/structure-sets/${set.id}/${act}`, { comment, structure_ids: ids, revisions, names });
}

/** The page's actions; failures become notes. */
export function useActions(base: Base): PageActions {
  const t = useT();
  const client = useQueryClient();
  const [busy, setBusy] = useState<Operation | null>(null);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  return useMemo(() => {
    const refresh = async (): Promise<void> => {
      await client.invalidateQueries({ queryKey: keys.structureSet(base.session.setId) });
      await client.invalidateQueries({ queryKey: keys.study(base.study.id) });
      await client.invalidateQueries({ queryKey: ['revisions'] });
    };
    const attempt = async (act: () => Promise<void>): Promise<void> => {
      try {
        await act();
      } catch (error) {
        const edited = error instanceof Error && error.message === 'edited-meanwhile';
        notify(edited ? t('viewer.op.edited') : problemText(error, t), true);
      }
    };
    const saveWith = (reason: string): Promise<void> => attempt(() => save(base, reason, t).finally(refresh));
    const assessOne = (id: string, assessment: 'accepted' | 'rejected'): Promise<void> =>
      attempt(() => assess(base, id, assessment, t).finally(refresh));
    return {
      busy,
      outcome,
      saveWith,
      assess: assessOne,
      declareAbsent: (id: string) => attempt(() => declareAbsent(base, id, t).finally(refresh)),
      save: () => {
        if (withdrawnBySaving(base).length > 0) base.open('withdraw');
        else void saveWith('');
      },
      approve: () => {
        const record = permitted(base, 'approve', t);
        if (record === null) return;
        const said = (): void => notify(t('review.approved', { name: record.name }));
        void attempt(() => review(base, 'approve', [record.id], '').then(said).finally(refresh));
      },
      sendBack: () => {
        if (permitted(base, 'return', t) !== null) base.open('return');
      },
      accept: () => {
        const record = permitted(base, 'accept', t);
        if (record !== null) void assessOne(record.id, 'accepted');
      },
      review: (act: ReviewAct, ids: string[], comment: string) =>
        review(base, act, ids, comment).then(() => notify(t(`viewer.review.done.${act}`))).finally(refresh),
      operate: (operation: Operation) => {
        setBusy(operation);
        setOutcome(null);
        const act = async (): Promise<void> => {
          const made = await operate(base, operation, t);
          setOutcome(made);
          setTimeout(() => setOutcome((shown) => (shown === made ? null : shown)), OUTCOME_MS);
        };
        void attempt(act).finally(() => setBusy(null));
      },
    };
  }, [base, busy, outcome, client, t]);
}
