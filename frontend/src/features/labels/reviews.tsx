import { useQuery } from '@tanstack/react-query';
import { all } from '../../api/pages';
import { keys } from '../../api/keys';
import type { Review, Structure } from '../../api/types';
import { useT } from '../../i18n';
import { formatTime } from '../../ui/format';
import css from './viewer.module.css';
import { useWorkspace } from './workspace';

/** What was decided about a structure, newest first. */
function useReviews(record: Structure): readonly Review[] {
  const { session } = useWorkspace();
  const reviews = useQuery({
    queryKey: keys.reviews(session.setId),
    queryFn: () => all<Review>(`/structure-sets/${session.setId}/reviews`),
  });
  return reviews.data?.filter((one) => one.structure_id === record.id) ?? [];
}

/** Everything that was decided about a structure. */
export function Reviews({ record }: { record: Structure }) {
  const t = useT();
  const reviews = useReviews(record);
  if (reviews.length === 0) return null;
  return (
    <>
      <h3>{t('viewer.history.reviews')}</h3>
      <ul className={css.history}>
        {reviews.map((one) => (
          <li key={one.id}>
            <div>
              <b>{one.user_name}</b> {t(`viewer.act.${one.act}`)} · {t('viewer.revision', { n: one.revision })}
              {one.structure_name !== null && one.structure_name !== record.name && ` · ${t('review.named', { name: one.structure_name })}`}
              {one.withdrawn_by !== null && ` (${t('review.withdrawn', { who: one.withdrawn_by, n: one.revision + 1 })})`}
              <span className={css.muted}>{formatTime(one.at)}</span>
            </div>
            {one.comment !== '' && <q>{one.comment}</q>}
          </li>
        ))}
      </ul>
    </>
  );
}

/** Who returned a structure, and what is to be changed. */
export function ReturnNote({ record }: { record: Structure }) {
  const t = useT();
  const newest = useReviews(record).find((one) => one.act === 'returned');
  if (newest === undefined) return null;
  return (
    <p className={css.returned}>
      <b>{newest.user_name}</b> {t('viewer.act.returned')}
      {newest.comment !== '' && <q>{newest.comment}</q>}
    </p>
  );
}
