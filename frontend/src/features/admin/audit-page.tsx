import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { AuditEntry, Page } from '../../api/types';
import { useT, type Translate } from '../../i18n';
import { named } from '../../i18n/problems';
import { Button, classes, Input, Select } from '../../ui/controls';
import { EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import { formatPersonName, formatTime } from '../../ui/format';
import { layout, PageLayout, Section, TableHead } from '../../ui/layout';
import { useSession } from '../login/session';
import css from './audit.module.css';

const PAGE_SIZE = 100;

const valueText = (value: unknown, t: Translate): string => {
  if (typeof value === 'string') return named('changeValue', value, t);
  if (typeof value === 'boolean') return t(value ? 'audit.yes' : 'audit.no');
  if (Array.isArray(value)) return value.map((one) => valueText(one, t)).join(', ');
  return value === null ? '–' : JSON.stringify(value);
};

const changesText = (changes: Record<string, unknown>, t: Translate): string =>
  Object.entries(changes)
    .map(([name, value]) => `${named('change', name, t)}: ${valueText(value, t)}`)
    .join('  ');

const patientsText = ({ patients }: AuditEntry, t: Translate): string =>
  (patients ?? [])
    .map(({ name, patient_id }) => [formatPersonName(name) || t('worklist.noName'), patient_id].filter(Boolean).join(' · '))
    .join(', ');

type TableProps = { entries: readonly AuditEntry[]; onObject: (id: string) => void };

function AuditTable({ entries, onObject }: TableProps) {
  const t = useT();
  return (
    <table className={classes(layout.table, css.table)}>
      <TableHead
        columns={[
          { number: t('audit.number') },
          ...(['at', 'actor', 'action', 'patient', 'object', 'changes', 'hash'] as const).map((name) => t(`audit.${name}`)),
        ]}
      />
      <tbody>
        {entries.map((entry) => (
          <tr key={entry.number}>
            <td className={layout.number}>{entry.number}</td>
            <td className={css.nowrap}>{formatTime(entry.at)}</td>
            <td className={css.actor} title={entry.actor_name ?? ''}>
              {entry.actor_id === null ? t('audit.system') : (entry.actor_name ?? entry.actor_id)}
            </td>
            <td className={css.nowrap} title={entry.action}>
              {named('action', entry.action, t)}
            </td>
            <td className={css.patient} title={patientsText(entry, t)}>
              {patientsText(entry, t) || '–'}
            </td>
            <td className={css.nowrap}>
              {named('object', entry.object_type, t)}{' '}
              {entry.structure_name && (
                <span className={css.structure} title={entry.structure_name}>
                  {entry.structure_name}
                </span>
              )}
              {entry.object_id !== null && (
                <Button
                  small
                  look="quiet"
                  title={entry.object_id}
                  aria-label={`${t('audit.only')}: ${named('object', entry.object_type, t)} ${entry.object_id}`}
                  onClick={() => onObject(entry.object_id ?? '')}
                >
                  <code>…{entry.object_id.slice(-8)}</code>
                </Button>
              )}
            </td>
            <td className={css.changes} title={changesText(entry.changes, t)}>
              {changesText(entry.changes, t) || '–'}
            </td>
            <td title={entry.hash}>
              <code>{entry.hash.slice(0, 10)}</code>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

type Filter = { project_id: string; patient: string; user: string; object_id: string };

function AuditFilter({ filter, onFilter }: { filter: Filter; onFilter: (filter: Filter) => void }) {
  const t = useT();
  const { me } = useSession();
  return (
    <div className={css.filters}>
      <Select
        name={t('shell.project')}
        value={filter.project_id}
        choices={[
          { value: '', label: t('audit.everywhere') },
          ...me.projects.map(({ id, name }) => ({ value: id, label: name })),
        ]}
        onChange={(project_id) => onFilter({ ...filter, project_id })}
      />
      {(['patient', 'user', 'object_id'] as const).map((field) => (
        <Input
          key={field}
          name={t(`audit.find.${field}`)}
          placeholder={t(`audit.find.${field}`)}
          value={filter[field]}
          onChange={(value) => onFilter({ ...filter, [field]: field === 'object_id' ? value.trim() : value })}
        />
      ))}
    </div>
  );
}

export function AuditPage() {
  const t = useT();
  const [filter, setFilter] = useState<Filter>({ project_id: '', patient: '', user: '', object_id: '' });
  const audit = useInfiniteQuery({
    queryKey: keys.audit(filter),
    queryFn: ({ pageParam }) =>
      api.get<Page<AuditEntry>>('/audit', { query: { ...filter, limit: PAGE_SIZE, cursor: pageParam } }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: (before) => before,
  });
  const entries = audit.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <PageLayout title={t('nav.audit')} actions={<AuditFilter filter={filter} onFilter={setFilter} />}>
      <Section title={t('audit.list')} note={t('audit.note')}>
        {audit.isPending && <Loading />}
        {audit.isError && <ErrorNote error={audit.error} retry={() => void audit.refetch()} />}
        {audit.isSuccess && entries.length === 0 && <EmptyState title={t('audit.none')} />}
        {entries.length > 0 && (
          <AuditTable entries={entries} onObject={(object_id) => setFilter({ ...filter, object_id })} />
        )}
      </Section>
      {audit.hasNextPage && (
        <Button disabled={audit.isFetchingNextPage} onClick={() => void audit.fetchNextPage()}>
          {t('worklist.more')}
        </Button>
      )}
    </PageLayout>
  );
}
