import { useState } from 'react';
import { useT } from '../../i18n';
import { Select } from '../../ui/controls';
import { Badge } from '../../ui/feedback';
import { formatRatio } from '../../ui/format';
import { layout, Section, TableHead } from '../../ui/layout';
import css from './cohorts.module.css';
import { CalibrationPlot, DecisionPlot, RocPlot } from './decision-plots';
import { formatEstimate, formatPartial } from './figures';
import { benefitOf, binaryOf, calibrationOf, everybodyOf, rocOf, tellsApart, timedOf, type Contender, type Figures, type Merit, type SurvivalMerit } from './merit';

const SHARES = ['sensitivity', 'specificity', 'accuracy', 'ppv', 'npv'] as const;

function Chance({ figures }: { figures: Figures }) {
  const t = useT();
  const apart = tellsApart(figures);
  return <Badge tone={apart ? 'good' : 'plain'}>{t(apart ? 'cohort.merit.apart' : 'cohort.merit.chance')}</Badge>;
}

function BinaryTable({ contenders }: { contenders: readonly Contender<Merit>[] }) {
  const t = useT();
  const columns = [
    t('cohort.merit.model'),
    { number: t('cohort.merit.auc') },
    t('cohort.merit.verdict'),
    ...SHARES.map((name) => ({ number: t(`cohort.merit.${name}`) })),
    { number: t('cohort.merit.slope') },
    { number: t('cohort.merit.intercept') },
    { number: t('cohort.merit.brier') },
  ];
  return (
    <table className={layout.table}>
      <TableHead columns={columns} />
      <tbody>
        {contenders.map(({ name, figures }) => (
          <tr key={name}>
            <td>{name}</td>
            <td className={layout.number}>{formatEstimate(figures.auc)}</td>
            <td>
              <Chance figures={figures} />
            </td>
            {SHARES.map((share) => (
              <td key={share} className={layout.number}>
                {formatEstimate(figures.operating_point[share])}
              </td>
            ))}
            <td className={layout.number}>{formatEstimate(figures.calibration.slope)}</td>
            <td className={layout.number}>{formatEstimate(figures.calibration.intercept)}</td>
            <td className={layout.number}>{formatRatio(figures.calibration.brier)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function TimedTable({ contenders }: { contenders: readonly Contender<SurvivalMerit>[] }) {
  const t = useT();
  return (
    <table className={layout.table}>
      <TableHead columns={[t('cohort.merit.model'), { number: t('cohort.merit.harrell') }, t('cohort.merit.verdict'), { number: t('cohort.merit.uno') }]} />
      <tbody>
        {contenders.map(({ name, figures }) => (
          <tr key={name}>
            <td>{name}</td>
            <td className={layout.number}>{formatEstimate(figures.harrell_c ?? figures.concordance)}</td>
            <td>
              <Chance figures={figures} />
            </td>
            <td className={layout.number}>{formatPartial(figures.uno_c)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Every model in a row: discrimination, what it decides at its threshold, calibration. */
export function MeritTable({ contenders }: { contenders: readonly Contender[] }) {
  const binary = binaryOf(contenders);
  return binary.length > 0 ? <BinaryTable contenders={binary} /> : <TimedTable contenders={timedOf(contenders)} />;
}

/** How many were told right and wrong at the threshold. */
function Confusion({ contender }: { contender: Contender<Merit> }) {
  const t = useT();
  const { tp, fn, fp, tn } = contender.figures.operating_point;
  return (
    <table className={`${layout.table} ${css.confusion}`}>
      <caption>{t('cohort.merit.confusion', { name: contender.name })}</caption>
      <TableHead columns={[t('cohort.merit.observed'), { number: t('cohort.merit.predictedYes') }, { number: t('cohort.merit.predictedNo') }]} />
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

/** Curves of all models on the same patients, and calibration of one at a time; of times those at the time that the figures were made for. */
export function MeritCurves({ title, contenders, unit }: { title: string; contenders: readonly Contender[]; unit: string }) {
  const t = useT();
  const [shown, setShown] = useState(String(contenders.length - 1));
  const chosen = contenders[Number(shown)] ?? contenders[0];
  const binary = binaryOf(contenders);
  const calibration = chosen === undefined ? null : calibrationOf(chosen);
  const benefits = contenders.flatMap((one) => benefitOf(one) ?? []);
  if (chosen === undefined || (calibration === null && benefits.length === 0)) return null;
  const time = timedOf(contenders)[0]?.figures.calibration?.time;
  const at = time === undefined ? '' : t('cohort.merit.at', { time: formatRatio(time, 1), unit });
  const choices = contenders.map(({ name }, index) => ({ value: String(index), label: name }));
  return (
    <Section title={title} note={`${t('cohort.merit.counts', { n: chosen.figures.n, events: chosen.figures.events })}${at}`}>
      <div className={css.beside}>
        {binary.length > 0 && <RocPlot title={t('cohort.merit.roc')} curves={binary.map(rocOf)} />}
        {benefits.length > 0 && <DecisionPlot title={t('cohort.merit.decision')} curves={benefits} all={everybodyOf(chosen)} />}
        <div className={css.form}>
          {contenders.length > 1 && <Select name={t('cohort.merit.model')} value={shown} choices={choices} onChange={setShown} />}
          {calibration !== null && <CalibrationPlot title={t(binary.length > 0 ? 'cohort.merit.calibration' : 'cohort.merit.calibrationAt')} curves={[calibration]} />}
          {binaryOf([chosen]).map((one) => (
            <Confusion key={one.name} contender={one} />
          ))}
        </div>
      </div>
    </Section>
  );
}
