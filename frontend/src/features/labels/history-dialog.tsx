import { useQuery } from '@tanstack/react-query';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { DerivedFrom, Page, Revision, Structure } from '../../api/types';
import { useT, type Translate } from '../../i18n';
import { named, problemText } from '../../i18n/problems';
import { Badge, ErrorNote, Loading } from '../../ui/feedback';
import { Button } from '../../ui/controls';
import { Dialog } from '../../ui/dialog';
import { formatTime } from '../../ui/format';
import { notify } from '../../ui/toast';
import { words } from '../derive/expression';
import { registrationText } from '../dose/registration';
import { focus } from './commands';
import { makerOf } from './inspector';
import { sayRefused } from './refusal';
import { Reviews } from './reviews';
import { volumeText } from './structure-list';
import css from './viewer.module.css';
import { recordOf, useWorkspace } from './workspace';

const COMPARISON_COLOUR = '#ffffff';

/** The tools of software and of the history; what they write as reason says no more than their name. */
const WITHOUT_REASON: ReadonlySet<string> = new Set(['network', 'rule', 'import', 'reject', 'restore', 'absent', 'derive', 'blind-reading', 'consensus']);

/** How much a revision changed; on how many slices is unknown of revisions from before it was counted. */
const changeText = ({ changed_voxels: n, changed_slices: slices }: Revision, t: Translate): string =>
  slices === null ? t('viewer.history.change.voxels', { n }) : t('viewer.history.change', { n, slices });

/** Of what a contour was computed, and from which revisions. */
function derivedText({ expression, structures, doses }: DerivedFrom, t: Translate): string {
  const nameOf = (id: string): string | null => structures.find((one) => one.id === id)?.name ?? null;
  const sources = structures.map(({ name, number }) => t('derive.from.revision', { name, n: number }));
  const from = sources.length === 0 ? [] : [t('derive.from', { sources: sources.join(', ') })];
  const moved = doses.flatMap(({ registration }) => (registration ? [registrationText(registration, 'derive', t)] : []));
  return [words(expression, nameOf, t), ...from, ...moved].join(' · ');
}

/** Whose readings a consensus was made of, and how. */
function consensusText({ method, readings, missing, taken, left, undecided }: NonNullable<Revision['consensus']>, t: Translate): string {
  const sources = readings.map(({ name, number }) => t('derive.from.revision', { name, n: number })).join(', ');
  const named = t('consensus.by', { names: sources, method: method === 'staple' ? 'STAPLE' : t('consensus.majority') });
  const decided = t('consensus.by.decided', { taken: taken.length, left: left.length, open: undecided });
  const absent = missing.length === 0 ? [] : [t('consensus.by.missing', { n: missing.length })];
  return [named, decided, ...absent].join(' · ');
}

type LineProps = { record: Structure; revision: Revision; same: number | null; onClose: () => void };

function Line({ record, revision, same, onClose }: LineProps) {
  const t = useT();
  const { scene, session, editor, mayEdit, views } = useWorkspace();
  const name = t('viewer.revision', { n: revision.number });
  const withMask = (act: (mask: Awaited<ReturnType<typeof session.revision>>) => void): void => {
    session.revision(record.id, revision.number).then(act, (error: unknown) => notify(problemText(error, t), true));
    onClose();
  };
  const compare = (): void =>
    withMask((mask) => {
      const label = `${record.name}, ${name} · ${makerOf(revision, t)} · ${formatTime(revision.created_at)}`;
      scene.set({ activeId: record.id, comparison: { structureId: record.id, mask, colour: COMPARISON_COLOUR, label } });
      focus({ scene, views }, mask.count > 0 ? mask : (scene.find(record.id)?.mask ?? mask));
    });
  const take = (): void => {
    const refusal = editor.refusal();
    if (refusal === null) return withMask((mask) => editor.replace(record.id, mask, 'revision'));
    onClose(); // the note would lie behind the dialog
    sayRefused(refusal, t);
  };
  return (
    <li>
      <div>
        <b>{name}</b> {record.head?.number === revision.number && <Badge tone="accent">{t('viewer.history.current')}</Badge>}
        <span className={css.muted}>{formatTime(revision.created_at)}</span>
      </div>
      <div>
        {makerOf(revision, t)}
        {revision.reason !== '' && !WITHOUT_REASON.has(revision.tool) && <q>{revision.reason}</q>}
      </div>
      {revision.derived_from !== null && <div className={css.derived}>{derivedText(revision.derived_from, t)}</div>}
      {revision.consensus !== null && <div className={css.derived}>{consensusText(revision.consensus, t)}</div>}
      <div className={css.muted}>
        {t('viewer.cc', { n: volumeText(revision.volume_cc) })} ·{' '}
        {revision.number === 1
          ? t('viewer.history.first')
          : changeText(revision, t)}
        {revision.tool !== '' && ` · ${named('viewer.edit', revision.tool, t)}`}
        {same !== null && ` · ${t('viewer.history.same', { n: same })}`}
      </div>
      <div className={css.lineButtons}>
        <Button small onClick={compare}>
          {t('viewer.history.show')}
        </Button>
        {mayEdit && (
          <Button small onClick={take}>
            {t('viewer.history.restore')}
          </Button>
        )}
      </div>
    </li>
  );
}

/** The number of the newest earlier revision with the same contour. */
const earlier = (revision: Revision, all: readonly Revision[]): number | null =>
  all.find(({ number, sha256 }) => number < revision.number && sha256 === revision.sha256)?.number ?? null;

/** Who changed a structure, when and how much; a look at any older contour. */
export function HistoryDialog({ onClose }: { onClose: () => void }) {
  const t = useT();
  const { scene, set } = useWorkspace();
  const record = recordOf(set, scene.state.activeId);
  const id = record?.id ?? '';
  const revisions = useQuery({
    queryKey: keys.revisions(id),
    queryFn: () => api.get<Page<Revision>>(`/structures/${id}/revisions`, { query: { limit: 200 } }),
    enabled: record !== null,
  });
  if (record === null) return null;
  return (
    <Dialog title={t('viewer.history.of', { name: record.name })} wide onClose={onClose}>
      {revisions.error !== null && <ErrorNote error={revisions.error} />}
      {revisions.isPending && <Loading />}
      {revisions.data?.items.length === 0 && <p>{t('viewer.history.none')}</p>}
      <ul className={css.history}>
        {revisions.data?.items.map((revision) => (
          <Line
            key={revision.number}
            record={record}
            revision={revision}
            same={earlier(revision, revisions.data.items)}
            onClose={onClose}
          />
        ))}
      </ul>
      <Reviews record={record} />
    </Dialog>
  );
}
