import { useState } from 'react';
import { useT } from '../../i18n';
import { Select } from '../../ui/controls';
import { Badge } from '../../ui/feedback';
import { formatRatio } from '../../ui/format';
import { layout, Section, TableHead } from '../../ui/layout';
import css from './cohorts.module.css';
import { CalibrationPlot, DecisionPlot, RocPlot } from './decision-plots';
import { formatEstimate } from './figures';
import { benefitOf, calibrationOf, everybodyOf, rocOf, tellsApart, type Contender } from './merit';

const SHARES = ['sensitivity', 'specificity', 'accuracy', 'ppv', 'npv'] as const;

/** Every model in a row: discrimination, what it decides at its threshold, calibration. */
export function MeritTable({ contenders }: { contenders: readonly Contender[] }) {
  const t = useT();
  const columns = [
    t('cohort.merit.model'),
    { number: t('cohort.merit.auc') },
    '',
    ...SHARES.map((name) => ({ number: t(`cohort.merit.${name}`) })),
    { number: t('cohort.merit.slope') },
    { number: t('cohort.merit.brier') },
  ];
  return (
    <table className={layout.table}>
      <TableHead columns={columns} />
      <tbody>
        {contenders.map(({ name, merit }) => (
          <tr key={name}>
            <td>{name}</td>
            <td className={layout.number}>{formatEstimate(merit.auc)}</td>
            <td>
              <Badge tone={tellsApart(merit) ? 'good' : 'plain'}>{t(tellsApart(merit) ? 'cohort.merit.apart' : 'cohort.merit.chance')}</Badge>
            </td>
            {SHARES.map((share) => (
              <td key={share} className={layout.number}>
                {formatEstimate(merit.operating_point[share])}
              </td>
            ))}
            <td className={layout.number}>{formatEstimate(merit.calibration.slope)}</td>
            <td className={layout.number}>{formatRatio(merit.calibration.brier)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** How many were told right and wrong at the threshold. */
function Confusion({ contender }: { contender: Contender }) {
  const t = useT();
  const { tp, fn, fp, tn } = contender.merit.operating_point;
  return (
    <table className={`${layout.table} ${css.confusion}`}>
      <caption>{t('cohort.merit.confusion', { name: contender.name })}</caption>
      <TableHead columns={['', { number: t('cohort.merit.predictedYes') }, { number: t('cohort.merit.predictedNo') }]} />
      <tbody>
        <tr>
          <th scope="row">{t('cohort.merit.observedYes')}</th>
          <td className={layout.number}>{tp}</td>
          <td className={layout.number}>{fn}</td>
        </tr>
        <tr>
          <th scope="row">{t('cohort.merit.observedNo')}</th>
          <td className={layout.number}>{fp}</td>
          <td className={layout.number}>{tn}</td>
        </tr>
      </tbody>
    </table>
  );
}

/** Curves of all models on the same patients. */
export function MeritCurves({ contenders }: { contenders: readonly Contender[] }) {
  const t = useT();
  const [shown, setShown] = useState(String(contenders.length - 1));
  const chosen = contenders[Number(shown)] ?? contenders[0];
  if (chosen === undefined) return null;
  return (
    <Section title={t('cohort.merit.curves')} note={t('cohort.merit.counts', { n: chosen.merit.n, events: chosen.merit.events })}>
      <div className={css.beside}>
        <RocPlot title={t('cohort.merit.roc')} curves={contenders.map(rocOf)} />
        <CalibrationPlot title={t('cohort.merit.calibration')} curves={contenders.map(calibrationOf)} />
        <DecisionPlot title={t('cohort.merit.decision')} curves={contenders.map(benefitOf)} all={everybodyOf(chosen)} />
        <div className={css.form}>
          <Select name={t('cohort.merit.model')} value={shown} choices={contenders.map(({ name }, index) => ({ value: String(index), label: name }))} onChange={setShown} />
          <Confusion contender={chosen} />
        </div>
      </div>
    </Section>
  );
}
