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

/** Best, median and worst case of the evaluation, each at the slice where drawing and truth differ most. */
function Pictures({ projectId, version }: Props) {
  const t = useT();
  const order = ['best', 'median', 'worst'] as const;
  const shown = order.flatMap((rank) => version.pictures.filter((one) => one.rank === rank));
  return (
    <section className={css.pictures}>
      <h3>{t('training.pictures')}</h3>
      <p>{t(shown.length === 0 ? 'training.noPictures' : 'training.picturesWhat')}</p>
      <div>
        {shown.map((one) => {
          const said = t('training.picture', { rank: t(`training.rank.${one.rank}`), name: one.case, dice: formatRatio(one.dice, 2), n: one.slice });
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
