import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useNavigate } from 'react-router';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Cohort } from '../../api/types';
import { useT } from '../../i18n';
import { Button, TextField } from '../../ui/controls';
import { Dialog, DialogActions } from '../../ui/dialog';
import { EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import { formatTime } from '../../ui/format';
import { layout, PageLayout, Section, TableHead } from '../../ui/layout';
import { may, useSession } from '../login/session';
import css from './cohorts.module.css';
import { useCohorts } from './queries';

function NewCohort({ projectId, onClose }: { projectId: string; onClose: () => void }) {
  const t = useT();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const create = useMutation({
    mutationFn: () => api.post<Cohort>(`/projects/${projectId}/cohorts`, { name: name.trim(), description: description.trim() }),
    onSuccess: async ({ id }) => {
      await client.invalidateQueries({ queryKey: keys.cohorts(projectId) });
      void navigate(`/cohorts/${id}?tab=import`);
    },
  });
  return (
    <Dialog title={t('cohort.new')} onClose={onClose}>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate();
        }}
      >
        <TextField label={t('cohort.name')} value={name} onChange={setName} maxLength={100} />
        <TextField label={t('cohort.description')} hint={t('cohort.descriptionHint')} value={description} onChange={setDescription} maxLength={1000} />
        {create.error !== null && <ErrorNote error={create.error} />}
        <DialogActions>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button type="submit" look="primary" disabled={name.trim() === '' || create.isPending}>
            {t('cohort.create')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function CohortTable({ cohorts }: { cohorts: readonly Cohort[] }) {
  const t = useT();
  const columns = [t('cohort.name'), t('cohort.description'), { number: t('cohort.patients') }, t('cohort.endpoints'), t('cohort.split'), t('cohort.created')];
  return (
    <table className={layout.table}>
      <TableHead columns={columns} />
      <tbody>
        {cohorts.map(({ id, name, description, patients, endpoints, split, created_at }) => (
          <tr key={id}>
            <td>
              <Link to={`/cohorts/${id}`}>{name}</Link>
            </td>
            <td className={layout.wrap}>{description}</td>
            <td className={layout.number}>{patients}</td>
            <td className={layout.wrap}>
              {endpoints.map((one) => t('cohort.endpointEvents', { name: one.name, n: one.events })).join(', ') || '–'}
            </td>
            <td>{split === null ? t('cohort.split.none') : t('cohort.split.fixed', { train: split.train, test: split.test })}</td>
            <td>{formatTime(created_at)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function List({ projectId, manage, onCreate }: { projectId: string; manage: boolean; onCreate: () => void }) {
  const t = useT();
  const cohorts = useCohorts(projectId);
  if (cohorts.isPending) return <Loading />;
  if (cohorts.isError) return <ErrorNote error={cohorts.error} retry={() => void cohorts.refetch()} />;
  if (cohorts.data.length > 0) return <CohortTable cohorts={cohorts.data} />;
  return (
    <EmptyState title={t('cohort.none')}>
      <p>{t(manage ? 'cohort.noneHint' : 'cohort.noneReader')}</p>
      {manage && (
        <Button look="primary" onClick={onCreate}>
          {t('cohort.new')}
        </Button>
      )}
    </EmptyState>
  );
}

/** `/cohorts`: the cohorts of the project. */
export function CohortsPage() {
  const t = useT();
  const { project } = useSession();
  const [creating, setCreating] = useState(false);
  if (project === null) return <EmptyState title={t('worklist.noProject')} />;
  const manage = may(project.role, 'import');
  return (
    <PageLayout
      title={t('nav.cohorts')}
      actions={
        manage && (
          <Button look="primary" onClick={() => setCreating(true)}>
            {t('cohort.new')}
          </Button>
        )
      }
    >
      <Section title={t('nav.cohorts')} note={t('cohort.note')}>
        <List projectId={project.id} manage={manage} onCreate={() => setCreating(true)} />
      </Section>
      {creating && <NewCohort projectId={project.id} onClose={() => setCreating(false)} />}
    </PageLayout>
  );
}
