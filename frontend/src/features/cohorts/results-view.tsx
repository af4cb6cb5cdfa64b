import type { AnalysisDetail, Cohort } from '../../api/types';
import { DoseMapView, type DoseMapResults } from './dose-map-view';
import { NetworkView } from './network-view';
import type { NetworkResults, OutcomeResults } from './outcome';
import { OutcomeView } from './outcome-view';
import { figureAddress } from './queries';
import type { SubtypesResults } from './subtypes';
import { SubtypesView } from './subtypes-view';
import type { SurvivalResults } from './survival';
import { SurvivalView } from './survival-view';

const CONSENSUS = 'consensus-matrices';

type ViewProps = { projectId: string; cohort: Cohort; analysis: AnalysisDetail };

/** What an analysis found, by its kind; the server hands the result on as `models` made it. */
export function ResultsView({ projectId, cohort, analysis }: ViewProps) {
  const results: unknown = analysis.results;
  switch (analysis.kind) {
    case 'subtypes':
      return (
        <SubtypesView
          results={results as SubtypesResults}
          cohortId={cohort.id}
          consensus={analysis.figures.includes(CONSENSUS) ? figureAddress(projectId, cohort.id, analysis.id, CONSENSUS) : null}
        />
      );
    case 'survival':
      return <SurvivalView results={results as SurvivalResults} />;
    case 'outcome':
      return <OutcomeView results={results as OutcomeResults} projectId={projectId} cohortId={cohort.id} analysis={analysis} />;
    case 'outcome-network':
      return <NetworkView results={results as NetworkResults} projectId={projectId} cohortId={cohort.id} analysis={analysis} />;
    case 'dose-map':
      return <DoseMapView results={results as DoseMapResults} projectId={projectId} cohortId={cohort.id} analysisId={analysis.id} />;
  }
}
