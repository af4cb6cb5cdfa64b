import { useState } from 'react';
import { useT, type Key, type Translate } from '../../i18n';
import { Select, classes } from '../../ui/controls';
import { referenceGy } from '../../viewer/dose-view';
import { useScene } from '../../viewer/use-scene';
import { keyOf } from '../labels/keymap';
import { useWorkspace } from '../labels/workspace';
import css from './dose.module.css';
import { readPrescription, rememberPrescription } from './prescription';
import { registrationText } from './registration';
import { ShareSlider } from './share-slider';
import { partText, sumText } from './summation';
import { chooseDose, planHint, useDoses, useHasPlan, usePlan, type ShownDose } from './use-dose';

const MODES = ['wash', 'lines', 'dvh'] as const;

function Modes() {
  const t = useT();
  const { scene, run } = useWorkspace();
  const dose = useScene(scene, (state) => state.dose);
  return (
    <span className={css.modes} role="group" aria-label={t('dose.title')}>
      {MODES.map((mode) => (
        <button
          key={mode}
          type="button"
          className={classes(css.mode, dose[mode] && css.on)}
          aria-pressed={dose[mode]}
          title={`${t(`dose.key.${mode}` as Key)} (${keyOf(`dose.${mode}`)})`}
          onClick={() => run(`dose.${mode}`)}
        >
          {t(`dose.${mode}`)}
        </button>
      ))}
    </span>
  );
}

/** What counts as 100 %: typed, or the plan's prescription, or the largest dose. */
function Reference({ seriesId }: { seriesId: string }) {
  const t = useT();
  const { scene, study, run } = useWorkspace();
  const plan = usePlan(study, seriesId);
  const hasPlan = useHasPlan(study);
  const prescription = useScene(scene, (state) => state.dose.prescriptionGy);
  const [typed, setTyped] = useState<string | null>(null);
  const text = typed ?? String(prescription ?? '');
  const wrong = text.trim() !== '' && readPrescription(text) === null;
  const say = (): void => {
    if (typed === null) return;
    const gy = readPrescription(typed);
    rememberPrescription(seriesId, gy);
    scene.changeDose({ prescriptionGy: gy });
    if (!wrong) setTyped(null);
  };
  return (
    <span className={css.option}>
      <label className={css.option} title={t('dose.reference.hint')}>
        {t('dose.reference')}
        <input
          className={css.prescription}
          inputMode="decimal"
          value={text}
          placeholder={t('dose.reference.max')}
          aria-label={t('dose.reference.hint')}
          aria-invalid={wrong}
          onChange={(event) => setTyped(event.target.value)}
          onBlur={say}
          onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
        />
        Gy
      </label>
      {hasPlan && (
        <button type="button" className={classes(css.mode, css.alone)} title={planHint(t)} onClick={() => run('dose.plan')}>
          {plan === null ? t('plan.open') : t('dose.reference.plan', { gy: plan.gy, label: plan.label })}
        </button>
      )}
    </span>
  );
}

function Wash() {
  const t = useT();
  const { scene } = useWorkspace();
  const opacity = useScene(scene, (state) => state.dose.opacity);
  const threshold = useScene(scene, (state) => state.dose.threshold);
  const reference = useScene(scene, (state) => referenceGy(state.dose));
  const percent = (share: number): string => `${Math.round(100 * share)} %`;
  const lowest = reference === null ? percent(threshold) : `${percent(threshold)} · ${(threshold * reference).toFixed(1)} Gy`;
  return (
    <>
      <ShareSlider name={t('dose.opacity')} hint={t('dose.opacity')} value={opacity} said={percent(opacity)} onChange={(share) => scene.changeDose({ opacity: share })} />
      <ShareSlider name={t('dose.threshold')} hint={t('dose.threshold.hint')} value={threshold} most={1.1} said={lowest} onChange={(share) => scene.changeDose({ threshold: share })} />
    </>
  );
}

const labelOf = ({ kind, modality, number, description }: ShownDose, t: Translate): string =>
  `${sumText(kind, t)} · ${description || `${modality} ${number ?? ''}`.trim()}`;

/** The strip above the views that says how the dose is shown; nothing where the study has none for this image. */
export function DoseStrip() {
  const t = useT();
  const { scene, study, seriesId: imageId } = useWorkspace();
  const seriesId = useScene(scene, (state) => state.dose.seriesId);
  const loading = useScene(scene, ({ dose }) => dose.field === null && (dose.wash || dose.lines || dose.dvh));
  const wash = useScene(scene, (state) => state.dose.wash);
  const frame = study.series.find((one) => one.id === imageId)?.volume?.frame_of_reference_uid;
  const doses = useDoses(study, frame);
  const shown = doses.find((one) => one.id === seriesId);
  const registration = shown?.registration ?? null;
  if (seriesId === null) return null;
  return (
    <div className={css.strip} data-testid="dose-strip">
      <b className={css.title}>{t('dose.title')}</b>
      <Modes />
      {doses.length > 1 && (
        <span className={css.series}>
          <Select
            name={t('dose.series')}
            value={seriesId}
            choices={doses.map((one) => ({ value: one.id, label: labelOf(one, t) }))}
            onChange={(id) => chooseDose(scene, id)}
          />
        </span>
      )}
      {shown !== undefined && !shown.kind?.is_whole_plan && (
        <span className={css.registered} role="status" data-testid="dose-part">
          {partText(shown.kind, t)}
        </span>
      )}
      <Reference key={seriesId} seriesId={seriesId} />
      {wash && <Wash />}
      {registration !== null && (
        <span className={css.registered} role="status" data-testid="dose-registration">
          {registrationText(registration, 'dose', t)}
        </span>
      )}
      {loading && <span role="status">{t('dose.loading')}</span>}
    </div>
  );
}
