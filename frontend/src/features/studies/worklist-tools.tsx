import { useEffect, useState, type RefObject } from 'react';
import { useT } from '../../i18n';
import { Button, Select, type Choice } from '../../ui/controls';
import controls from '../../ui/controls.module.css';
import { Icon } from '../../ui/icons';
import type { Member } from '../../api/types';
import { AI_STATES, isFiltered, MODALITIES, STATES, WARNINGS, type FilterName, type Filters } from './filters';
import css from './worklist.module.css';

const TYPING_MS = 250;

type ToolsProps = {
  filters: Filters;
  people: readonly Member[];
  search: RefObject<HTMLInputElement | null>;
  onFilter: (name: FilterName, value: string) => void;
  onReset: () => void;
};

/** The words being typed, handed on when the typing pauses. */
function Search({ filters, search, onFilter }: Pick<ToolsProps, 'filters' | 'search' | 'onFilter'>) {
  const t = useT();
  const [typed, setTyped] = useState(filters.q);
  const [asked, setAsked] = useState(filters.q);
  if (asked !== filters.q) {
    setAsked(filters.q);
    setTyped(filters.q);
  }
  useEffect(() => {
    if (typed === filters.q) return undefined;
    const timer = window.setTimeout(() => onFilter('q', typed), TYPING_MS);
    return () => window.clearTimeout(timer);
  }, [typed, filters.q, onFilter]);
  return (
    <div className={css.search}>
      <Icon name="search" size={14} />
      <input
        ref={search}
        type="search"
        className={controls.input}
        aria-label={t('worklist.search')}
        placeholder={t('worklist.searchHint')}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
    </div>
  );
}

export function WorklistTools({ filters, people, search, onFilter, onReset }: ToolsProps) {
  const t = useT();
  const choices: Record<Exclude<FilterName, 'q'>, Choice[]> = {
    state: STATES.map((value) => ({ value, label: t(`state.${value}`) })),
    modality: MODALITIES.map((value) => ({ value, label: value })),
    ai: AI_STATES.map((value) => ({ value, label: t(`ai.${value}`) })),
    warning: WARNINGS.map((value) => ({ value, label: t(value === 'any' ? 'warning.any' : `slug.${value}`) })),
    assignee_id: people.map(({ user }) => ({ value: user.id, label: user.display_name })),
  };
  const names = ['state', 'modality', 'ai', 'warning', 'assignee_id'] as const;
  return (
    <>
      <Search filters={filters} search={search} onFilter={onFilter} />
      {names.map((name) => (
        <div key={name} className={css.filter} data-set={filters[name] !== ''}>
          <Select
            name={t(`filter.${name}`)}
            value={filters[name]}
            choices={[{ value: '', label: t(`filter.${name}`) }, ...choices[name]]}
            onChange={(value) => onFilter(name, value)}
          />
        </div>
      ))}
      {isFiltered(filters) && (
        <Button look="quiet" onClick={onReset}>
          {t('worklist.reset')}
        </Button>
      )}
    </>
  );
}
