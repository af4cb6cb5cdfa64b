import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link, NavLink, useLocation, useNavigate } from 'react-router';
import { api } from './api/client';
import { keys } from './api/keys';
import type { Job, Page } from './api/types';
import { ImportPanel } from './features/imports/import-panel';
import { endSession, logOut, useSession } from './features/login/session';
import { useT } from './i18n';
import { problemText } from './i18n/problems';
import css from './shell.module.css';
import { Button, Select } from './ui/controls';
import { Icon } from './ui/icons';
import { LanguageSwitch } from './ui/language-switch';
import { Logo } from './ui/logo';
import { notify } from './ui/toast';
import { LeaveDialog, leaving } from './ui/unsaved';

const MOST = 50;
const RUNNING = { state: 'running', housekeeping: false };

/** How many jobs are running; the event stream keeps it fresh. */
function RunningCount() {
  const t = useT();
  const running = useQuery({
    queryKey: keys.jobs(RUNNING),
    queryFn: () => api.get<Page<Job>>('/jobs', { query: { ...RUNNING, limit: MOST } }),
  });
  const count = running.data?.items.length ?? 0;
  if (count === 0) return null;
  return (
    <span className={css.count} aria-label={t('shell.running', { n: count })}>
      {count}
    </span>
  );
}

function Navigation() {
  const t = useT();
  const { me, project } = useSession();
  const { pathname, search } = useLocation();
  const reviewing = pathname === '/' && new URLSearchParams(search).get('state') === 'submitted';
  const current = (is: boolean) => (is ? ({ 'aria-current': 'page' } as const) : {});
  return (
    <nav className={css.nav} aria-label={t('shell.navigation')}>
      <Link to="/" {...current(pathname === '/' && !reviewing)}>
        {t('nav.worklist')}
      </Link>
      <Link to="/?state=submitted" {...current(reviewing)}>
        {t('nav.review')}
      </Link>
      <NavLink to="/jobs">
        {t('nav.jobs')}
        <RunningCount />
      </NavLink>
      {project !== null && <NavLink to="/training">{t('nav.training')}</NavLink>}
      {project !== null && <NavLink to="/cohorts">{t('nav.cohorts')}</NavLink>}
      {project !== null && <NavLink to="/reader-studies">{t('nav.readings')}</NavLink>}
      <NavLink to="/project">{t('nav.project')}</NavLink>
      {me.user.is_administrator && <NavLink to="/users">{t('nav.users')}</NavLink>}
      {me.user.is_administrator && <NavLink to="/audit">{t('nav.audit')}</NavLink>}
    </nav>
  );
}

function LogOut() {
  const t = useT();
  const client = useQueryClient();
  const leave = useMutation({
    mutationFn: logOut,
    onSuccess: () => endSession(client),
    onError: (error) => notify(problemText(error, t), true),
  });
  return (
    <Button small look="quiet" disabled={leave.isPending} onClick={() => leaving(() => leave.mutate())}>
      {t('shell.logOut')}
    </Button>
  );
}

/** The header around every page after login. */
export function Shell({ connected, children }: { connected: boolean; children: ReactNode }) {
  const t = useT();
  const { me, project, chooseProject } = useSession();
  const { pathname } = useLocation();
  const navigate = useNavigate();
  /** A study and a cohort are of one project: who chooses another one leaves them. */
  const choose = (id: string): void => {
    chooseProject(id);
    if (pathname.startsWith('/studies/')) void navigate('/');
    if (pathname.startsWith('/cohorts/')) void navigate('/cohorts');
    if (pathname.startsWith('/reader-studies/')) void navigate('/reader-studies');
  };
  return (
    <div className={css.shell}>
      <header className={css.bar}>
        <Link to="/" className={css.brand}>
          <Logo />
          Rinkaku
        </Link>
        <Navigation />
        <div className={css.side}>
          {!connected && (
            <span className={css.offline} role="status" title={t('shell.offlineHint')}>
              <Icon name="alert" />
              {t('shell.offline')}
            </span>
          )}
          {project !== null && (
            <div className={css.project}>
              <Select
                name={t('shell.project')}
                value={project.id}
                choices={me.projects.map(({ id, name }) => ({ value: id, label: name }))}
                onChange={(id) => leaving(() => choose(id))}
              />
            </div>
          )}
          <LanguageSwitch />
          <Link to="/account" className={css.user} title={t('nav.account')}>
            {me.user.display_name}
          </Link>
          <LogOut />
        </div>
      </header>
      <div className={css.content}>{children}</div>
      <ImportPanel />
      <LeaveDialog />
    </div>
  );
}
