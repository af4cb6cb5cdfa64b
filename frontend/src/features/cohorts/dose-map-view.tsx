import { address } from '../../api/client';
import { useT } from '../../i18n';
import { Section } from '../../ui/layout';
import css from './cohorts.module.css';
import { DoseMapSlices } from './dose-map-slices';
import { LeftOut } from './left-out';
import type { Why } from './outcome';
import { cohortPath } from './queries';

export type DoseMapResults = {
  kind: 'dose-map';
  structures: string[];
  outcome: { kind: 'continuous' | 'binary' | 'survival' };
  organ: { effective_directions: number };
  space: { patients: number; volume_cc: number; spacing_mm: number };
  significance: { any_p: number; volume_cc: number; permutations: number } | null;
  left_out: ({ patient: string } & Why)[];
};

type ViewProps = { results: DoseMapResults; projectId: string; cohortId: string; analysisId: string };

/** What a dose-outcome map was learnt from, and the map as files; over a patient's image the viewer shows it. */
export function DoseMapView({ results, projectId, cohortId, analysisId }: ViewProps) {
  const t = useT();
  const { space } = results;
  const file = (format: string) => address(`${cohortPath(projectId, cohortId)}/analyses/${analysisId}/map`, { format });
  return (
    <>
      <Section title={t('cohort.kind.dose-map')} note={t('cohort.doseMap.where')} padded>
        <p className={css.lead}>
          <b>
            {t('cohort.doseMap.organs', {
              n: space.patients,
              structure: results.structures.join(', '),
              cc: space.volume_cc.toFixed(1),
              mm: space.spacing_mm.toFixed(1),
            })}
          </b>
        </p>
        {results.significance !== null && (
          <p>
            {t('cohort.doseMap.p', {
              p: results.significance.any_p.toFixed(3),
              n: results.significance.permutations,
              cc: results.significance.volume_cc.toFixed(1),
            })}
          </p>
        )}
        <DoseMapSlices projectId={projectId} cohortId={cohortId} analysisId={analysisId} outcome={results.outcome.kind} />
        <p className={css.prose}>{t('cohort.doseMap.cannotTell', { n: results.organ.effective_directions.toFixed(1) })}</p>
        <p>
          {t('cohort.doseMap.files')} <a href={file('nifti')}>NIfTI</a> · <a href={file('rtdose')}>RTDOSE</a>
        </p>
      </Section>
      <LeftOut patients={results.left_out} cohortId={cohortId} />
    </>
  );
}
