import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useCallback, useEffect, useMemo, useState, type ComponentType } from 'react';
import { Route, Routes, useLocation } from 'react-router';
import { connectEvents } from './api/events';
import type { Me } from './api/types';
import { AccountPage } from './features/account/account-page';
import { AuditPage } from './features/admin/audit-page';
import { UsersPage } from './features/admin/users-page';
import { CohortPage } from './features/cohorts/cohort-page';
import { CohortsPage } from './features/cohorts/cohorts-page';
import { ReaderStudiesPage } from './features/readings/studies-page';
import { ReaderStudyPage } from './features/readings/study-page';
import { JobsPage } from './features/jobs/jobs-page';
import { LoginPage } from './features/login/login-page';
import { pickProject, SessionContext, storedProject, storeProject, useExpired, useMe } from './features/login/session';
import { ProjectPage } from './features/projects/project-page';
import { WorklistPage } from './features/studies/worklist-page';
import { TrainingPage } from './features/training/training-page';
import { useT } from './i18n';
import { Shell } from './shell';
import { Boundary, DeadEnd } from './ui/dead-end';
import { ErrorNote, Loading } from './ui/feedback';
import { PageLayout } from './ui/layout';
import { Toasts } from './ui/toast';

const loadStudyPage = async () => ({ default: (await import('./features/labels/study-page')).StudyPage });
const LaterStudyPage = lazy(loadStudyPage);
const ReadPage = lazy(async () => ({ default: (await import('./features/readings/read-page')).ReadPage }));
let studyPage: ComponentType | null = null;
// What people open next; it arrives while the session is still being asked for. Where that fails, the page asks again.
loadStudyPage().then(
  (loaded) => {
    studyPage = loaded.default;
  },
  () => undefined,
);

/** Not `lazy` where the code is here: React shows the fallback of that all the same, and for 300 ms. */
function StudyPage() {
  const [Page] = useState<ComponentType>(() => studyPage ?? LaterStudyPage);
  return <Page />;
}

function Missing() {
  const t = useT();
  return <DeadEnd title={t('shell.missing')} />;
}

function Pages({ me }: { me: Me }) {
  const client = useQueryClient();
  const [projectId, setProjectId] = useState(storedProject);
  const [connected, setConnected] = useState(true);
  useEffect(() => connectEvents(client, setConnected), [client]);
  const chooseProject = useCallback((id: string): void => {
    storeProject(id);
    setProjectId(id);
  }, []);
  const session = useMemo(
    () => ({ me, project: pickProject(me.projects, projectId), chooseProject }),
    [me, projectId, chooseProject],
  );
  const { pathname } = useLocation();
  const administrator = me.user.is_administrator;
  return (
    <SessionContext value={session}>
      <Shell connected={connected}>
        <Boundary key={pathname}>
          <Suspense fallback={<Loading />}>
            <Routes>
              <Route path="/" element={<WorklistPage />} />
              <Route path="/studies/:studyId" element={<StudyPage />} />
              <Route path="/jobs" element={<JobsPage />} />
              <Route path="/training" element={<TrainingPage />} />
              <Route path="/cohorts" element={<CohortsPage />} />
              <Route path="/cohorts/:cohortId" element={<CohortPage />} />
              <Route path="/reader-studies" element={<ReaderStudiesPage />} />
              <Route path="/reader-studies/:readerStudyId" element={<ReaderStudyPage />} />
              <Route path="/reader-studies/:readerStudyId/read" element={<ReadPage />} />
              <Route path="/project" element={<ProjectPage />} />
              <Route path="/account" element={<AccountPage />} />
              {administrator && <Route path="/users" element={<UsersPage />} />}
              {administrator && <Route path="/audit" element={<AuditPage />} />}
              <Route path="*" element={<Missing />} />
            </Routes>
          </Suspense>
        </Boundary>
      </Shell>
    </SessionContext>
  );
}

export function App() {
  const me = useMe();
  const expired = useExpired();
  const t = useT();
  if (me.isPending) return <Loading />;
  if (me.data === undefined) {
    return (
      <PageLayout title="Rinkaku">
        <ErrorNote error={me.error} retry={() => void me.refetch()} />
      </PageLayout>
    );
  }
  return (
    <>
      <title>{t('shell.title')}</title>
      {me.data === null ? <LoginPage expired={expired} /> : <Pages key={me.data.user.id} me={me.data} />}
      {!expired && <Toasts />}
    </>
  );
}
