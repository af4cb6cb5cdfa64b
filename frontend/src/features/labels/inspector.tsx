import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Revision, Structure } from '../../api/types';
import { useT, type Translate } from '../../i18n';
import { problemText, slugText } from '../../i18n/problems';
import { Button, IconButton } from '../../ui/controls';
import { Confirm } from '../../ui/dialog';
import { formatTime } from '../../ui/format';
import { Icon } from '../../ui/icons';
import { notify } from '../../ui/toast';
import { voxelCc } from '../../lib/planes';
import type { ShownStructure } from '../../viewer/scene';
import { useScene } from '../../viewer/use-scene';
import { DerivedNote } from '../derive/derived-note';
import { useSession } from '../login/session';
import { signatureIn, useNetworks } from '../training/queries';
import { EmptySet } from './empty-set';
import { Assess, Decide } from './judging';
import { keyOf } from './keymap';
import { ReturnNote } from './reviews';
import { volumeText } from './structure-list';
import { ToolIcon } from './tool-icons';
import css from './viewer.module.css';
import { recordOf, useLabels, useWorkspace } from './workspace';

/** Who made a revision: a person, a network, a rule, or the file it came in. */
export function makerOf(revision: Revision, t: Translate): string {
  if (revision.author !== null) return revision.author.display_name;
  const network = revision.network_version;
  if (revision.tool === 'derive') return t('derive.by');
  if (network === null) return t(revision.tool === 'rule' ? 'viewer.by-rule' : 'viewer.by-import');
  return t('viewer.by-network', { name: network.name, version: network.version });
}

/** Where a structure stands: whose approval it has, or its state and what was made of the AI's contour. */
function standing(record: Structure, t: Translate): string {
  const { approval, head, assessment, unknown } = record;
  if (approval !== null) return t('review.approved.by', { who: approval.user_name, when: formatTime(approval.at) });
  const judged = head !== null && head.network_version !== null && (assessment !== 'none' || head.author === null);
  const said = [t(`viewer.state.${record.state}`), ...(judged ? [t(`viewer.assessment.${assessment}`)] : [])];
  return [...said, ...(unknown && head !== null ? [t('review.unknown')] : [])].join(' · ');
}

function NameAndColour({ shown, record }: { shown: ShownStructure; record: Structure }) {
  const t = useT();
  const client = useQueryClient();
  const { mayEdit, session, scene } = useWorkspace();
  const [name, setName] = useState(record.name);
  const change = useMutation({
    mutationFn: (body: { name?: string; colour?: string }) => api.patch<Structure>(`/structures/${record.id}`, body),
    onSettled: () => client.invalidateQueries({ queryKey: keys.structureSet(session.setId) }),
    onError: (error) => {
      setName(record.name);
      notify(problemText(error, t), true);
    },
  });
  const rename = (): void => {
    const wanted = name.trim();
    if (wanted === '' || wanted === record.name) setName(record.name);
    else change.mutate({ name: wanted });
  };
  return (
    <div className={css.naming}>
      <input
        type="color"
        value={shown.colour}
        disabled={!mayEdit}
        aria-label={t('viewer.structure.colour', { name: record.name })}
        title={t('viewer.structure.colour', { name: record.name })}
        onChange={(event) => scene.changeStructure(record.id, { colour: event.target.value })}
        onBlur={() => shown.colour !== record.colour && change.mutate({ colour: shown.colour })}
      />
      <input
        value={name}
        disabled={!mayEdit}
        aria-label={t('viewer.structure.rename')}
        title={t('viewer.structure.rename')}
        onChange={(event) => setName(event.target.value)}
        onBlur={rename}
        onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
      />
    </div>
  );
}

function Remove({ record }: { record: Structure }) {
  const t = useT();
  const client = useQueryClient();
  const { session } = useWorkspace();
  const [asking, setAsking] = useState(false);
  const remove = useMutation({
    mutationFn: () => api.delete(`/structures/${record.id}`),
    onSuccess: () => setAsking(false),
    onSettled: () => client.invalidateQueries({ queryKey: keys.structureSet(session.setId) }),
  });
  const name = t('viewer.structure.delete');
  return (
    <>
      <IconButton small name={name} disabled={record.state === 'approved'} onClick={() => setAsking(true)}>
        <Icon name="trash" />
      </IconButton>
      {asking && (
        <Confirm
          title={t('viewer.structure.delete.title', { name: record.name })}
          action={name}
          danger
          pending={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate()}
          onClose={() => setAsking(false)}
        >
          {t('viewer.structure.delete.sure', { name: record.name })}
        </Confirm>
      )}
    </>
  );
}

function Buttons({ record }: { record: Structure }) {
  const t = useT();
  const { mayEdit, open, run, session } = useWorkspace();
  const dirty = useLabels(session, (state) => state.dirty.has(record.id));
  return (
    <>
      <div className={css.judge}>
        <Assess record={record} />
        <Decide record={record} />
      </div>
      <div className={css.buttons}>
        {mayEdit && (
          <Button small disabled={!dirty} onClick={() => void session.discard(record.id)}>
            {t('viewer.discard')}
          </Button>
        )}
        <span className={css.gap} />
        <IconButton small name={`${t('viewer.goto')} (${keyOf('structure.goto')})`} onClick={() => run('structure.goto')}>
          <ToolIcon name="target" size={15} />
        </IconButton>
        <IconButton small name={`${t('viewer.history')} (${keyOf('history')})`} onClick={() => open('history')}>
          <ToolIcon name="clock" size={15} />
        </IconButton>
        {mayEdit && <Remove record={record} />}
      </div>
    </>
  );
}

/** Says so where a network's version that nobody of the project signed off drew what is shown. */
function UnsignedNote({ head }: { head: Revision }) {
  const t = useT();
  const { project } = useSession();
  const networks = useNetworks();
  const version = networks.data?.flatMap(({ versions }) => versions).find(({ id }) => id === head.network_version?.id);
  if (version === undefined || project === null || signatureIn(version, project.id) !== undefined) return null;
  return <p className={css.muted}>{t('training.drawnUnsigned')}</p>;
}

/** The active structure: name, colour, fill, where it comes from, what is odd about it, what to do with it. */
export function Inspector() {
  const t = useT();
  const { scene, session, set } = useWorkspace();
  const activeId = useScene(scene, (state) => state.activeId);
  const shown = useScene(scene, (state) => state.structures.find((one) => one.id === activeId) ?? null);
  const record = recordOf(set, activeId);
  const base = useLabels(session, () => (record === null ? null : session.outdated(record)));
  if (set === null && session.setId !== '') return null;
  if (set === null || set.structures.length === 0) return <EmptySet />;
  if (shown === null || record === null) return null;
  const { head } = record;
  return (
    <section className={css.inspector} aria-label={record.name} key={`${record.id} ${record.name}`}>
      <NameAndColour shown={shown} record={record} />
      <div className={css.measure}>
        <label className={css.option}>
          {t('viewer.opacity')}
          <input
            type="range"
            min={0}
            max={100}
            value={Math.round(shown.opacity * 100)}
            aria-label={t('viewer.opacity')}
            onChange={(event) => scene.changeStructure(record.id, { opacity: Number(event.target.value) / 100 })}
          />
          <output>{Math.round(shown.opacity * 100)} %</output>
        </label>
        <span title={t('viewer.volume')}>{t('viewer.cc', { n: volumeText(shown.count * voxelCc(scene.volume.grid)) })}</span>
      </div>
      <p className={css.muted}>
        {standing(record, t)}
        <br />
        {record.original_name !== '' && record.original_name !== record.name && (
          <>
            {t('viewer.structure.original', { name: record.original_name })}
            <br />
          </>
        )}
        {head === null
          ? t('viewer.history.none')
          : `${t('viewer.revision', { n: head.number })} · ${makerOf(head, t)} · `}
        {head !== null && <span className={css.time}>{formatTime(head.created_at)}</span>}
        {base !== null && (
          <>
            <br />
            <b>{base === 0 ? t('viewer.based-on.none') : t('viewer.based-on', { n: base })}</b>
          </>
        )}
      </p>
      {head !== null && head.network_version !== null && <UnsignedNote head={head} />}
      <DerivedNote record={record} />
      {record.state === 'returned' && <ReturnNote record={record} />}
      {record.plausibility.length > 0 && (
        <ul className={css.warnings} aria-label={t('viewer.warnings')}>
          {record.plausibility.map((one) => (
            <li key={one.slug + one.detail}>
              <Icon name="alert" size={13} /> {slugText(one, t)}
            </li>
          ))}
        </ul>
      )}
      <Buttons record={record} />
    </section>
  );
}
