/** Why something is not allowed: keys and buttons ask here, so that neither does what the other would not. */
import type { Structure } from '../../api/types';
import type { Key, Translate } from '../../i18n';
import { caution } from '../../ui/toast';
import type { Refusal } from '../../viewer/editor';
import { isStale } from '../derive/followers';
import { keyOf } from './keymap';
import type { Workspace } from './workspace';

/** Says why nothing may be drawn here. */
export const sayRefused = (why: Refusal, t: Translate): void => caution(t(`viewer.refused.${why}`, { key: keyOf('structure.lock') }));

/** Sentences that follow each other; `{name}` is the structure's. */
export type Why = readonly Key[];
export const whyText = (why: Why, record: Structure | null, t: Translate): string =>
  why.map((key) => t(key, { name: record?.name ?? '' })).join(' ');

/** Whether a structure is a network's work, to be accepted or rejected by who may edit. */
export const isNetworks = (record: Structure): boolean => record.head !== null && record.head.network_version !== null;

/** Why the contour of a structure may not be accepted by this person now, or null. */
export function acceptRefused(record: Structure | null, dirty: ReadonlySet<string>, { mayEdit }: Pick<Workspace, 'mayEdit'>): Why | null {
  if (!mayEdit) return ['viewer.refused.read-only'];
  if (record === null) return ['viewer.refused.no-structure'];
  if (!isNetworks(record)) return ['review.accept.network'];
  if (record.unknown) return ['review.unknown'];
  if (record.head?.author !== null) return ['review.accept.corrected'];
  if (record.state === 'approved') return ['review.accept.approved'];
  if (dirty.has(record.id)) return ['viewer.save-first'];
  return record.assessment === 'accepted' ? ['review.accept.already'] : null;
}

/** Why a structure may not be approved or returned by this person now, or null. */
export function reviewRefused(
  act: 'approve' | 'return',
  record: Structure | null,
  { mayReview, userId }: Pick<Workspace, 'mayReview' | 'userId'>,
): Why | null {
  if (record?.state !== 'submitted' || !mayReview) return ['review.nothing'];
  if (act === 'return') return null;
  const part = record.involved[userId];
  if (part !== undefined) return [`review.own.${part}`, 'review.own.why'];
  if (record.unknown) return ['review.unknown'];
  return isStale(record) ? ['derive.stale.sign'] : null;
}
