import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { ReaderAnalysis, ReaderDesign } from '../../api/types';
import { isKey, useT, type Translate } from '../../i18n';
import { Button, SelectField, TextField } from '../../ui/controls';
import { Caution, EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import { formatTime } from '../../ui/format';
import { layout, Section, TableHead } from '../../ui/layout';
import { formatEstimate, formatP } from '../cohorts/figures';
import { figureOf, isLive, readingKeys, studyPath, tableOf, useReaderAnalyses, useReaderAnalysis } from './queries';
import css from './readings.module.css';
import { resultsOf, type Merit, type Results } from './results';

type Props = { projectId: string; design: ReaderDesign };
const COVARIANCES = ['jackknife', 'delong', 'bootstrap'] as const;
const INCOMPLETE = ['leave-out-readers', 'common-cases'] as const;

const titleOf = (name: string, t: Translate): string => {
  const key = `reading.merit.${name}`;
  return isKey(key) ? t(key) : name;
};

function Start({ projectId, design }: Props) {
  const t = useT();
  const client = useQueryClient();
  const [threshold, setThreshold] = useState('50');
  const [covariance, setCovariance] = useState('jackknife');
  const [incomplete, setIncomplete] = useState('leave-out-readers');
  const start = useMutation({
    mutationFn: () => api.post<ReaderAnalysis>(`${studyPath(projectId, design.id)}/analyses`, { threshold: Number(threshold), covariance, incomplete }),
    onSuccess: () => client.invalidateQueries({ queryKey: readingKeys.analyses(design.id) }),
  });
  return (
    <div className={css.start}>
      <TextField label={t('reading.threshold')} type="number" min={0} max={100} value={threshold} onChange={setThreshold} />
      <SelectField label={t('reading.covariance')} value={covariance} choices={COVARIANCES.map((value) => ({ value, label: t(`reading.covariance.${value}`) }))} onChange={setCovariance} />
      <SelectField label={t('reading.incomplete')} value={incomplete} choices={INCOMPLETE.map((value) => ({ value, label: t(`reading.incomplete.${value}`) }))} onChange={setIncomplete} />
      <Button look="primary" disabled={start.isPending || threshold === ''} onClick={() => start.mutate()}>
        {t('reading.analyse')}
      </Button>
      {start.error !== null && <ErrorNote error={start.error} />}
    </div>
  );
}

/** What was left out and what was tried: said before any figure. */
function Warnings({ results }: { results: Results }) {
  const t = useT();
  const unfinished = results.readers.filter((one) => one.read < one.expected);
  const attempts = results.unblinding_attempts;
  if (unfinished.length + attempts.length + results.refused.length === 0) return null;
  return (
    <Caution>
      <ul>
        {unfinished.map((one) => (
          <li key={one.reader}>{t(one.analysed ? 'reading.unfinishedKept' : 'reading.unfinished', { reader: one.reader, read: one.read, of: one.expected })}</li>
        ))}
        {attempts.map((one) => (
          <li key={`${one.reader} ${one.kind}`}>{t('reading.attempt', { reader: one.reader, n: one.times, what: t(`reading.incident.${one.kind}`) })}</li>
        ))}
        {results.refused.map((one) => (
          <li key={one.figure}>{`${titleOf(one.figure, t)}: ${one.detail}`}</li>
        ))}
      </ul>
    </Caution>
  );
}

function Row({ merit, results }: { merit: Merit; results: Results }) {
  const t = useT();
  const way = merit.differences.some((one) => one.generalise === results.config.generalise) ? results.config.generalise : 'cases';
  const [first] = results.study.conditions;
  const differences = merit.differences.filter((one) => one.generalise === way && one.first === first);
  const condition = (name: string) => merit.conditions.find((one) => one.generalise === way && one.condition === name);
  const digits = merit.figure === 'seconds' ? 1 : 3;
  const levels = merit.levels.filter((one) => one.first === first);
  const change = merit.level_contrasts.find((one) => one.of === 'change' && one.first === first);
  return (
    <tr>
      <td>{titleOf(merit.figure, t)}</td>
      {results.study.conditions.map((name) => (
        <td key={name}>{formatEstimate(condition(name), digits)}</td>
      ))}
      <td>{differences.map((one) => `${formatEstimate(one, merit.figure === 'seconds' ? 2 : 3)}, p ${formatP(one.p)}`).join('; ')}</td>
      <td>{levels.map((one) => `${t(`reading.level.${one.level}`)} (${one.readers}): ${formatEstimate(one, 3)}`).join('; ') || '–'}</td>
      <td className={layout.number}>{formatP(change?.p)}</td>
    </tr>
  );
}

function Found({ projectId, design, analysisId }: Props & { analysisId: string }) {
  const t = useT();
  const analysis = useReaderAnalysis(projectId, design.id, analysisId, false);
  if (analysis.isPending) return <Loading />;
  if (analysis.isError) return <ErrorNote error={analysis.error} />;
  const results = resultsOf(analysis.data);
  if (results === null) return null;
  const { figures, tables, methods } = analysis.data;
  const columns = [t('reading.figure'), ...results.study.conditions, t('reading.difference'), t('reading.byLevel'), { number: t('reading.levelP') }];
  return (
    <>
      <Warnings results={results} />
      <Section title={t('reading.results')} note={t('reading.resultsNote', { readers: results.study.readers_analysed, cases: results.study.cases_analysed, positive: results.study.positive, way: t(`reading.way.${results.config.generalise}`) })}>
        <table className={layout.table}>
          <TableHead columns={columns} />
          <tbody>
            {results.figures_of_merit.map((one) => (
              <Row key={one.figure} merit={one} results={results} />
            ))}
          </tbody>
        </table>
      </Section>
      <Section title={t('reading.figures')} padded>
        <div className={css.figures}>
          {figures.map((name) => (
            <figure key={name}>
              <img src={figureOf(projectId, design.id, analysisId, name, 'svg')} alt={name} loading="lazy" />
              <figcaption>
                <a href={figureOf(projectId, design.id, analysisId, name, 'pdf')} download={`${name}.pdf`}>{`${name}.pdf`}</a>
              </figcaption>
            </figure>
          ))}
        </div>
        <p className={css.tables}>
          {tables.map((name) => (
            <a key={name} href={tableOf(projectId, design.id, analysisId, name)} download={`${name}.csv`}>{`${name}.csv`}</a>
          ))}
        </p>
      </Section>
      {methods !== null && (
        <Section title={t('reading.methods')} padded>
          <p className={css.methods}>{methods[t.language]}</p>
        </Section>
      )}
    </>
  );
}

/** The report: the newest analysis, and the way to another. */
export function Report({ projectId, design }: Props) {
  const t = useT();
  const analyses = useReaderAnalyses(projectId, design.id);
  const [chosen, setChosen] = useState<string | null>(null);
  if (analyses.isPending) return <Loading />;
  if (analyses.isError) return <ErrorNote error={analyses.error} retry={() => void analyses.refetch()} />;
  const shown = analyses.data.find((one) => one.id === chosen) ?? analyses.data[0];
  const said = (one: ReaderAnalysis): string => `${formatTime(one.created_at)} (${t(`job.${one.job.state}`)})`;
  return (
    <>
      <Start projectId={projectId} design={design} />
      {analyses.data.length > 1 && shown !== undefined && (
        <SelectField label={t('reading.analyses')} value={shown.id} choices={analyses.data.map((one) => ({ value: one.id, label: said(one) }))} onChange={setChosen} />
      )}
      {shown === undefined && (
        <EmptyState title={t('reading.noReport')}>
          <p>{t('reading.noReportHint')}</p>
        </EmptyState>
      )}
      {shown !== undefined && isLive(shown) && <Loading label={t('reading.analysing')} />}
      {shown?.job.state === 'failed' && <Caution>{shown.job.error?.detail ?? t('reading.failed')}</Caution>}
      {shown?.job.state === 'succeeded' && <Found key={shown.id} projectId={projectId} design={design} analysisId={shown.id} />}
    </>
  );
}
