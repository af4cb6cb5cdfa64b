import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useNavigate, useParams, useSearchParams } from 'react-router';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import { isProblem } from '../../api/problem';
import type { Cohort } from '../../api/types';
import { useT } from '../../i18n';
import { IconButton } from '../../ui/controls';
import { DeadEnd } from '../../ui/dead-end';
import { Confirm } from '../../ui/dialog';
import { EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import { Icon } from '../../ui/icons';
import { PageLayout, Tabs } from '../../ui/layout';
import { may, useSession } from '../login/session';
import { AnalysesTab } from './analyses-tab';
import css from './cohorts.module.css';
import { FeaturesTab } from './features-tab';
import { ImportTab } from './import-tab';
import { PatientsTab } from './patients-tab';
import { useCohort } from './queries';

const TABS = ['patients', 'import', 'features', 'analyses'] as const;

function DeleteCohort({ projectId, cohort }: { projectId: string; cohort: Cohort }) {
  const t = useT();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  const remove = useMutation({
    mutationFn: () => api.delete(`/projects/${projectId}/cohorts/${cohort.id}`),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: keys.cohorts(projectId) });
      void navigate('/cohorts');
    },
  });
  return (
    <>
      <IconButton name={t('cohort.delete')} onClick={() => setAsking(true)}>
        <Icon name="trash" />
      </IconButton>
      {asking && (
        <Confirm
          title={t('cohort.deleteTitle')}
          action={t('cohort.delete')}
          danger
          pending={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate()}
          onClose={() => setAsking(false)}
        >
          <p>{t('cohort.deleteWarning', { name: cohort.name, n: cohort.patients })}</p>
        </Confirm>
      )}
    </>
  );
}

function Parts({ projectId, cohort, manage }: { projectId: string; cohort: Cohort; manage: boolean }) {
  const t = useT();
  const [search] = useSearchParams();
  const asked = TABS.find((name) => name === search.get('tab'));
  const tab = asked ?? (cohort.patients === 0 && manage ? 'import' : 'patients');
  const shown = TABS.filter((name) => name !== 'import' || manage);
  return (
    <>
      <Tabs label={cohort.name} current={tab} tabs={shown.map((name) => ({ name, to: `/cohorts/${cohort.id}?tab=${name}`, text: t(`cohort.tab.${name}`) }))} />
      {tab === 'patients' && <PatientsTab projectId={projectId} cohort={cohort} manage={manage} />}
      {tab === 'import' && manage && <ImportTab projectId={projectId} cohort={cohort} />}
      {tab === 'features' && <FeaturesTab projectId={projectId} cohort={cohort} manage={manage} />}
      {tab === 'analyses' && <AnalysesTab projectId={projectId} cohort={cohort} manage={manage} />}
    </>
  );
}

/** `/cohorts/:cohortId`: one cohort, its table, features and analyses. */
export function CohortPage() {
  const t = useT();
  const { project } = useSession();
  const { cohortId = '' } = useParams();
  const cohort = useCohort(project?.id, cohortId);
  if (project === null) return <EmptyState title={t('worklist.noProject')} />;
  if (isProblem(cohort.error) && cohort.error.status === 404) return <DeadEnd title={t('cohort.missing')} hint={t('cohort.missingHint')} />;
  if (cohort.isPending) return <Loading />;
  if (cohort.isError) return <ErrorNote error={cohort.error} retry={() => void cohort.refetch()} />;
  const manage = may(project.role, 'import');
  return (
    <PageLayout
      title={cohort.data.name}
      actions={
        <>
          <Link to="/cohorts">{t('cohort.all')}</Link>
          {may(project.role, 'administer') && <DeleteCohort projectId={project.id} cohort={cohort.data} />}
        </>
      }
    >
      {cohort.data.description !== '' && <p className={css.lead}>{cohort.data.description}</p>}
      <Parts projectId={project.id} cohort={cohort.data} manage={manage} />
    </PageLayout>
  );
}
