import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { ComparisonDetail as Detail, ComparisonResults } from '../../api/types';
import { useT } from '../../i18n';
import { named } from '../../i18n/problems';
import { ButtonLink, Select } from '../../ui/controls';
import { EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import { Section } from '../../ui/layout';
import { JobProgress } from '../jobs/job-state';
import { csvOf, figureOf, MEASURES, standing, type Plotted, type Standing } from './comparison';
import { ComparisonTable } from './comparison-table';
import { IntervalPlot } from './interval-plot';
import { isLive } from './queries';
import css from './training.module.css';

const LIVE_MS = 2000;
const RATIO = { low: 0, high: 1 };
const LENGTH = { low: 0 };
const INKS: Record<Standing, string> = {
  best: 'var(--good)',
  notSurely: 'var(--text-muted)',
  worse: 'var(--bad)',
  failed: 'var(--text-faint)',
};

function Plot({ results }: { results: ComparisonResults }) {
  const t = useT();
  const [chosen, setChosen] = useState('0');
  const plots: Plotted[] = [
    'mean',
    ...results.structures.flatMap((structure) => MEASURES.map((measure) => ({ structure, measure }))),
  ];
  const titles = plots.map((what) =>
    what === 'mean'
      ? t('compare.column.meanDice')
      : t('compare.plotOf', { structure: what.structure, measure: t(`compare.measure.${what.measure}`) }),
  );
  const what = plots[Number(chosen)] ?? 'mean';
  const rows = results.entries.flatMap((entry) => {
    const value = figureOf(entry, what);
    return value === null ? [] : [{ name: named('preset', entry.name, t), value, ink: INKS[standing(entry)] }];
  });
  return (
    <div className={css.plotted}>
      <Select
        name={t('compare.plot')}
        value={chosen}
        choices={titles.map((label, index) => ({ value: String(index), label }))}
        onChange={setChosen}
      />
      <IntervalPlot
        title={titles[Number(chosen)] ?? ''}
        rows={rows}
        bounds={what !== 'mean' && what.measure === 'hd95_mm' ? LENGTH : RATIO}
      />
    </div>
  );
}

function Results({ results }: { results: ComparisonResults }) {
  const t = useT();
  const measured = results.entries.some(({ rank }) => rank !== null);
  const missing = results.missing.map((name) => named('preset', name, t)).join(', ');
  return (
    <>
      <ComparisonTable results={results} />
      {missing !== '' && <p className={css.note}>{t('compare.missing', { entries: missing })}</p>}
      {measured && (
        <>
          <Plot results={results} />
          <p className={css.note}>{t('compare.legend', { mm: results.tolerance_mm })}</p>
        </>
      )}
    </>
  );
}

/** One comparison: its table so far, a plot of it, and its figures as a file. */
export function ComparisonDetail({ projectId, comparisonId }: { projectId: string; comparisonId: string }) {
  const t = useT();
  const query = useQuery({
    queryKey: keys.architectures(projectId, comparisonId),
    queryFn: () => api.get<Detail>(`/projects/${projectId}/comparisons/${comparisonId}`),
    refetchInterval: ({ state }) => (state.data !== undefined && isLive(state.data) ? LIVE_MS : false),
  });
  if (query.isPending) return <Loading />;
  if (query.isError) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  const { snapshot, results, state, job } = query.data;
  const { train, validation } = snapshot.cases;
  const note = { snapshot: snapshot.name, train: results?.train ?? train, measured: results?.cases.length ?? validation };
  return (
    <Section
      title={t('compare.results')}
      note={t('compare.resultsNote', note)}
      actions={
        <>
          {state !== 'succeeded' && state !== 'cancelled' && <JobProgress job={job} />}
          {results !== null && (
            <ButtonLink
              href={`data:text/csv;charset=utf-8,${encodeURIComponent(csvOf(results))}`}
              download={`comparison-${comparisonId}.csv`}
            >
              {t('compare.csv')}
            </ButtonLink>
          )}
        </>
      }
    >
      {results === null ? (
        <EmptyState title={t(isLive(query.data) ? 'compare.soon' : 'compare.nothing')} />
      ) : (
        <Results results={results} />
      )}
    </Section>
  );
}
