import { useT } from '../../i18n';
import { Button } from '../../ui/controls';
import { DialogActions } from '../../ui/dialog';
import { layout } from '../../ui/layout';
import { SecretText } from '../../ui/secret';

/** The only time the secret is seen. */
export function WebhookSecret({ secret, onClose }: { secret: string; onClose: () => void }) {
  const t = useT();
  return (
    <>
      <p>{t('webhook.secretOnce')}</p>
      <SecretText secret={secret} />
      <p className={layout.muted}>{t('webhook.secretHow')}</p>
      <DialogActions>
        <Button look="primary" onClick={onClose}>
          {t('common.done')}
        </Button>
      </DialogActions>
    </>
  );
}
