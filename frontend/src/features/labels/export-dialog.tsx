import { address } from '../../api/client';
import type { Structure } from '../../api/types';
import { useT } from '../../i18n';
import { ButtonLink } from '../../ui/controls';
import { Dialog, DialogActions } from '../../ui/dialog';
import { StillDrawing } from './draw-again';
import css from './viewer.module.css';
import { useLabels, useWorkspace } from './workspace';

const FORMATS = ['rtstruct', 'seg', 'nifti'] as const;
const STATES = ['approved', 'submitted', 'draft', 'returned'] as const;

export type Leaving = {
  readonly leaving: readonly Structure[];
  /** They leave by name, without contours. */
  readonly empty: readonly string[];
  readonly unknown: readonly string[];
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
    unknown: names(staysBehind),
    unsaved: names(({ id }) => dirty.has(id)),
  };
}

/** Says what leaves and what does not, before it leaves. */
export function ExportDialog({ onClose }: { onClose: () => void }) {
  const t = useT();
  const { set, session, study } = useWorkspace();
  const dirty = useLabels(session, (state) => state.dirty);
  if (set === null) return null;
  const { leaving, empty, unknown, unsaved } = leavingOf(set.structures, dirty);
  const states = STATES.map((state) => ({ state, n: leaving.filter((one) => one.state === state).length }))
    .filter(({ n }) => n > 0)
    .map(({ state, n }) => `${t(`viewer.state.${state}`)} ${n}`);
  return (
    <Dialog title={t('viewer.export.title', { label: set.label })} onClose={onClose}>
      <p>
        <b>{t('viewer.export.leaving', { n: leaving.length })}</b> {states.join(' · ')}
      </p>
      {empty.length > 0 && <p className={css.muted}>{t('viewer.export.empty', { names: empty.join(', ') })}</p>}
      {unknown.length > 0 && <p className={css.muted}>{t('viewer.export.unknown', { names: unknown.join(', ') })}</p>}
      {unsaved.length > 0 && (
        <p className={css.warnings} role="alert">
          {t('viewer.export.unsaved', { names: unsaved.join(', ') })}
        </p>
      )}
      <StillDrawing study={study} />
      <p className={css.muted}>{t('common.notClinical')}</p>
      <DialogActions>
        {FORMATS.map((format) => (
          <ButtonLink key={format} href={address(`/structure-sets/${set.id}/export`, { format })} download>
            {t(`viewer.export.${format}`)}
          </ButtonLink>
        ))}
      </DialogActions>
    </Dialog>
  );
}
