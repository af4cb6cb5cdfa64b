import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Project } from '../../api/types';
import { useT } from '../../i18n';
import { Button } from '../../ui/controls';
import { EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import { PageLayout } from '../../ui/layout';
import { may, useSession } from '../login/session';
import { DeidentificationSection } from './deidentification';
import { DicomPeers } from './dicom-peers';
import { DicomTitles } from './dicom-titles';
import { Exports } from './exports';
import { General } from './general';
import { Members } from './members';
import { NewProject } from './new-project';
import css from './project.module.css';
import { Quarantine } from './quarantine';
import { Rules } from './rules';
import { TemplateSection } from './template';
import { Webhooks } from './webhooks';

function ProjectSections({ projectId }: { projectId: string }) {
  const project = useQuery({
    queryKey: keys.project(projectId),
    queryFn: () => api.get<Project>(`/projects/${projectId}`),
  });
  if (project.isPending) return <Loading />;
  if (project.isError) return <ErrorNote error={project.error} retry={() => void project.refetch()} />;
  const { role } = project.data;
  const manage = may(role, 'administer');
  return (
    <div className={css.columns}>
      <div className={css.stack}>
        <TemplateSection projectId={projectId} manage={manage} />
        <Rules project={project.data} manage={manage} />
        {manage && <DicomTitles projectId={projectId} />}
        {may(role, 'export') && <DicomPeers projectId={projectId} manage={manage} />}
        {manage && <Webhooks projectId={projectId} />}
      </div>
      <div className={css.stack}>
        <General project={project.data} manage={manage} />
        <Members projectId={projectId} manage={manage} />
        <DeidentificationSection projectId={projectId} manage={manage} />
        {manage && <Quarantine projectId={projectId} />}
        {may(role, 'export') && <Exports projectId={projectId} />}
      </div>
    </div>
  );
}

export function ProjectPage() {
  const t = useT();
  const { me, project } = useSession();
  const [creating, setCreating] = useState(false);
  return (
    <PageLayout
      title={project?.name ?? t('nav.project')}
      actions={me.user.is_administrator && <Button onClick={() => setCreating(true)}>{t('project.new')}</Button>}
    >
      {project === null ? (
        <EmptyState title={t('worklist.noProject')}>
          <p>{t('worklist.noProjectHint')}</p>
        </EmptyState>
      ) : (
        <ProjectSections key={project.id} projectId={project.id} />
      )}
      {creating && <NewProject onClose={() => setCreating(false)} />}
    </PageLayout>
  );
}
