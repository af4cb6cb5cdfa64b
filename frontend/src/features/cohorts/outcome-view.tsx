import type { AnalysisDetail } from '../../api/types';
import { useT, type Translate } from '../../i18n';
import { slugText } from '../../i18n/problems';
import { Badge, Caution } from '../../ui/feedback';
import { formatRatio } from '../../ui/format';
import { layout, Section, TableHead } from '../../ui/layout';
import { unitText } from './cells';
import css from './cohorts.module.css';
import { ComparisonTable } from './comparison-table';
import { formatP } from './figures';
import { Fold } from './fold';
import { MeritCurves, MeritTable } from './merit-view';
import { finalOf, patientsOf, type OutcomeModel, type OutcomeResults } from './outcome';
import { PredictedPatients } from './predicted-patients';

const MOST_TERMS = 30;

type ResultsProps = { results: OutcomeResults };
type ViewProps = ResultsProps & { projectId: string; cohortId: string; analysis: AnalysisDetail };

const nameOf = ({ group, model }: Pick<OutcomeModel, 'group' | 'model'>, t: Translate): string =>
  t('cohort.outcome.modelOf', { group: t(`cohort.group.${group}`), model: t(`cohort.model.${model}`) });

function Comparisons({ results }: ResultsProps) {
  const t = useT();
  const rows = results.comparisons.map((one) => ({
    ...one,
    question: t('cohort.outcome.against', { second: t(`cohort.group.${one.second}`), first: t(`cohort.group.${one.first}`) }),
    model: t(`cohort.model.${one.model}`),
  }));
  const note = t('cohort.outcome.pairedNote', { method: t(`cohort.adjustment.${results.config.adjustment}`) });
  return <ComparisonTable rows={rows} note={note} survival={results.endpoint.kind === 'survival'} />;
}

function Selected({ model }: { model: OutcomeModel }) {
  const t = useT();
  const shown = model.selection.slice(0, MOST_TERMS);
  return (
    <Section title={t('cohort.outcome.selected')} note={nameOf(model, t)}>
      <table className={layout.table}>
        <TableHead columns={[t('cohort.import.column'), { number: t('cohort.outcome.share') }, { number: t('cohort.outcome.importance') }]} />
        <tbody>
          {shown.map((one) => (
            <tr key={one.column}>
              <td>
                <code>{one.column}</code>
              </td>
              <td className={layout.number}>{Math.round(one.share * 100)} %</td>
              <td className={layout.number}>{formatRatio(one.importance, 2)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {model.selection.length > shown.length && <p className={css.note}>{t('cohort.features.first', { n: shown.length })}</p>}
    </Section>
  );
}

/** The patients whom nothing was chosen by, asked once by the final model. */
function TestPart({ results }: ResultsProps) {
  const t = useT();
  const { test, chosen, cohort, endpoint } = results;
  if (test === null) {
    return (
      <Section title={t('cohort.outcome.test')} padded>
        <p className={css.lead}>{t('cohort.outcome.noTest')}</p>
      </Section>
    );
  }
  const contenders = test.figures === null ? [] : [{ name: nameOf(chosen, t), figures: test.figures }];
  const note = t('cohort.outcome.testNote', { n: cohort.test_patients, events: cohort.test_events, inside: test.inside });
  return (
    <>
      <Section title={t('cohort.outcome.test')} note={note}>
        {test.refused !== null && (
          <div className={css.stack}>
            <Caution>{slugText(test.refused, t)}</Caution>
          </div>
        )}
        {contenders.length > 0 && <MeritTable contenders={contenders} />}
      </Section>
      <MeritCurves title={t('cohort.merit.curvesTest')} contenders={contenders} unit={unitText(endpoint.unit, t)} />
    </>
  );
}

function Overview({ results }: ResultsProps) {
  const t = useT();
  const { cohort, endpoint, columns, chosen, permutation } = results;
  const weak = finalOf(results)?.not_converged ?? 0;
  return (
    <div className={css.stack}>
      <p className={css.lead}>
        <b>{t('cohort.survival.counts', { n: cohort.patients, events: cohort.events, endpoint: endpoint.name })}</b>{' '}
        {t('cohort.outcome.how', { folds: results.config.folds, repeats: results.config.repeats })}{' '}
        {cohort.unknown > 0 && t('cohort.survival.unknown', { n: cohort.unknown })}{' '}
        {cohort.incomplete > 0 && t('cohort.outcome.incomplete', { n: cohort.incomplete })}
      </p>
      <p>
        {t(chosen.of > 1 ? 'cohort.outcome.chosen' : 'cohort.outcome.chosenOne', { name: nameOf(chosen, t), n: chosen.of })}{' '}
        {permutation !== null && (
          <Badge tone={permutation.p < 0.05 ? 'good' : 'warn'}>{t('cohort.outcome.permuted', { n: permutation.permutations, p: formatP(permutation.p) })}</Badge>
        )}
      </p>
      {columns.separating.length > 0 && <Caution>{t('cohort.outcome.separating', { columns: columns.separating.join(', ') })}</Caution>}
      {weak > 0 && <Caution>{t('cohort.outcome.notConverged', { n: weak })}</Caution>}
    </div>
  );
}

function LeftColumns({ results: { columns } }: ResultsProps) {
  const t = useT();
  const { dropped, redundant } = columns;
  if (dropped.length + redundant.length === 0) return null;
  return (
    <Fold title={t('cohort.outcome.left', { n: dropped.length, redundant: redundant.length })}>
      <ul className={css.downloads}>
        {dropped.map((one) => (
          <li key={one.column}>
            <code>{one.column}</code> {slugText(one, t)}
          </li>
        ))}
        {redundant.map((one) => (
          <li key={one.column}>
            <code>{one.column}</code> {t('cohort.outcome.redundant', { by: one.by, r: formatRatio(one.correlation, 2) })}
          </li>
        ))}
      </ul>
    </Fold>
  );
}

/** Outcome models side by side, on the same patients, with what tells them apart. */
export function OutcomeView({ results, ...place }: ViewProps) {
  const t = useT();
  const contenders = results.models.map((one) => ({ name: nameOf(one, t), figures: one.figures }));
  const final = finalOf(results);
  return (
    <>
      <Section title={t('cohort.outcome.models')} note={t('cohort.outcome.modelsNote')}>
        <Overview results={results} />
        <MeritTable contenders={contenders} />
      </Section>
      {results.comparisons.length > 0 && <Comparisons results={results} />}
      <MeritCurves title={t('cohort.merit.curves')} contenders={contenders} unit={unitText(results.endpoint.unit, t)} />
      <TestPart results={results} />
      {final !== undefined && <Selected model={final} />}
      <LeftColumns results={results} />
      <PredictedPatients {...place} patients={patientsOf(results)} endpoint={results.endpoint} />
    </>
  );
}
