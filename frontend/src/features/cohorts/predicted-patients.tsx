import { Link } from 'react-router';
import type { AnalysisDetail, OutcomeMap } from '../../api/types';
import { useT } from '../../i18n';
import { Badge } from '../../ui/feedback';
import { formatRatio } from '../../ui/format';
import { layout, TableHead } from '../../ui/layout';
import { unitText } from './cells';
import css from './cohorts.module.css';
import { Fold } from './fold';
import type { PredictedPatient } from './outcome';
import { useMaps } from './queries';

type ListProps = {
  projectId: string;
  cohortId: string;
  analysis: AnalysisDetail;
  patients: readonly PredictedPatient[];
  endpoint: { kind: 'binary' | 'survival'; unit?: string };
};

/** The viewer at the patient's study with a map over the image. */
export const mapAddress = ({ study_id, kind, patient_id }: OutcomeMap, cohortId: string, analysisId: string): string =>
  `/studies/${study_id}?${new URLSearchParams({ analysis: analysisId, map: kind, cohort: cohortId, patient: patient_id }).toString()}`;

function MapLinks({ maps, cohortId, analysisId }: { maps: readonly OutcomeMap[]; cohortId: string; analysisId: string }) {
  const t = useT();
  if (maps.length === 0) return <>–</>;
  return (
    <>
      {maps.map((one, index) => (
        <span key={one.kind}>
          {index > 0 && ' · '}
          <Link to={mapAddress(one, cohortId, analysisId)}>{t(`map.kind.${one.kind}`)}</Link>
        </span>
      ))}
    </>
  );
}

/** The contours that a map or a prediction was made from, each a link to its structure set in the viewer. */
export function UsedContours({ contours, studyId }: { contours: OutcomeMap['revisions']; studyId: string | undefined }) {
  const t = useT();
  if (contours.length === 0) return <>–</>;
  return (
    <>
      {contours.map(({ structure, structure_id, revision, structure_set_id }, index) => {
        const said = t('cohort.outcome.contourRevision', { structure, revision });
        return (
          <span key={structure_id}>
            {index > 0 && ', '}
            {studyId === undefined || structure_set_id === null ? said : <Link to={`/studies/${studyId}?set=${structure_set_id}`}>{said}</Link>}
          </span>
        );
      })}
    </>
  );
}

/** Everybody with what was predicted by models that had not learnt from them, and what happened. */
export function PredictedPatients({ projectId, cohortId, analysis, patients, endpoint }: ListProps) {
  const t = useT();
  const network = analysis.kind === 'outcome-network';
  const maps = useMaps(projectId, cohortId, analysis.id, network);
  const survival = endpoint.kind === 'survival';
  const mapped = network && (maps.data?.length ?? 0) > 0;
  const seen = (one: PredictedPatient): string => {
    if (one.event === null) return t('cohort.outcome.asInCohort');
    const said = t(one.event === 1 ? 'cohort.merit.observedYes' : 'cohort.merit.observedNo');
    return one.time === null ? said : t('cohort.outcome.seenAt', { said, time: formatRatio(one.time, 1), unit: unitText(endpoint.unit ?? '', t) });
  };
  const columns = [
    t('cohort.patient'),
    t('cohort.role'),
    { number: t(survival ? 'cohort.outcome.risk' : 'cohort.outcome.probability') },
    t('cohort.outcome.decided'),
    t('cohort.merit.observed'),
    ...(mapped ? [{ number: t('cohort.outcome.mapInside') }, t('cohort.outcome.map'), t('cohort.outcome.contour')] : []),
  ];
  return (
    <Fold title={t('cohort.outcome.patients', { n: patients.length })}>
      <table className={layout.table}>
        <TableHead columns={columns} />
        <tbody>
          {patients.map((one) => {
            const own = (maps.data ?? []).filter(({ patient_id }) => patient_id === one.patient);
            return (
              <tr key={one.patient}>
                <td>
                  <Link to={`/cohorts/${cohortId}?tab=patients&patient=${encodeURIComponent(one.patient)}`}>{one.patient}</Link>
                </td>
                <td>
                  {t(`cohort.role.${one.part}`)} {one.unlike && <Badge tone="warn">{t('cohort.predict.unlikeShort')}</Badge>}
                </td>
                <td className={layout.number}>{formatRatio(one.predicted, 2)}</td>
                <td>{one.positive === null ? '–' : t(one.positive ? 'cohort.merit.predictedYes' : 'cohort.merit.predictedNo')}</td>
                <td>{seen(one)}</td>
                {mapped && <td className={layout.number}>{one.mapInRegion === null || one.mapInRegion === undefined ? '–' : `${Math.round(one.mapInRegion * 100)} %`}</td>}
                {mapped && (
                  <td>
                    <MapLinks maps={own} cohortId={cohortId} analysisId={analysis.id} />
                  </td>
                )}
                {mapped && (
                  <td>
                    <UsedContours contours={own[0]?.revisions ?? []} studyId={own[0]?.study_id} />
                  </td>
                )}
              </tr>
            );
          })}
        </tbody>
      </table>
      <p className={css.note}>{t(network ? 'cohort.outcome.patientsNetworkNote' : 'cohort.outcome.patientsNote')}</p>
    </Fold>
  );
}
