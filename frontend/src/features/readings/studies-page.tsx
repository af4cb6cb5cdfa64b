import { useState } from 'react';
import { Link } from 'react-router';
import type { ReaderStudy } from '../../api/types';
import { useT } from '../../i18n';
import { Button } from '../../ui/controls';
import { Badge, EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import { formatTime } from '../../ui/format';
import { layout, PageLayout, Section, TableHead } from '../../ui/layout';
import { may, useSession } from '../login/session';
import { DesignDialog } from './design-dialog';
import { useReaderStudies } from './queries';

function Table({ studies }: { studies: readonly ReaderStudy[] }) {
  const t = useT();
  const columns = [t('reading.name'), t('reading.state'), t('reading.conditions'), { number: t('reading.readers') }, { number: t('reading.cases') }, t('reading.created'), t('reading.yours')];
  return (
    <table className={layout.table}>
      <TableHead columns={columns} />
      <tbody>
        {studies.map((one) => (
          <tr key={one.id}>
            <td>
              <Link to={`/reader-studies/${one.id}`}>{one.name}</Link>
            </td>
            <td>
              <Badge tone={one.state === 'open' ? 'good' : 'plain'}>{t(`reading.state.${one.state}`)}</Badge>
            </td>
            <td>{one.conditions.map(({ name }) => name).join(' / ')}</td>
            <td className={layout.number}>{one.readers}</td>
            <td className={layout.number}>{one.cases}</td>
            <td>{formatTime(one.created_at)}</td>
            <td>{one.reads && one.state === 'open' ? <Link to={`/reader-studies/${one.id}/read`}>{t('reading.read')}</Link> : '–'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** `/reader-studies`: the reader studies of the project. */
export function ReaderStudiesPage() {
  const { project } = useSession();
  const t = useT();
  if (project === null) return <EmptyState title={t('worklist.noProject')} />;
  return <List projectId={project.id} manage={may(project.role, 'administer')} />;
}

function List({ projectId, manage }: { projectId: string; manage: boolean }) {
  const t = useT();
  const studies = useReaderStudies(projectId);
  const [creating, setCreating] = useState(false);
  return (
    <PageLayout
      title={t('nav.readings')}
      actions={
        manage && (
          <Button look="primary" onClick={() => setCreating(true)}>
            {t('reading.new')}
          </Button>
        )
      }
    >
      <Section title={t('nav.readings')} note={t('reading.note')}>
        {studies.isPending && <Loading />}
        {studies.isError && <ErrorNote error={studies.error} retry={() => void studies.refetch()} />}
        {studies.data?.length === 0 && (
          <EmptyState title={t('reading.none')}>
            <p>{t(manage ? 'reading.noneHint' : 'reading.noneReader')}</p>
          </EmptyState>
        )}
        {studies.data !== undefined && studies.data.length > 0 && <Table studies={studies.data} />}
      </Section>
      {creating && <DesignDialog projectId={projectId} design={null} onClose={() => setCreating(false)} />}
    </PageLayout>
  );
}
