import { useT } from '../../i18n';
import { slugText } from '../../i18n/problems';
import { Badge, Caution } from '../../ui/feedback';
import { formatRatio } from '../../ui/format';
import { layout, Section, TableHead } from '../../ui/layout';
import css from './cohorts.module.css';
import { formatP } from './figures';
import { ForestPlot } from './forest-plot';
import { forestOf, ratioText, termName, type CoxModel, type CoxTerm, type SurvivalResults } from './survival';

const LEVEL = 0.05;

/** One level of a variable; `adjusted` is the cell beside all its levels, drawn with the first. */
function TermRow({ term, adjusted }: { term: CoxTerm; adjusted: { p: number | undefined; levels: number } | null }) {
  const t = useT();
  const changes = term.proportional_hazards.p < LEVEL;
  return (
    <tr>
      <td>{termName(term)}</td>
      <td className={layout.number}>{ratioText(term)}</td>
      <td className={layout.number}>{formatP(term.p)}</td>
      {adjusted !== null && (
        <td className={layout.number} rowSpan={adjusted.levels}>
          {formatP(adjusted.p)}
        </td>
      )}
      <td className={layout.number}>{term.vif === null ? '–' : formatRatio(term.vif, 1)}</td>
      <td>
        <Badge tone={changes ? 'warn' : 'plain'} title={t('cohort.cox.hazardsHint')}>
          {t(changes ? 'cohort.cox.changes' : 'cohort.cox.constant', { p: formatP(term.proportional_hazards.p) })}
        </Badge>
      </td>
    </tr>
  );
}

function CoxTable({ models, adjusted }: { models: readonly CoxModel[]; adjusted: boolean }) {
  const t = useT();
  const columns = [
    t('cohort.variable'),
    { number: t('cohort.cox.ratio') },
    { number: 'p' },
    ...(adjusted ? [{ number: t('cohort.cox.pAdjusted') }] : []),
    { number: t('cohort.cox.vif') },
    t('cohort.cox.hazards'),
  ];
  return (
    <table className={layout.table}>
      <TableHead columns={columns} />
      <tbody>
        {models.flatMap((model) =>
          model.terms.map((term, index) => (
            <TermRow
              key={`${model.columns.join()} ${termName(term)}`}
              term={term}
              adjusted={adjusted && index === 0 ? { p: model.p_adjusted, levels: model.terms.length } : null}
            />
          )),
        )}
      </tbody>
    </table>
  );
}

function Subdistribution({ model }: { model: CoxModel }) {
  const t = useT();
  const { subdistribution: found } = model;
  if (found === null) return null;
  return (
    <>
      <p className={css.note}>
        {t('cohort.cox.subdistribution')} {found.refused !== null && slugText(found.refused, t)}
      </p>
      {found.terms.length > 0 && <ForestPlot title={t('cohort.cox.fineGray')} axis={t('cohort.cox.subdistributionRatio')} rows={forestOf(found.terms)} />}
    </>
  );
}

/** The multivariable model, then each variable alone. */
export function CoxView({ results }: { results: SurvivalResults }) {
  const t = useT();
  const { univariable, multivariable } = results;
  return (
    <>
      {multivariable !== null && (
        <Section title={t('cohort.cox.multivariable')} note={t('cohort.cox.counts', { n: multivariable.n, events: multivariable.events })}>
          <div className={css.stack}>
            {multivariable.proportional_hazards.p < LEVEL && (
              <Caution>{t('cohort.cox.notProportional', { p: formatP(multivariable.proportional_hazards.p) })}</Caution>
            )}
            <ForestPlot title={t('cohort.cox.multivariable')} axis={t('cohort.cox.axis')} rows={forestOf(multivariable.terms)} />
            <Subdistribution model={multivariable} />
          </div>
          <CoxTable models={[multivariable]} adjusted={false} />
        </Section>
      )}
      {univariable.length > 0 && (
        <Section title={t('cohort.cox.univariable')} note={t('cohort.cox.univariableNote')}>
          <div className={css.stack}>
            <ForestPlot title={t('cohort.cox.univariable')} axis={t('cohort.cox.axis')} rows={forestOf(univariable.flatMap(({ terms }) => terms))} />
          </div>
          <CoxTable models={univariable} adjusted />
        </Section>
      )}
    </>
  );
}
