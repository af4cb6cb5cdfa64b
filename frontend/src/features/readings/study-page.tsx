import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useParams, useSearchParams } from 'react-router';
import { api } from '../../api/client';
import { isProblem } from '../../api/problem';
import type { ReaderDesign, ReaderStudy } from '../../api/types';
import { useT } from '../../i18n';
import { Button } from '../../ui/controls';
import { DeadEnd } from '../../ui/dead-end';
import { Confirm } from '../../ui/dialog';
import { EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import { PageLayout, Tabs } from '../../ui/layout';
import { may, useSession } from '../login/session';
import { CasesEditor } from './cases-editor';
import { DesignDialog } from './design-dialog';
import { Progress } from './progress';
import { readingKeys, studyPath, useDesign, useReaderStudy } from './queries';
import css from './readings.module.css';
import { Report } from './report';

type OwnerProps = { projectId: string; design: ReaderDesign };

/** Opening and closing cannot be taken back, so they are asked for twice. */
function Act({ projectId, design, act }: OwnerProps & { act: 'open' | 'close' }) {
  const t = useT();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const run = useMutation({
    mutationFn: () => api.post<ReaderDesign>(`${studyPath(projectId, design.id)}/${act}`),
    onSuccess: async () => {
      setAsking(false);
      await client.invalidateQueries({ queryKey: readingKeys.study(design.id) });
    },
  });
  return (
    <>
      <Button look={act === 'open' ? 'primary' : 'plain'} onClick={() => setAsking(true)}>
        {t(`reading.act.${act}`)}
      </Button>
      {asking && (
        <Confirm title={t(`reading.act.${act}`)} action={t(`reading.act.${act}`)} pending={run.isPending} error={run.error} onConfirm={() => run.mutate()} onClose={() => setAsking(false)}>
          <p>{t(`reading.act.${act}Hint`)}</p>
        </Confirm>
      )}
    </>
  );
}

function Owner({ projectId, study }: { projectId: string; study: ReaderStudy }) {
  const t = useT();
  const design = useDesign(projectId, study.id);
  const [search] = useSearchParams();
  const [changing, setChanging] = useState(false);
  const [saves, setSaves] = useState(0);
  if (design.isPending) return <Loading />;
  if (design.isError) return <ErrorNote error={design.error} retry={() => void design.refetch()} />;
  const tab = search.get('tab') === 'report' ? 'report' : 'design';
  const to = (name: string): string => `/reader-studies/${study.id}?tab=${name}`;
  return (
    <>
      <div className={css.acts}>
        {study.state === 'draft' && <Button onClick={() => setChanging(true)}>{t('reading.change')}</Button>}
        {study.state === 'draft' && <Act projectId={projectId} design={design.data} act="open" />}
        {study.state === 'open' && <Act projectId={projectId} design={design.data} act="close" />}
      </div>
      <Tabs label={study.name} current={tab} tabs={(['design', 'report'] as const).map((name) => ({ name, to: to(name), text: t(`reading.tab.${name}`) }))} />
      {tab === 'design' && <Progress design={design.data} />}
      {tab === 'design' && study.state === 'draft' && <CasesEditor key={`${study.id} ${saves}`} projectId={projectId} design={design.data} onSaved={() => setSaves(saves + 1)} />}
      {tab === 'report' && <Report projectId={projectId} design={design.data} />}
      {changing && <DesignDialog projectId={projectId} design={design.data} onClose={() => setChanging(false)} />}
    </>
  );
}

/** `/reader-studies/:id`: design, progress and report for who administers; the way to the cases for readers. */
export function ReaderStudyPage() {
  const t = useT();
  const { project } = useSession();
  const { readerStudyId = '' } = useParams();
  const study = useReaderStudy(project?.id, readerStudyId);
  if (project === null) return <EmptyState title={t('worklist.noProject')} />;
  if (isProblem(study.error) && study.error.status === 404) return <DeadEnd title={t('reading.missing')} hint={t('reading.missingHint')} />;
  if (study.isPending) return <Loading />;
  if (study.isError) return <ErrorNote error={study.error} retry={() => void study.refetch()} />;
  const { name, description, conditions, washout_days, state, reads } = study.data;
  return (
    <PageLayout title={name} actions={<Link to="/reader-studies">{t('reading.all')}</Link>}>
      {description !== '' && <p className={css.lead}>{description}</p>}
      <p className={css.lead}>
        {t('reading.summary', { conditions: conditions.map((one) => one.name).join(' / '), days: washout_days, state: t(`reading.state.${state}`) })}
      </p>
      {reads && state === 'open' && (
        <p>
          <Link to={`/reader-studies/${readerStudyId}/read`}>{t('reading.read')}</Link>
        </p>
      )}
      {may(project.role, 'administer') && !(reads && state === 'open') && <Owner projectId={project.id} study={study.data} />}
    </PageLayout>
  );
}
