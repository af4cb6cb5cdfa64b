import { useState } from 'react';
import { useT } from '../../i18n';
import { Icon } from '../../ui/icons';
import css from './dose.module.css';

/** Whether a legend is folded to its colours, and what turns that; remembered in this browser by this name. */
export function useFolded(name: string): [boolean, () => void] {
  const [folded, setFolded] = useState(() => window.localStorage.getItem(name) !== null);
  const turn = (): void => {
    if (folded) window.localStorage.removeItem(name);
    else window.localStorage.setItem(name, 'yes');
    setFolded(!folded);
  };
  return [folded, turn];
}

export function FoldButton({ folded, turn }: { folded: boolean; turn: () => void }) {
  const t = useT();
  return (
    <button type="button" className={css.fold} aria-expanded={!folded} aria-label={t('dose.legend.fold')} title={t('dose.legend.fold')} onClick={turn}>
      <Icon name={folded ? 'down' : 'up'} size={12} />
    </button>
  );
}
