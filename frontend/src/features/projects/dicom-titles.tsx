import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { DicomTitle } from '../../api/types';
import { useT } from '../../i18n';
import { Button, Checkbox, Field, IconButton, TextField } from '../../ui/controls';
import { Dialog, DialogActions } from '../../ui/dialog';
import { EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import { Icon } from '../../ui/icons';
import { layout, Section } from '../../ui/layout';
import { callerText, readCallers } from './callers';
import { ConfirmRemoval } from './confirm-removal';
import css from './project.module.css';

const pathOf = (projectId: string, title: string): string => `/projects/${projectId}/dicom/titles/${encodeURIComponent(title)}`;

type EditProps = { projectId: string; row: DicomTitle | null; onClose: () => void };

function EditTitle({ projectId, row, onClose }: EditProps) {
  const t = useT();
  const client = useQueryClient();
  const [title, setTitle] = useState(row?.title ?? '');
  const [callers, setCallers] = useState((row?.callers ?? []).map(callerText).join('\n'));
  const [query, setQuery] = useState(row?.allow_query ?? false);
  const save = useMutation({
    mutationFn: () => api.put<DicomTitle>(pathOf(projectId, title.trim()), { callers: readCallers(callers), allow_query: query }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: keys.dicomTitles(projectId) });
      onClose();
    },
  });
  return (
    <Dialog title={row === null ? t('network.newTitle') : t('network.changeTitle', { title: row.title })} onClose={onClose}>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        {row === null && (
          <TextField label={t('network.title')} hint={t('network.titleHint')} value={title} onChange={setTitle} maxLength={16} />
        )}
        <Field label={t('network.callers')} hint={t('network.callersHint')}>
          {(id) => (
            <textarea id={id} rows={4} spellCheck={false} value={callers} onChange={(event) => setCallers(event.target.value)} />
          )}
        </Field>
        <Checkbox label={t('network.query')} checked={query} onChange={setQuery} />
        {save.error !== null && <ErrorNote error={save.error} />}
        <DialogActions>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button type="submit" look="primary" disabled={title.trim() === '' || save.isPending}>
            {t('common.save')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

type Doing = { act: 'edit'; row: DicomTitle | null } | { act: 'remove'; row: DicomTitle };

/** AE titles that scanners and PACS call, for the project's administrators. */
export function DicomTitles({ projectId }: { projectId: string }) {
  const t = useT();
  const [doing, setDoing] = useState<Doing | null>(null);
  const titles = useQuery({
    queryKey: keys.dicomTitles(projectId),
    queryFn: () => api.get<{ items: DicomTitle[] }>(`/projects/${projectId}/dicom/titles`),
  });
  const rows = titles.data?.items;
  return (
    <Section
      title={t('network.titles')}
      note={t('network.titlesNote')}
      actions={<Button onClick={() => setDoing({ act: 'edit', row: null })}>{t('network.newTitle')}</Button>}
    >
      {titles.isPending && <Loading />}
      {titles.isError && <ErrorNote error={titles.error} retry={() => void titles.refetch()} />}
      {rows?.length === 0 && (
        <EmptyState title={t('network.noTitles')}>
          <p>{t('network.noTitlesHint')}</p>
        </EmptyState>
      )}
      {rows !== undefined && rows.length > 0 && (
        <table className={layout.table}>
          <tbody>
            {rows.map((row) => (
              <tr key={row.title}>
                <td>
                  <div className={css.address}>
                    {row.title}
                    <p className={layout.muted}>
                      {[row.callers.map(callerText).join(', ') || t('network.anybody'), row.allow_query && t('network.answers')]
                        .filter(Boolean)
                        .join(' · ')}
                    </p>
                  </div>
                </td>
                <td className={layout.actions}>
                  <Button small onClick={() => setDoing({ act: 'edit', row })}>
                    {t('common.edit')}
                  </Button>
                  <IconButton name={t('network.remove', { title: row.title })} onClick={() => setDoing({ act: 'remove', row })}>
                    <Icon name="trash" />
                  </IconButton>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {doing?.act === 'edit' && <EditTitle projectId={projectId} row={doing.row} onClose={() => setDoing(null)} />}
      {doing?.act === 'remove' && (
        <ConfirmRemoval
          title={t('network.removeTitle', { title: doing.row.title })}
          action={t('network.removeAction')}
          path={pathOf(projectId, doing.row.title)}
          list={keys.dicomTitles(projectId)}
          onClose={() => setDoing(null)}
        >
          <p>{t('network.removeTitleWhat')}</p>
        </ConfirmRemoval>
      )}
    </Section>
  );
}
