import { Link, useSearchParams } from 'react-router';
import { useT } from '../../i18n';
import { EmptyState } from '../../ui/feedback';
import { PageLayout } from '../../ui/layout';
import { may, useSession } from '../login/session';
import { ComparisonsTab } from './comparisons-tab';
import { EffortTab } from './effort-tab';
import { NetworksTab } from './networks-tab';
import { RunsTab } from './runs-tab';
import { SnapshotsTab } from './snapshots-tab';
import css from './training.module.css';

const TABS = ['networks', 'snapshots', 'runs', 'comparisons', 'effort'] as const;

export function TrainingPage() {
  const t = useT();
  const { project } = useSession();
  const [search] = useSearchParams();
  if (project === null) return <EmptyState title={t('worklist.noProject')} />;
  const tab = TABS.find((name) => name === search.get('tab')) ?? 'networks';
  const manage = may(project.role, 'train');
  return (
    <PageLayout title={t('nav.training')}>
      <nav className={css.tabs} aria-label={t('nav.training')}>
        {TABS.map((name) => (
          <Link key={name} to={`/training?tab=${name}`} {...(name === tab ? { 'aria-current': 'page' } : {})}>
            {t(`training.tab.${name}`)}
          </Link>
        ))}
      </nav>
      {tab === 'networks' && <NetworksTab projectId={project.id} manage={manage} review={may(project.role, 'review')} />}
      {tab === 'snapshots' && <SnapshotsTab projectId={project.id} manage={manage} />}
      {tab === 'runs' && <RunsTab projectId={project.id} manage={manage} />}
      {tab === 'comparisons' && <ComparisonsTab projectId={project.id} manage={manage} />}
      {tab === 'effort' && <EffortTab projectId={project.id} />}
    </PageLayout>
  );
}
