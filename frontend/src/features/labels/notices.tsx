import { useT } from '../../i18n';
import { problemText } from '../../i18n/problems';
import { Button } from '../../ui/controls';
import { formatTime } from '../../ui/format';
import { notify } from '../../ui/toast';
import { useScene } from '../../viewer/use-scene';
import { registrationText, standingText } from '../dose/registration';
import { makerOf } from './inspector';
import css from './viewer.module.css';
import { useLabels, useWorkspace } from './workspace';

/** Structures of which the server has a newer revision than the unsaved work began from; the choices are a click away. */
function Outdated() {
  const t = useT();
  const { session, set } = useWorkspace();
  // a string, because the state is compared by identity
  const ids = useLabels(session, () => set?.structures.filter((one) => session.outdated(one) !== null).map((one) => one.id).join(' ')); // prettier-ignore
  const choose = (id: string, name: string): void => {
    session.meetConflict({ id, name }).catch((error: unknown) => notify(problemText(error, t), true));
  };
  return set?.structures.map(
    ({ id, name, head }) =>
      head !== null &&
      ids?.includes(id) && (
        <div key={id} className={css.notice} role="status" data-testid="outdated">
          <span>{t('viewer.outdated', { name, who: makerOf(head, t), n: head.number })}</span>
          <Button small onClick={() => choose(id, name)}>
            {t('viewer.outdated.choose')}
          </Button>
        </div>
      ),
  );
}

/** That the contours were moved here, and by what. */
function Registered() {
  const t = useT();
  const { set } = useWorkspace();
  const registration = set?.registration ?? null;
  if (registration === null) return null;
  const standing = standingText(set?.registration_standing ?? null, t);
  return (
    <div className={css.notice} role="status" data-testid="set-registration">
      <span className={css.told}>
        {standing !== '' && <b>{standing} </b>}
        {registrationText(registration, 'viewer', t)}
      </span>
    </div>
  );
}

/** What the user has to know about the contours on the screen: where they are edited, newer revisions, restored work, a comparison. */
export function Notices({ takeOver }: { takeOver: (() => Promise<void>) | null }) {
  const t = useT();
  const { scene, session } = useWorkspace();
  const restored = useLabels(session, (state) => state.restored);
  const comparison = useScene(scene, (state) => state.comparison);
  const discard = async (): Promise<void> => {
    const names = new Set(restored?.names);
    session.dismissRestored();
    for (const one of scene.state.structures) if (names.has(one.name)) await session.discard(one.id);
  };
  return (
    <>
      {takeOver !== null && (
        <div className={css.notice} role="status" data-testid="elsewhere">
          <span>{t('viewer.elsewhere')}</span>
          <Button small onClick={() => void takeOver()}>
            {t('viewer.elsewhere.take')}
          </Button>
        </div>
      )}
      <Registered />
      <Outdated />
      {restored !== null && (
        <div className={css.notice} role="status" data-testid="restored">
          <span>{t('viewer.restored', { when: formatTime(restored.at.toISOString()), names: restored.names.join(', ') })}</span>
          <Button small onClick={() => session.dismissRestored()}>
            {t('viewer.restored.keep')}
          </Button>
          <Button small look="danger" onClick={() => void discard()}>
            {t('viewer.restored.discard')}
          </Button>
        </div>
      )}
      {comparison !== null && (
        <div className={css.notice} role="status">
          <span>{t('viewer.comparing', { label: comparison.label })}</span>
          <Button small onClick={() => scene.set({ comparison: null })}>
            {t('viewer.comparing.stop')}
          </Button>
        </div>
      )}
    </>
  );
}
