import { useState } from 'react';
import { Link } from 'react-router';
import type { AnalysisDetail } from '../../api/types';
import { useT, type Translate } from '../../i18n';
import { slugText } from '../../i18n/problems';
import { Button } from '../../ui/controls';
import { Dialog } from '../../ui/dialog';
import { Caution } from '../../ui/feedback';
import { layout, Section, TableHead } from '../../ui/layout';
import { Markdown } from '../../ui/markdown';
import { cardText } from '../training/card';
import css from './cohorts.module.css';
import { ComparisonTable } from './comparison-table';
import type { Contender } from './merit';
import { MeritCurves, MeritTable } from './merit-view';
import { seenText } from './network-words';
import { networkPatientsOf, type NetworkModel, type NetworkResults, type NetworkSettings } from './outcome';
import { PredictedPatients } from './predicted-patients';

const MODELS: readonly NetworkModel[] = ['clinical', 'radiomics', 'network', 'combined'];

type ResultsProps = { results: NetworkResults };
type ViewProps = ResultsProps & { projectId: string; cohortId: string; analysis: AnalysisDetail };

function contendersOf(models: NetworkResults['set_aside'], t: Translate): Contender[] {
  return MODELS.flatMap((name) => {
    const figures = models?.[name] ?? null;
    return figures === null ? [] : [{ name: t(`cohort.networkModel.${name}`), figures }];
  });
}

function Overview({ results, analysis }: ResultsProps & { analysis: AnalysisDetail }) {
  const t = useT();
  const { patients, endpoint, config } = results;
  return (
    <div className={css.stack}>
      <p className={css.lead}>
        <b>{t('cohort.survival.counts', { n: patients.train, events: patients.events, endpoint: endpoint.name })}</b>{' '}
        {t('cohort.network.how', { network: config.network.toUpperCase(), folds: config.folds, members: config.members })}{' '}
        {seenText(analysis.config as NetworkSettings, t)}
      </p>
    </div>
  );
}

function LeftOut({ results, cohortId }: ResultsProps & { cohortId: string }) {
  const t = useT();
  if (results.left_out.length === 0) return null;
  return (
    <Section title={t('cohort.network.leftOut', { n: results.left_out.length })}>
      <table className={layout.table}>
        <TableHead columns={[t('cohort.patient'), t('cohort.features.reason')]} />
        <tbody>
          {results.left_out.map((one) => (
            <tr key={one.patient}>
              <td>
                <Link to={`/cohorts/${cohortId}?tab=patients&patient=${encodeURIComponent(one.patient)}`}>{one.patient}</Link>
              </td>
              <td className={layout.wrap}>{slugText(one, t)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}

function SetAside({ results }: ResultsProps) {
  const t = useT();
  const contenders = contendersOf(results.set_aside, t);
  if (contenders.length === 0) {
    return (
      <Section title={t('cohort.outcome.test')} padded>
        <p className={css.lead}>{t(results.patients.test === 0 ? 'cohort.outcome.noTest' : 'cohort.network.fewTest', { n: results.patients.test })}</p>
      </Section>
    );
  }
  return (
    <>
      <Section title={t('cohort.outcome.test')} note={t('cohort.network.testNote', { n: results.patients.test })}>
        <MeritTable contenders={contenders} />
      </Section>
      <MeritCurves title={t('cohort.merit.curvesTest')} contenders={contenders} unit="" />
    </>
  );
}

function CardButton({ card }: { card: string }) {
  const t = useT();
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button small onClick={() => setOpen(true)}>
        {t('cohort.network.card')}
      </Button>
      {open && (
        <Dialog title={t('cohort.network.card')} wide onClose={() => setOpen(false)}>
          <Markdown source={cardText(card, t)} />
        </Dialog>
      )}
    </>
  );
}

/** A network of outcome beside its baselines, on the same patients. */
export function NetworkView({ results, ...place }: ViewProps) {
  const t = useT();
  const { analysis, cohortId } = place;
  const contenders = contendersOf(results.models, t);
  const rows = results.comparisons.map((one) => ({
    ...one,
    question: t('cohort.outcome.against', { second: t(`cohort.networkModel.${one.second}`), first: t(`cohort.networkModel.${one.first}`) }),
  }));
  const alone = contenders.length === 1;
  return (
    <>
      <Section
        title={t('cohort.outcome.models')}
        note={t('cohort.outcome.modelsNote')}
        actions={analysis.card !== null && <CardButton card={analysis.card} />}
      >
        <Overview results={results} analysis={analysis} />
        <MeritTable contenders={contenders} />
        {alone && (
          <div className={css.stack}>
            <Caution>{t('cohort.network.alone')}</Caution>
          </div>
        )}
      </Section>
      {rows.length > 0 && <ComparisonTable rows={rows} note={t('cohort.network.pairedNote')} survival={results.endpoint.kind === 'survival'} />}
      <MeritCurves title={t('cohort.merit.curves')} contenders={contenders} unit="" />
      <SetAside results={results} />
      <LeftOut results={results} cohortId={cohortId} />
      <PredictedPatients {...place} patients={networkPatientsOf(results)} endpoint={results.endpoint} />
    </>
  );
}
