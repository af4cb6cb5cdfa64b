import { useState } from 'react';
import type { AnalysisDetail } from '../../api/types';
import { useT, type Translate } from '../../i18n';
import { Button } from '../../ui/controls';
import { Dialog } from '../../ui/dialog';
import { Caution } from '../../ui/feedback';
import { Section } from '../../ui/layout';
import { Markdown } from '../../ui/markdown';
import { cardText } from '../training/card';
import css from './cohorts.module.css';
import { ComparisonTable } from './comparison-table';
import { LeftOut } from './left-out';
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
      <LeftOut patients={results.left_out} cohortId={cohortId} />
      <PredictedPatients {...place} patients={networkPatientsOf(results)} endpoint={results.endpoint} />
    </>
  );
}
