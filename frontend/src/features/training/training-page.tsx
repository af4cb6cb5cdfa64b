import { useSearchParams } from 'react-router';
import { useT } from '../../i18n';
import { EmptyState } from '../../ui/feedback';
import { PageLayout, Tabs } from '../../ui/layout';
import { may, useSession } from '../login/session';
import { ComparisonsTab } from './comparisons-tab';
import { EffortTab } from './effort-tab';
import { NetworksTab } from './networks-tab';
import { RunsTab } from './runs-tab';
import { SnapshotsTab } from './snapshots-tab';

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
      <Tabs label={t('nav.training')} current={tab} tabs={TABS.map((name) => ({ name, to: `/training?tab=${name}`, text: t(`training.tab.${name}`) }))} />
      {tab === 'networks' && <NetworksTab projectId={project.id} manage={manage} review={may(project.role, 'review')} />}
      {tab === 'snapshots' && <SnapshotsTab projectId={project.id} manage={manage} />}
      {tab === 'runs' && <RunsTab projectId={project.id} manage={manage} />}
      {tab === 'comparisons' && <ComparisonsTab projectId={project.id} manage={manage} />}
      {tab === 'effort' && <EffortTab projectId={project.id} />}
    </PageLayout>
  );
}
