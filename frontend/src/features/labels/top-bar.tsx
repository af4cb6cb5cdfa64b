import { useSearchParams } from 'react-router';
import { useT } from '../../i18n';
import { Button, Select } from '../../ui/controls';
import { formatDate, formatPersonName } from '../../ui/format';
import { keyOf } from './keymap';
import type { ImageSeries } from './opening';
import css from './viewer.module.css';
import { useLabels, useWorkspace } from './workspace';

function Patient() {
  const t = useT();
  const { study } = useWorkspace();
  const born = study.birth_date === null || study.birth_date === '' ? [] : [t('viewer.born', { date: formatDate(study.birth_date) })];
  const about = `${t('viewer.study', { date: formatDate(study.study_date) })} ${study.description}`;
  return (
    <div className={css.patient} aria-label={t('viewer.patient')}>
      <b>{formatPersonName(study.patient_name) || t('worklist.noName')}</b>
      <span>{[study.patient_id || t('worklist.noId'), ...born, study.sex ?? ''].filter((part) => part !== '').join(' · ')}</span>
      <span className={css.faint} title={about}>
        {about}
      </span>
    </div>
  );
}

function Sources({ images, image }: { images: ImageSeries[]; image: ImageSeries }) {
  const t = useT();
  const { study, set } = useWorkspace();
  const [, setQuery] = useSearchParams();
  const sets = study.structure_sets.filter((one) => one.series_id === image.id);
  return (
    <div className={css.sources}>
      <Select
        name={t('viewer.image')}
        value={image.id}
        choices={images.map((one) => ({ value: one.id, label: `${one.modality} ${one.number ?? ''} ${one.description}`.trim() }))}
        onChange={(series) => setQuery({ series })}
      />
      <Select
        name={t('viewer.set')}
        value={set?.id ?? ''}
        disabled={sets.length === 0}
        choices={
          sets.length === 0
            ? [{ value: '', label: t('viewer.set.none') }]
            : sets.map((one) => ({ value: one.id, label: one.label }))
        }
        onChange={(id) => setQuery({ set: id })}
      />
    </div>
  );
}

/** Whose study this is, what is shown, and where the work goes next. */
export function TopBar({ images, image }: { images: ImageSeries[]; image: ImageSeries }) {
  const t = useT();
  const { set, session, mayEdit, mayReview, mayExport, open, run } = useWorkspace();
  const dirty = useLabels(session, (state) => state.dirty.size);
  const saving = useLabels(session, (state) => state.saving);
  const states = new Set(set?.structures.map((one) => one.state));
  return (
    <header className={css.top}>
      <Patient />
      <Sources images={images} image={image} />
      <div className={css.work}>
        {mayEdit && set !== null && (
          <>
            <Button
              look={dirty > 0 ? 'primary' : 'plain'}
              title={`${t('viewer.save')} (${keyOf('save')})`}
              disabled={dirty === 0 || saving}
              onClick={() => run('save')}
            >
              {t('viewer.save')}
              {dirty > 0 && ` (${dirty})`}
            </Button>
            <Button disabled={dirty === 0 || saving} onClick={() => open('save')}>
              {t('viewer.save.note')}
            </Button>
            <Button disabled={!states.has('draft') && !states.has('returned')} onClick={() => open('submit')}>
              {t('viewer.submit')}
            </Button>
          </>
        )}
        {mayReview && set !== null && (
          <>
            <Button disabled={!states.has('submitted')} onClick={() => open('approve')}>
              {t('viewer.approve')}
            </Button>
            <Button disabled={!states.has('submitted')} onClick={() => open('return')}>
              {t('viewer.return')}
            </Button>
          </>
        )}
        {mayExport && set !== null && <Button onClick={() => open('export')}>{t('viewer.export')}</Button>}
      </div>
    </header>
  );
}
