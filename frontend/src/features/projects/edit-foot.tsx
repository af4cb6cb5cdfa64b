import { useT } from '../../i18n';
import { Button } from '../../ui/controls';
import { useUnsaved } from '../../ui/unsaved';
import css from './project.module.css';

type Props = {
  /** What adding a row is called; null while it is not possible. */
  add: string;
  onAdd: (() => void) | null;
  changed: boolean;
  /** Why it cannot be saved. */
  problem?: string | null;
  pending: boolean;
  onRevert: () => void;
  onSave: () => void;
};

/** Under a list that is edited as a whole: add a row, go back, save; who leaves with changes is asked. */
export function EditFoot({ add, onAdd, changed, problem = null, pending, onRevert, onSave }: Props) {
  const t = useT();
  useUnsaved(changed);
  return (
    <div className={css.foot}>
      <Button disabled={onAdd === null} onClick={() => onAdd?.()}>
        {add}
      </Button>
      <span role="alert">{changed && problem}</span>
      <Button disabled={!changed} onClick={onRevert}>
        {t('common.revert')}
      </Button>
      <Button look="primary" disabled={!changed || problem !== null || pending} onClick={onSave}>
        {t('common.save')}
      </Button>
    </div>
  );
}
