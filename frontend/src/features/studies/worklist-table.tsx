import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { useNavigate } from 'react-router';
import type { StudyRow } from '../../api/types';
import { useT } from '../../i18n';
import { Icon } from '../../ui/icons';
import { approach } from '../labels/opening';
import { COLUMNS, isSortable, sortOf, type Column, type Sort } from './filters';
import { WorklistRow, type RowAbilities } from './worklist-row';
import css from './worklist.module.css';

const MINUTE_MS = 60_000;

/** The time, renewed each minute, so that "3 min ago" stays true. */
function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), MINUTE_MS);
    return () => window.clearInterval(timer);
  }, []);
  return now;
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest('input, select, textarea, dialog') !== null;

type TableProps = {
  studies: readonly StudyRow[];
  sort: Sort | null;
  abilities: RowAbilities;
  onSort: (column: Column) => void;
  onSearch: () => void;
  onDelete: (study: StudyRow) => void;
};

function Head({ column, sort, onSort }: { column: Column } & Pick<TableProps, 'sort' | 'onSort'>) {
  const t = useT();
  const sorted = sortOf(column, sort);
  if (!isSortable(column)) return <th scope="col">{t(`column.${column}`)}</th>;
  return (
    <th scope="col" {...(sorted === null ? {} : { 'aria-sort': sorted })}>
      <button type="button" onClick={() => onSort(column)}>
        {t(`column.${column}`)}
        {sorted !== null && <Icon name={sorted === 'descending' ? 'down' : 'up'} size={12} />}
      </button>
    </th>
  );
}

/** Opening a study; `approachIt` when that is about to happen. */
function useOpening() {
  const navigate = useNavigate();
  const client = useQueryClient();
  return useMemo(() => {
    const approachIt = (id: string): void => approach(client, id);
    const open = (id: string): void => {
      approachIt(id);
      void navigate(`/studies/${id}`);
    };
    return { approachIt, open };
  }, [client, navigate]);
}

/** Keys of the list: j and k move, Enter opens, / searches. */
function useKeys(studies: readonly StudyRow[], selected: number, onSearch: () => void): void {
  const { open } = useOpening();
  useEffect(() => {
    const focusRow = (index: number): void => {
      const study = studies[Math.min(Math.max(index, 0), studies.length - 1)];
      if (study !== undefined) document.getElementById(`study-${study.id}`)?.focus();
    };
    const press = (event: KeyboardEvent): void => {
      if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
      const onRow = event.target instanceof HTMLTableRowElement || event.target === document.body;
      const study = studies[selected];
      if (event.key === 'j' || event.key === 'ArrowDown') focusRow(document.activeElement?.tagName === 'TR' ? selected + 1 : selected);
      else if (event.key === 'k' || event.key === 'ArrowUp') focusRow(selected - 1);
      else if (event.key === '/') onSearch();
      else if (event.key === 'Enter' && onRow && study !== undefined) open(study.id);
      else return;
      event.preventDefault();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [studies, selected, onSearch, open]);
}

export function WorklistTable({ studies, sort, abilities, onSort, onSearch, onDelete }: TableProps) {
  const t = useT();
  const { approachIt, open } = useOpening();
  const now = useNow();
  const [selectedId, setSelectedId] = useState<string | null>(null);
  const selected = Math.max(
    0,
    studies.findIndex(({ id }) => id === selectedId),
  );
  useKeys(studies, selected, onSearch);
  return (
    <table className={css.table} aria-label={t('nav.worklist')}>
      <thead>
        <tr>
          {COLUMNS.map((column) => (
            <Head key={column} column={column} sort={sort} onSort={onSort} />
          ))}
          <th scope="col">
            <span className="visually-hidden">{t('common.actions')}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {studies.map((study, index) => (
          <WorklistRow
            key={study.id}
            study={study}
            selected={index === selected}
            now={now}
            abilities={abilities}
            onSelect={() => setSelectedId(study.id)}
            onApproach={() => approachIt(study.id)}
            onOpen={() => open(study.id)}
            onDelete={() => onDelete(study)}
          />
        ))}
      </tbody>
    </table>
  );
}
