import { useT } from '../i18n';
import { Button } from './controls';
import { DialogActions } from './dialog';
import { layout } from './layout';
import css from './secret.module.css';
import { notify } from './toast';

type Props = { secret: string; once: string; use: string; onClose: () => void };

/** The only time that a key is seen: it can be copied; `once` says that this is so, `use` how it is used. */
export function SecretShown({ secret, once, use, onClose }: Props) {
  const t = useT();
  const copy = (): void => {
    navigator.clipboard.writeText(secret).then(
      () => notify(t('account.copied')),
      () => notify(t('account.notCopied'), true),
    );
  };
  return (
    <>
      <p>{once}</p>
      <div className={css.secret}>
        <code>{secret}</code>
        <Button onClick={copy}>{t('account.copy')}</Button>
      </div>
      <p className={layout.muted}>{use}</p>
      <DialogActions>
        <Button look="primary" onClick={onClose}>
          {t('common.done')}
        </Button>
      </DialogActions>
    </>
  );
}
