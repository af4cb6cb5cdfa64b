import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { address, api } from '../../api/client';
import { keys } from '../../api/keys';
import { all } from '../../api/pages';
import type { ExportProfile, ExportReport, Structure } from '../../api/types';
import { useT } from '../../i18n';
import { Button, ButtonLink, SelectField } from '../../ui/controls';
import { Dialog } from '../../ui/dialog';
import { Caution, ErrorNote, Loading } from '../../ui/feedback';
import { useSession } from '../login/session';
import { StaleCaution } from '../derive/derived-mark';
import { StillDrawing } from './draw-again';
import { ProfileNote, ReportTable } from './export-report';
import exportCss from './export.module.css';
import { SendToPeer, SentBefore } from './send-to-peer';
import css from './viewer.module.css';
import { useLabels, useWorkspace } from './workspace';

const FORMATS = ['rtstruct', 'seg', 'nifti'] as const;
type Format = (typeof FORMATS)[number];
const STATES = ['approved', 'submitted', 'draft', 'returned'] as const;

export type Leaving = {
  readonly leaving: readonly Structure[];
  /** They leave by name, without contours. */
  readonly empty: readonly string[];
  readonly unknown: readonly string[];
  /** Points and lines, which an RTSTRUCT alone can hold. */
  readonly contoursOnly: readonly string[];
  /** `before → now` of those that came in under another name. */
  readonly renamed: readonly string[];
  readonly unsaved: readonly string[];
};

/** What the server would send of a set: the saved revisions of all structures that something is known of. */
export function leavingOf(structures: readonly Structure[], dirty: ReadonlySet<string>): Leaving {
  const names = (chosen: (one: Structure) => boolean): string[] => structures.filter(chosen).map(({ name }) => name);
  const staysBehind = ({ unknown, head }: Structure): boolean => unknown && head !== null;
  const leaving = structures.filter((one) => !staysBehind(one));
  const isEmpty = ({ head }: Structure): boolean => head === null || head.volume_cc === 0;
  return {
    leaving,
    empty: leaving.filter(isEmpty).map(({ name }) => name),
    unknown: names((one) => staysBehind(one) && !one.contours_only),
    contoursOnly: structures.filter((one) => one.contours_only).map((one) => one.original_name || one.name),
    renamed: leaving
      .filter(({ name, original_name: before }) => before !== '' && before !== name)
      .map(({ name, original_name: before }) => `${before} → ${name}`),
    unsaved: names(({ id }) => dirty.has(id)),
  };
}

type Asked = { readonly format: Format; readonly profile: string };

const reportOf = (setId: string, asked: Asked) =>
  ({
    queryKey: keys.exportReport(setId, asked),
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      api.get<ExportReport>(`/structure-sets/${setId}/export/report`, { query: asked, signal }),
    enabled: asked.format !== 'nifti',
    staleTime: 0,
    retry: false,
  }) as const;

type FileProps = { setId: string; asked: Asked; choose: (asked: Asked) => void };

/** The format and the system it is for, and what the file says when it is read again. */
function FileChoice({ setId, asked, choose }: FileProps) {
  const t = useT();
  const { format } = asked;
  const profiles = useQuery({ queryKey: keys.exportProfiles, queryFn: () => all<ExportProfile>('/export-profiles') });
  const report = useQuery(reportOf(setId, asked));
  const profile = profiles.data?.find(({ name }) => name === asked.profile);
  return (
    <>
      <div className={exportCss.choices}>
        <SelectField
          label={t('viewer.export.format')}
          value={format}
          choices={FORMATS.map((one) => ({ value: one, label: t(`viewer.export.${one}`) }))}
          onChange={(value) => choose({ ...asked, format: FORMATS.find((one) => one === value) ?? 'rtstruct' })}
        />
        {format === 'rtstruct' && (
          <SelectField
            label={t('viewer.export.profile')}
            value={asked.profile}
            choices={(profiles.data ?? []).map(({ name, title }) => ({ value: name, label: title }))}
            onChange={(name) => choose({ ...asked, profile: name })}
          />
        )}
      </div>
      {format === 'rtstruct' && profile !== undefined && <ProfileNote profile={profile} profiles={profiles.data ?? []} />}
      {profiles.isError && <ErrorNote error={profiles.error} />}
      {format !== 'nifti' && report.isFetching && <Loading label={t('viewer.export.checking')} />}
      {format !== 'nifti' && report.isError && !report.isFetching && <ErrorNote error={report.error} retry={() => void report.refetch()} />}
      {format !== 'nifti' && report.isSuccess && !report.isFetching && <ReportTable report={report.data} />}
    </>
  );
}

/** The file, once it was read again. */
function Download({ setId, asked }: { setId: string; asked: Asked }) {
  const t = useT();
  const report = useQuery(reportOf(setId, asked));
  const download = t('viewer.export.download', { format: t(`viewer.export.${asked.format}`) });
  const ready = asked.format === 'nifti' || (report.isSuccess && !report.isFetching);
  if (!ready) return <Button disabled>{download}</Button>;
  return (
    <ButtonLink href={address(`/structure-sets/${setId}/export`, asked)} download>
      {download}
    </ButtonLink>
  );
}

/** Says what leaves and what does not, before it leaves. */
export function ExportDialog({ onClose }: { onClose: () => void }) {
  const t = useT();
  const { set, session } = useWorkspace();
  const { project } = useSession();
  const [asked, choose] = useState<Asked>({ format: 'rtstruct', profile: 'generic' });
  const dirty = useLabels(session, (state) => state.dirty);
  if (set === null) return null;
  const { leaving, empty, unknown, unsaved, contoursOnly, renamed } = leavingOf(set.structures, dirty);
  const states = STATES.map((state) => ({ state, n: leaving.filter((one) => one.state === state).length }))
    .filter(({ n }) => n > 0)
    .map(({ state, n }) => `${t(`viewer.state.${state}`)} ${n}`);
  const footer = (
    <>
      <div className={exportCss.sending}>
        {project !== null && <SendToPeer setId={set.id} projectId={project.id} leaving={leaving} />}
      </div>
      <Download setId={set.id} asked={asked} />
    </>
  );
  return (
    <Dialog title={t('viewer.export.title', { label: set.label })} onClose={onClose} wide footer={footer}>
      <p>
        <b>{t('viewer.export.leaving', { n: leaving.length })}</b> {states.join(' · ')}
        <span className={css.muted}> {t('common.notClinical')}</span>
      </p>
      {empty.length > 0 && <p className={css.muted}>{t('viewer.export.empty', { names: empty.join(', ') })}</p>}
      {unknown.length > 0 && <p className={css.muted}>{t('viewer.export.unknown', { names: unknown.join(', ') })}</p>}
      {contoursOnly.length > 0 && <p className={css.muted}>{t('viewer.export.contoursOnly', { names: contoursOnly.join(', ') })}</p>}
      {renamed.length > 0 && <p className={css.muted}>{t('viewer.export.renamed', { names: renamed.join(', ') })}</p>}
      {unsaved.length > 0 && (
        <Caution>{t('viewer.export.unsaved', { names: unsaved.join(', ') })}</Caution>
      )}
      <StillDrawing />
      <StaleCaution />
      <FileChoice setId={set.id} asked={asked} choose={choose} />
      <SentBefore setId={set.id} />
    </Dialog>
  );
}
