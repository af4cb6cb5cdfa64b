import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from 'react-router';
import { api } from '../../api/client';
import type { MyReadings, Page, Reading } from '../../api/types';
import { useT } from '../../i18n';
import { Button } from '../../ui/controls';
import { DeadEnd } from '../../ui/dead-end';
import { EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import { formatTime } from '../../ui/format';
import { PageLayout } from '../../ui/layout';
import { imagesOf, studyQuery } from '../labels/opening';
import { useSession } from '../login/session';
import { CaseReader } from './case-reader';
import type { ReaderMark } from './marks';
import { readingKeys, studyPath, useMine } from './queries';
import css from './readings.module.css';

type Props = { projectId: string; id: string };

/** The case that is open: its image and, with AI, the AI's marks. */
function OpenCase({ projectId, id, reading, onKept, onDone }: Props & { reading: Reading; onKept: (reading: Reading) => void; onDone: () => void }) {
  const t = useT();
  const path = `${studyPath(projectId, id)}/readings/${reading.id}`;
  const study = useQuery(studyQuery(reading.study_id));
  const marks = useQuery({
    queryKey: ['reading', reading.id, 'candidates'],
    queryFn: () => (reading.ai ? api.get<Page<ReaderMark>>(`${path}/candidates`).then(({ items }) => items) : Promise.resolve([])),
    staleTime: Infinity,
  });
  if (study.isError) return <ErrorNote error={study.error} retry={() => void study.refetch()} />;
  if (marks.isError) return <ErrorNote error={marks.error} retry={() => void marks.refetch()} />;
  if (study.isPending || marks.isPending) return <Loading label={t('viewer.loading')} />;
  const image = imagesOf(study.data).find((one) => one.id === reading.series_id);
  if (image === undefined) return <DeadEnd title={t('viewer.no-image')} hint={t('viewer.no-image.detail')} />;
  return <CaseReader key={reading.id} path={path} reading={reading} study={study.data} image={image} candidates={marks.data} onKept={onKept} onDone={onDone} />;
}

/** Between two cases: what is next, or why there is none. */
function Between({ projectId, id, mine, onOpen }: Props & { mine: MyReadings; onOpen: (reading: Reading) => void }) {
  const t = useT();
  const next = mine.next;
  const open = useMutation({
    mutationFn: () => api.post<Reading>(`${studyPath(projectId, id)}/readings/${next?.id ?? ''}/open`),
    onSuccess: onOpen,
  });
  return (
    <PageLayout title={t('reading.yours')} actions={<Link to={`/reader-studies/${id}`}>{t('reading.leave')}</Link>}>
      <p className={css.lead}>
        {t('reading.standing', { session: mine.session, sessions: mine.sessions, done: mine.session_finished, of: mine.session_readings, all: mine.finished, total: mine.readings })}
      </p>
      {next === null && <EmptyState title={t('reading.allDone')} />}
      {next !== null && mine.opens_at !== null && <EmptyState title={t('reading.washoutUntil', { time: formatTime(mine.opens_at) })} />}
      {next !== null && mine.opens_at === null && (
        <>
          <p className={css.lead}>{t('reading.clockHint')}</p>
          <div className={css.acts}>
            <Button look="primary" disabled={open.isPending} onClick={() => open.mutate()}>
              {t('reading.start', { case: next.case, condition: next.condition })}
            </Button>
          </div>
        </>
      )}
      {open.error !== null && <ErrorNote error={open.error} />}
    </PageLayout>
  );
}

/** `/reader-studies/:id/read`: one's own cases, one after the other. */
export function ReadPage() {
  const t = useT();
  const { project } = useSession();
  const { readerStudyId = '' } = useParams();
  if (project === null) return <EmptyState title={t('worklist.noProject')} />;
  return <MyCases projectId={project.id} id={readerStudyId} />;
}

function MyCases({ projectId, id }: Props) {
  const client = useQueryClient();
  const mine = useMine(projectId, id);
  if (mine.isPending) return <Loading />;
  if (mine.isError) return <ErrorNote error={mine.error} retry={() => void mine.refetch()} />;
  const opened = (reading: Reading): void => {
    client.setQueryData(readingKeys.mine(id), { ...mine.data, open: reading, next: null });
  };
  const kept = (reading: Reading): void => {
    client.setQueryData<MyReadings>(readingKeys.mine(id), (now) => (now?.open?.id === reading.id ? { ...now, open: reading } : now));
  };
  const done = (): void => void client.invalidateQueries({ queryKey: readingKeys.mine(id) });
  if (mine.data.open !== null) return <OpenCase projectId={projectId} id={id} reading={mine.data.open} onKept={kept} onDone={done} />;
  return <Between projectId={projectId} id={id} mine={mine.data} onOpen={opened} />;
}
