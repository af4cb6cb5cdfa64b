import { useQuery } from '@tanstack/react-query';
import { useCallback, useMemo, useRef, useState } from 'react';
import { useSearchParams } from 'react-router';
import { keys } from '../../api/keys';
import { all } from '../../api/pages';
import type { Member, Membership, StudyRow } from '../../api/types';
import { useT } from '../../i18n';
import { Button } from '../../ui/controls';
import { EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import { formatTime } from '../../ui/format';
import { DropZone, ImportButtons } from '../imports/drop-zone';
import { may, useSession } from '../login/session';
import { DeleteStudy } from './delete-study';
import { isFiltered, nextSort, readFilters, readSort, writeSort, type Column, type FilterName } from './filters';
import { useWorklist } from './use-worklist';
import { WorklistTable } from './worklist-table';
import { WorklistTools } from './worklist-tools';
import css from './worklist.module.css';

/** Filters and order as the address has them, and ways to change them. */
function useView() {
  const [search, setSearch] = useSearchParams();
  const filters = useMemo(() => readFilters(search), [search]);
  const sort = useMemo(() => readSort(search), [search]);
  const setFilter = useCallback(
    (name: FilterName, value: string) =>
      setSearch(
        (before) => {
          const after = new URLSearchParams(before);
          if (value === '') after.delete(name);
          else after.set(name, value);
          return after;
        },
        { replace: true },
      ),
    [setSearch],
  );
  const setSort = (column: Column): void =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        const wanted = writeSort(nextSort(readSort(before), column));
        if (wanted === '') after.delete('sort');
        else after.set('sort', wanted);
        return after;
      },
      { replace: true },
    );
  const reset = (): void => setSearch({}, { replace: true });
  return { filters, sort, setFilter, setSort, reset };
}

function KeyHints() {
  const t = useT();
  const hints = [
    ['j k', t('worklist.keyMove')],
    ['Enter', t('worklist.keyOpen')],
    ['/', t('worklist.keySearch')],
  ] as const;
  return (
    <div className={css.keys}>
      {hints.map(([key, meaning]) => (
        <span key={key}>
          <kbd>{key}</kbd> {meaning}
        </span>
      ))}
    </div>
  );
}

function Worklist({ project }: { project: Membership }) {
  const t = useT();
  const view = useView();
  const { query, shown } = useWorklist(project.id, view.filters, view.sort);
  const studies = shown?.studies ?? [];
  const members = useQuery({
    queryKey: keys.members(project.id),
    queryFn: () => all<Member>(`/projects/${project.id}/members`),
  });
  const search = useRef<HTMLInputElement>(null);
  const focusSearch = useCallback(() => search.current?.focus(), []);
  const [doomed, setDoomed] = useState<StudyRow | null>(null);
  const edit = may(project.role, 'import');
  return (
    <main className={css.page}>
      <div className={css.tools}>
        <WorklistTools
          filters={view.filters}
          people={members.data ?? []}
          search={search}
          onFilter={view.setFilter}
          onReset={view.reset}
        />
        <span className={css.space} />
        <span className={css.total} role="status">
          {shown !== null && t(shown.more ? 'worklist.shown' : 'worklist.total', { n: studies.length })}
        </span>
        {edit && <ImportButtons projectId={project.id} />}
      </div>
      <div className={css.scroll}>
        {query.isPending && shown === null && <Loading />}
        {query.isError && (
          <ErrorNote error={query.error} retry={() => void query.refetch()}>
            {shown !== null && t('worklist.old', { time: formatTime(new Date(shown.at).toISOString()) })}
          </ErrorNote>
        )}
        {query.isSuccess && studies.length === 0 && (
          <EmptyState title={t(isFiltered(view.filters) ? 'worklist.noMatch' : 'worklist.empty')}>
            {isFiltered(view.filters) ? (
              <Button onClick={view.reset}>{t('worklist.reset')}</Button>
            ) : (
              <p>{t(edit ? 'worklist.emptyHint' : 'worklist.emptyReader')}</p>
            )}
          </EmptyState>
        )}
        {studies.length > 0 && (
          <WorklistTable
            studies={studies}
            sort={shown?.sort ?? null}
            abilities={{
              members: members.data ?? [],
              edit,
              draw: may(project.role, 'annotate'),
              remove: may(project.role, 'administer'),
            }}
            onSort={view.setSort}
            onSearch={focusSearch}
            onDelete={setDoomed}
          />
        )}
        {query.hasNextPage && (
          <div className={css.foot}>
            <Button disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
              {query.isFetchingNextPage ? t('common.loading') : t('worklist.more')}
            </Button>
          </div>
        )}
      </div>
      <KeyHints />
      {edit && <DropZone projectId={project.id} />}
      {doomed !== null && <DeleteStudy study={doomed} onClose={() => setDoomed(null)} />}
    </main>
  );
}

export function WorklistPage() {
  const t = useT();
  const { project } = useSession();
  if (project === null) {
    return (
      <EmptyState title={t('worklist.noProject')}>
        <p>{t('worklist.noProjectHint')}</p>
      </EmptyState>
    );
  }
  return <Worklist key={project.id} project={project} />;
}
