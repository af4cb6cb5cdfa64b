import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { address, api } from '../../api/client';
import { keys } from '../../api/keys';
import { all } from '../../api/pages';
import type { ExportProfile, ExportReport, Structure } from '../../api/types';
import { useT } from '../../i18n';
import { Button, ButtonLink, SelectField } from '../../ui/controls';
import { Dialog, DialogActions } from '../../ui/dialog';
import { Caution, ErrorNote, Loading } from '../../ui/feedback';
import { useSession } from '../login/session';
import { StaleCaution } from '../derive/derived-mark';
import { StillDrawing } from './draw-again';
import { ProfileNote, ReportTable } from './export-report';
import { SendToPeer } from './send-to-peer';
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

/** The format and the system it is for, what the file says when it is read again, and then the file. */
function Sending({ setId }: { setId: string }) {
  const t = useT();
  const [format, setFormat] = useState<Format>('rtstruct');
  const [profileName, setProfileName] = useState('generic');
  const asked = { format, profile: profileName };
  const profiles = useQuery({ queryKey: keys.exportProfiles, queryFn: () => all<ExportProfile>('/export-profiles') });
  const report = useQuery({
    queryKey: keys.exportReport(setId, asked),
    queryFn: ({ signal }) => api.get<ExportReport>(`/structure-sets/${setId}/export/report`, { query: asked, signal }),
    enabled: format !== 'nifti',
    staleTime: 0,
    retry: false,
  });
  const profile = profiles.data?.find(({ name }) => name === profileName);
  const ready = format === 'nifti' || (report.isSuccess && !report.isFetching);
  const download = t('viewer.export.download', { format: t(`viewer.export.${format}`) });
  return (
    <>
      <SelectField
        label={t('viewer.export.format')}
        value={format}
        choices={FORMATS.map((one) => ({ value: one, label: t(`viewer.export.${one}`) }))}
        onChange={(value) => setFormat(FORMATS.find((one) => one === value) ?? 'rtstruct')}
      />
      {format === 'rtstruct' && (
        <SelectField
          label={t('viewer.export.profile')}
          value={profileName}
          choices={(profiles.data ?? []).map(({ name, title }) => ({ value: name, label: title }))}
          onChange={setProfileName}
        />
      )}
      {format === 'rtstruct' && profile !== undefined && <ProfileNote profile={profile} profiles={profiles.data ?? []} />}
      {profiles.isError && <ErrorNote error={profiles.error} />}
      {format !== 'nifti' && report.isFetching && <Loading label={t('viewer.export.checking')} />}
      {format !== 'nifti' && report.isError && !report.isFetching && <ErrorNote error={report.error} retry={() => void report.refetch()} />}
      {format !== 'nifti' && ready && report.data !== undefined && <ReportTable report={report.data} />}
      <DialogActions>
        {ready ? (
          <ButtonLink href={address(`/structure-sets/${setId}/export`, asked)} download>
            {download}
          </ButtonLink>
        ) : (
          <Button disabled>{download}</Button>
        )}
      </DialogActions>
    </>
  );
}

/** Says what leaves and what does not, before it leaves. */
export function ExportDialog({ onClose }: { onClose: () => void }) {
  const t = useT();
  const { set, session } = useWorkspace();
  const { project } = useSession();
  const dirty = useLabels(session, (state) => state.dirty);
  if (set === null) return null;
  const { leaving, empty, unknown, unsaved, contoursOnly, renamed } = leavingOf(set.structures, dirty);
  const states = STATES.map((state) => ({ state, n: leaving.filter((one) => one.state === state).length }))
    .filter(({ n }) => n > 0)
    .map(({ state, n }) => `${t(`viewer.state.${state}`)} ${n}`);
  return (
    <Dialog title={t('viewer.export.title', { label: set.label })} onClose={onClose} wide>
      <p>
        <b>{t('viewer.export.leaving', { n: leaving.length })}</b> {states.join(' · ')}
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
      <p className={css.muted}>{t('common.notClinical')}</p>
      <Sending setId={set.id} />
      {project !== null && <SendToPeer setId={set.id} projectId={project.id} leaving={leaving} />}
    </Dialog>
  );
}
