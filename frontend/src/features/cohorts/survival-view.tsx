import { useState } from 'react';
import { useT } from '../../i18n';
import { slugText } from '../../i18n/problems';
import { Select } from '../../ui/controls';
import { Caution } from '../../ui/feedback';
import { formatRatio } from '../../ui/format';
import { layout, Section, TableHead } from '../../ui/layout';
import { unitText } from './cells';
import css from './cohorts.module.css';
import { CoxView } from './cox-view';
import { formatP } from './figures';
import { curveOf, incidenceOf, type SurvivalGroup, type SurvivalGrouping, type SurvivalResults } from './survival';
import { SurvivalPlot } from './survival-plot';

type ResultsProps = { results: SurvivalResults };

const limitedText = ({ value, low, high }: { value: number | null; low: number | null; high: number | null }, none: string): string =>
  value === null && low === null
    ? none
    : `${value === null ? none : formatRatio(value, 1)} (${low === null ? none : formatRatio(low, 1)} – ${high === null ? none : formatRatio(high, 1)})`;

function Overview({ results }: ResultsProps) {
  const t = useT();
  const { patients, events, competing, unknown, median_follow_up: follow, unit } = results.cohort;
  return (
    <p className={css.lead}>
      <b>{t('cohort.survival.counts', { n: patients, events, endpoint: results.config.endpoint })}</b>{' '}
      {competing > 0 && t('cohort.survival.competingCount', { n: competing })}{' '}
      {t('cohort.survival.followUp', { text: limitedText(follow, t('cohort.survival.notReached')), unit: unitText(unit, t) })}{' '}
      {unknown > 0 && t('cohort.survival.unknown', { n: unknown })}
    </p>
  );
}

function GroupTable({ groups, unit }: { groups: readonly SurvivalGroup[]; unit: string }) {
  const t = useT();
  const columns = [
    t('cohort.survival.group'),
    { number: t('cohort.patients') },
    { number: t('cohort.survival.events') },
    { number: t('cohort.survival.median', { unit }) },
    { number: t('cohort.survival.restricted', { horizon: formatRatio(groups[0]?.restricted_mean.horizon, 0), unit }) },
  ];
  return (
    <table className={layout.table}>
      <TableHead columns={columns} />
      <tbody>
        {groups.map((one) => (
          <tr key={one.name}>
            <td>{one.name}</td>
            <td className={layout.number}>{one.n}</td>
            <td className={layout.number}>{one.events}</td>
            <td className={layout.number}>{limitedText(one.median, t('cohort.survival.notReached'))}</td>
            <td className={layout.number}>{limitedText(one.restricted_mean, '–')}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What the tests of a grouping say, in a sentence each. */
function GroupingTests({ grouping, adjustment }: { grouping: SurvivalGrouping; adjustment: 'none' | 'holm' | 'bh' }) {
  const t = useT();
  const { test, p_adjusted: adjusted, cut, competing, missing } = grouping;
  return (
    <ul className={css.facts}>
      <li>
        <b>{t('cohort.survival.logRank', { p: formatP(test.p) })}</b>{' '}
        {adjustment !== 'none' && t('cohort.survival.adjusted', { p: formatP(adjusted), method: t(`cohort.adjustment.${adjustment}`) })}
      </li>
      {cut !== null && (
        <li>
          {t(`cohort.cut.${cut.kind}`, { value: formatRatio(cut.value, 2) })} {cut.kind === 'optimal' && t('cohort.cut.paid')}
        </li>
      )}
      {competing !== null && <li>{t('cohort.survival.gray', { p: formatP(competing.gray.p) })}</li>}
      {grouping.pairwise.map((pair) => (
        <li key={`${pair.first} ${pair.second}`}>
          {t('cohort.survival.pair', { first: pair.first, second: pair.second, p: formatP(pair.p_adjusted) })}
        </li>
      ))}
      {missing > 0 && <li>{t('cohort.survival.missing', { n: missing })}</li>}
    </ul>
  );
}

function Grouping({ results, grouping }: ResultsProps & { grouping: SurvivalGrouping }) {
  const t = useT();
  const unit = unitText(results.cohort.unit, t);
  const times = results.at_risk_times;
  return (
    <Section title={t('cohort.survival.by', { column: grouping.column })}>
      <div className={css.beside}>
        <SurvivalPlot
          title={t('cohort.survival.kaplanMeier')}
          yLabel={t('cohort.survival.probability')}
          unit={unit}
          curves={grouping.groups.map((one) => curveOf(one, times))}
          start={1}
          times={times}
        />
        {grouping.competing !== null && (
          <SurvivalPlot
            title={t('cohort.survival.incidence')}
            yLabel={t('cohort.survival.incidenceAxis')}
            unit={unit}
            curves={grouping.competing.groups.flatMap(({ name, events }) => {
              const n = grouping.groups.find((one) => one.name === name)?.n ?? 0;
              return events.filter(({ event }) => event === 1).map((one) => incidenceOf(one, name, n));
            })}
            start={0}
          />
        )}
        <GroupingTests grouping={grouping} adjustment={results.config.adjustment} />
      </div>
      <GroupTable groups={grouping.groups} unit={unit} />
    </Section>
  );
}

/** Survival: everybody's curve, groups with their tests, Cox models, and what could not be answered. */
export function SurvivalView({ results }: ResultsProps) {
  const t = useT();
  const [shown, setShown] = useState(results.groupings[0]?.column ?? '');
  const unit = unitText(results.cohort.unit, t);
  const grouping = results.groupings.find(({ column }) => column === shown) ?? results.groupings[0];
  return (
    <>
      <Section title={t('cohort.survival.overall')}>
        <div className={css.stack}>
          <Overview results={results} />
          {results.refused.map((one) => (
            <Caution key={one.where + one.slug}>
              <b>{one.where}</b>: {slugText(one, t)}
            </Caution>
          ))}
        </div>
        <div className={css.beside}>
          <SurvivalPlot
            title={t('cohort.survival.kaplanMeier')}
            yLabel={t('cohort.survival.probability')}
            unit={unit}
            curves={[curveOf({ ...results.overall, name: t('cohort.survival.everybody') }, results.at_risk_times)]}
            start={1}
            times={results.at_risk_times}
          />
          {results.competing !== null && (
            <SurvivalPlot
              title={t('cohort.survival.incidence')}
              yLabel={t('cohort.survival.incidenceAxis')}
              unit={unit}
              curves={results.competing.map((one) =>
                incidenceOf(one, one.event === 1 ? results.config.endpoint : t('cohort.event.competing', { n: one.event }), results.cohort.patients),
              )}
              start={0}
            />
          )}
        </div>
        <GroupTable groups={[{ ...results.overall, name: t('cohort.survival.everybody') }]} unit={unit} />
      </Section>
      {results.groupings.length > 1 && (
        <div className={css.pick}>
          <Select
            name={t('cohort.survival.grouping')}
            value={grouping?.column ?? ''}
            choices={results.groupings.map(({ column, test }) => ({ value: column, label: t('cohort.survival.groupingChoice', { column, p: formatP(test.p) }) }))}
            onChange={setShown}
          />
        </div>
      )}
      {grouping !== undefined && <Grouping key={grouping.column} results={results} grouping={grouping} />}
      <CoxView results={results} />
    </>
  );
}
