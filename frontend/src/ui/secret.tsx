import { useT } from '../i18n';
import { Button } from './controls';
import css from './secret.module.css';
import { notify } from './toast';

/** A key that is shown once, with a button that copies it. */
export function SecretText({ secret }: { secret: string }) {
  const t = useT();
  const copy = (): void => {
    navigator.clipboard.writeText(secret).then(
      () => notify(t('account.copied')),
      () => notify(t('account.notCopied'), true),
    );
  };
  return (
    <div className={css.secret}>
      <code>{secret}</code>
      <Button onClick={copy}>{t('account.copy')}</Button>
    </div>
  );
}
