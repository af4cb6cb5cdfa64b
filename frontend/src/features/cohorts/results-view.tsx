import type { AnalysisDetail, Cohort } from '../../api/types';
import { useT } from '../../i18n';
import css from './cohorts.module.css';
import type { SubtypesResults } from './subtypes';
import { SubtypesView } from './subtypes-view';
import type { SurvivalResults } from './survival';
import { SurvivalView } from './survival-view';

type ViewProps = { projectId: string; cohort: Cohort; analysis: AnalysisDetail; manage: boolean };

/** What an analysis found, by its kind; the server hands the result on as `models` made it. */
export function ResultsView({ cohort, analysis }: ViewProps) {
  const t = useT();
  const results: unknown = analysis.results;
  switch (analysis.kind) {
    case 'subtypes':
      return <SubtypesView results={results as SubtypesResults} cohortId={cohort.id} />;
    case 'survival':
      return <SurvivalView results={results as SurvivalResults} />;
    default:
      return <p className={css.lead}>{t('cohort.results.elsewhere')}</p>;
  }
}
