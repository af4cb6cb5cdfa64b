import { useState } from 'react';
import { useT } from '../../i18n';
import { Button, TextField } from '../../ui/controls';
import { Dialog, DialogActions } from '../../ui/dialog';
import { WithdrawNote } from './withdraw';

const LONGEST = 255;

/** Saves with a word on what was changed and why; it stays in the history. */
export function SaveDialog({ save, onClose }: { save: (reason: string) => Promise<void>; onClose: () => void }) {
  const t = useT();
  const [reason, setReason] = useState('');
  const submit = (): void => {
    onClose();
    void save(reason.trim());
  };
  return (
    <Dialog title={t('viewer.save.note')} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <TextField label={t('viewer.save.reason')} value={reason} maxLength={LONGEST} onChange={setReason} />
        <WithdrawNote />
        <DialogActions>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button look="primary" type="submit">
            {t('viewer.save')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
