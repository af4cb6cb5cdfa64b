import { useEffect, useRef, type ReactNode } from 'react';
import { useT } from '../i18n';
import { Button, IconButton, classes } from './controls';
import css from './dialog.module.css';
import { ErrorNote } from './feedback';
import { Icon } from './icons';

type DialogProps = { title: string; onClose: () => void; children: ReactNode; wide?: boolean; beside?: boolean; footer?: ReactNode };

/**
 * A modal dialog: the page behind it is inert, Escape closes it. Mount it to open it. With `beside` it stands in a corner
 * and the page can be used. Its footer is always in sight.
 */
export function Dialog({ title, onClose, children, wide = false, beside = false, footer }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const t = useT();
  useEffect(() => {
    const dialog = element.current;
    if (dialog !== null && !dialog.open) {
      if (beside) {
        dialog.show();
        dialog.focus(); // so that Escape closes it
      } else {
        dialog.showModal();
        dialog.querySelector<HTMLElement>('input:not(:disabled), select, textarea')?.focus();
      }
    }
    return () => dialog?.close();
  }, [beside]);
  return (
    <dialog
      ref={element}
      aria-label={title}
      tabIndex={-1}
      className={classes(css.dialog, wide && css.wide, beside && css.beside)}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (beside && event.key === 'Escape') onClose();
      }}
    >
      <header>
        <h2>{title}</h2>
        <IconButton name={t('common.close')} onClick={onClose}>
          <Icon name="close" />
        </IconButton>
      </header>
      <div className={css.body}>{children}</div>
      {footer !== undefined && <footer>{footer}</footer>}
    </dialog>
  );
}

export const DialogActions = ({ children }: { children: ReactNode }) => <div className={css.actions}>{children}</div>;

type ConfirmProps = {
  title: string;
  children: ReactNode;
  action: string;
  pending: boolean;
  error: unknown;
  danger?: boolean;
  onConfirm: () => void;
  onClose: () => void;
};

/** Asks before something that cannot be undone. */
export function Confirm(props: ConfirmProps) {
  const t = useT();
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      {props.children}
      {props.error !== null && props.error !== undefined && <ErrorNote error={props.error} />}
      <DialogActions>
        <Button onClick={props.onClose}>{t('common.cancel')}</Button>
        <Button look={props.danger === true ? 'danger' : 'primary'} disabled={props.pending} onClick={props.onConfirm}>
          {props.action}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
