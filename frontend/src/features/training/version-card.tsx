import type { NetworkVersion } from '../../api/types';
import { useT } from '../../i18n';
import { Dialog } from '../../ui/dialog';
import { Markdown } from '../../ui/markdown';
import { formatRatio } from '../../ui/format';
import { cardText } from './card';
import { versionName } from './queries';
import { SignedOff } from './signature';
import css from './training.module.css';

type Props = { projectId: string; version: NetworkVersion };

/** Best, median and worst case of the evaluation, each at the slice where drawing and truth differ most; and an example. */
function Pictures({ projectId, version }: Props) {
  const t = useT();
  const order = ['best', 'median', 'worst', 'example'] as const;
  const shown = order.flatMap((rank) => version.pictures.filter((one) => one.rank === rank));
  return (
    <section className={css.pictures}>
      <h3>{t('training.pictures')}</h3>
      <p>{t(shown.length === 0 ? 'training.noPictures' : 'training.picturesWhat')}</p>
      <div>
        {shown.map((one) => {
          const what = { rank: t(`training.rank.${one.rank}`), name: one.case, n: one.slice };
          const said =
            one.dice === null ? t('training.pictureWithoutTruth', what) : t('training.picture', { ...what, dice: formatRatio(one.dice, 2) });
          return (
            <figure key={one.rank}>
              <img
                src={`/api/projects/${projectId}/network-versions/${version.id}/pictures/${one.rank}`}
                alt={said}
                loading="lazy"
              />
              <figcaption>{said}</figcaption>
            </figure>
          );
        })}
      </div>
    </section>
  );
}

/** All that is known of a version: whose signature it has, its card, its pictures. */
export function VersionCard({ projectId, version, onClose }: Props & { onClose: () => void }) {
  const t = useT();
  return (
    <Dialog title={t('training.cardTitle', { version: versionName(version) })} wide onClose={onClose}>
      <p>
        <SignedOff projectId={projectId} version={version} />
      </p>
      <Markdown source={cardText(version.card_markdown, t)} />
      <Pictures projectId={projectId} version={version} />
    </Dialog>
  );
}
