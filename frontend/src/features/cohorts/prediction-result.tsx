import { useT, type Translate } from '../../i18n';
import { Caution } from '../../ui/feedback';
import { formatRatio } from '../../ui/format';
import { unitText, valueText } from './cells';
import css from './cohorts.module.css';
import type { Told } from './prediction';

const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** The prediction in a line, for lists. */
export function toldText(told: Told, t: Translate): string {
  if (told.subtype !== null) return t('cohort.subtypes.number', { n: told.subtype });
  if (told.probability !== null) return formatRatio(told.probability, 2);
  if (told.risk !== null) return t('cohort.predict.riskShort', { n: formatRatio(told.risk, 2) });
  return '–';
}

function Numbers({ told, endpoint }: { told: Told; endpoint: { name: string; unit: string } }) {
  const t = useT();
  const unit = unitText(endpoint.unit, t);
  const { probability, interval, members, positive, risk } = told;
  return (
    <>
      {probability !== null && (
        <p className={css.headline}>
          {t('cohort.predict.probability', { endpoint: endpoint.name })} <b>{formatRatio(probability, 2)}</b>{' '}
          {interval !== null && t('cohort.predict.interval', { low: formatRatio(interval[0], 2), high: formatRatio(interval[1], 2) })}
        </p>
      )}
      {told.subtype !== null && <p className={css.headline}>{t('cohort.subtypes.number', { n: told.subtype })}</p>}
      {told.survival.length > 0 && (
        <p className={css.headline}>
          {t('cohort.predict.without', { endpoint: endpoint.name })}{' '}
          <b>{told.survival.map(({ time, share }) => t('cohort.predict.withoutAt', { share: percent(share), time: valueText(Number(time.toFixed(1))), unit })).join(' · ')}</b>
        </p>
      )}
      <ul className={css.facts}>
        {positive !== null && <li>{t(risk === null ? (positive ? 'cohort.predict.above' : 'cohort.predict.below') : positive ? 'cohort.predict.highRisk' : 'cohort.predict.lowRisk')}</li>}
        {told.causeSpecific && <li>{t('cohort.predict.causeSpecific')}</li>}
        {risk !== null && <li>{t('cohort.predict.risk', { n: formatRatio(risk, 2) })}</li>}
        {members !== null && <li>{t('cohort.predict.members', { low: formatRatio(members[0], 2), high: formatRatio(members[1], 2) })}</li>}
      </ul>
    </>
  );
}

/** How far the patient is from those learnt from, said plainly where that is too far. */
function Nearness({ told }: { told: Told }) {
  const t = useT();
  if (told.unlike === null) return null;
  const n = told.farther === null ? null : Math.round(told.farther);
  if (told.unlike) {
    return (
      <Caution>
        <b>{t('cohort.predict.unlike')}</b> {n !== null && t('cohort.predict.farther', { n })} {t('cohort.predict.unlikeWhat')}
      </Caution>
    );
  }
  return (
    <p className={css.good}>
      {t('cohort.predict.like')} {n !== null && t('cohort.predict.farther', { n })}
    </p>
  );
}

function Doubts({ told }: { told: Told }) {
  const t = useT();
  const outside = told.outside.map((one) => `${one.column} ${valueText(one.value)} (${valueText(one.low)} – ${valueText(one.high)})`);
  return (
    <>
      {outside.length > 0 && <Caution>{t('cohort.predict.outside', { columns: outside.join(', ') })}</Caution>}
      {told.unseen.length > 0 && <Caution>{t('cohort.predict.unseen', { levels: told.unseen.map(({ column, level }) => `${column}: ${level}`).join(', ') })}</Caution>}
      {told.cutOff > 0.01 && <Caution>{t('cohort.predict.cutOff', { n: Math.round(told.cutOff * 100) })}</Caution>}
      {told.imputed.length > 0 && <p className={css.absent}>{t('cohort.predict.imputed', { n: told.imputed.length, columns: told.imputed.slice(0, 12).join(', ') })}</p>}
    </>
  );
}

/** What was predicted of a patient, how far that applies, and what was lacking. */
export function PredictionResult({ told, endpoint }: { told: Told; endpoint: { name: string; unit: string } }) {
  return (
    <div className={css.form}>
      <Numbers told={told} endpoint={endpoint} />
      <Nearness told={told} />
      <Doubts told={told} />
    </div>
  );
}
