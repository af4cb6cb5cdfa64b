import { useT } from '../../i18n';
import { Dialog } from '../../ui/dialog';
import { FINDING_HELP } from '../findings/finding-control';
import { KEYMAP, printed } from './keymap';
import css from './viewer.module.css';

/** The help sheet: every key, made from the keymap itself. */
export function HelpDialog({ onClose }: { onClose: () => void }) {
  const t = useT();
  return (
    <Dialog title={t('viewer.help')} wide onClose={onClose}>
      <div className={css.sheet}>
        {[...KEYMAP, FINDING_HELP].map((group) => (
          <section key={group.title}>
            <h3>{t(group.title)}</h3>
            <dl>
              {group.bindings.map((binding) => (
                <div key={binding.command}>
                  <dt>
                    {binding.keys.map((key) => (
                      <kbd key={key}>{printed(key)}</kbd>
                    ))}
                  </dt>
                  <dd>{t(binding.label)}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
        <section>
          <h3>{t('review.legend')}</h3>
          <p>{t('review.legend.state')}</p>
          <p>{t('review.legend.assessment')}</p>
        </section>
        <section>
          <h3>{t('viewer.help.mouse')}</h3>
          <p>{t('viewer.help.wheel')}</p>
          <p>{t('viewer.help.drag')}</p>
          <p>{t('viewer.help.shift')}</p>
          <p>{t('viewer.help.smart')}</p>
        </section>
      </div>
    </Dialog>
  );
}
