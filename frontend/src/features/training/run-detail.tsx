import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { CurvePoint, NetworkVersion, Run } from '../../api/types';
import { useT } from '../../i18n';
import { Button } from '../../ui/controls';
import { Badge, Caution, EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import { Section } from '../../ui/layout';
import { JobProgress } from '../jobs/job-state';
import { Chart, type Line } from './chart';
import { useStructureColours } from './colours';
import { EvaluationTable } from './evaluation';
import { Promote } from './promote';
import { isLive, versionName } from './queries';
import { SignedOff } from './signature';
import css from './training.module.css';

const LIVE_MS = 2000;
const DICE_BOUNDS = { low: 0, high: 1 };

/** While it trains, or while what it made is being compared. */
const isAtWork = (run: Run): boolean => isLive(run) || (run.comparing !== null && isLive(run.comparing));

/** One line for each structure that was measured on the way. */
function diceLines(curves: readonly CurvePoint[], colourOf: (name: string, index: number) => string): Line[] {
  const names = [...new Set(curves.flatMap(({ dice }) => Object.keys(dice ?? {})))];
  return names.map((name, index) => ({
    name,
    colour: colourOf(name, index),
    points: curves.flatMap(({ iteration, dice }) => {
      const value = dice?.[name];
      return value === undefined ? [] : [{ x: iteration, y: value }];
    }),
  }));
}

function Curves({ run, projectId }: { run: Run; projectId: string }) {
  const t = useT();
  const colourOf = useStructureColours(projectId);
  const loss = useMemo<Line[]>(
    () => [
      {
        name: t('training.loss'),
        colour: '#4fb3bf',
        points: run.curves.map((point) => ({ x: point.iteration, y: point.loss })),
      },
    ],
    [run.curves, t],
  );
  const dice = diceLines(run.curves, colourOf);
  if (run.curves.length === 0) {
    return <EmptyState title={t(isLive(run) ? 'training.curvesSoon' : 'training.noCurves')} />;
  }
  return (
    <div className={css.charts}>
      <Chart title={t('training.lossCurve')} xLabel={t('training.iteration')} lines={loss} />
      {dice.length > 0 && (
        <Chart title={t('training.diceCurve')} xLabel={t('training.iteration')} lines={dice} bounds={DICE_BOUNDS} />
      )}
    </div>
  );
}

/** Says against which version the figures are, and offers to measure the one in use where it was not. */
function Against({ run, version, manage }: { run: Run; version: NetworkVersion; manage: boolean }) {
  const t = useT();
  const client = useQueryClient();
  const compare = useMutation({
    mutationFn: () => api.post(`/runs/${run.id}/comparison`),
    onSettled: () => client.invalidateQueries({ queryKey: keys.run(run.id) }),
  });
  if (run.comparison === null) return null;
  const said = t(`training.comparison.${run.comparison}`, {
    inUse: run.in_use === null ? '–' : versionName(run.in_use),
    against: versionName(run.base_version),
    version: versionName(version),
  });
  if (run.comparison !== 'not-compared') return <p className={css.note}>{said}</p>;
  const { comparing } = run;
  const live = comparing !== null && isLive(comparing);
  return (
    <div className={css.against}>
      <Caution>{said}</Caution>
      {comparing !== null && comparing.state !== 'succeeded' && <JobProgress job={comparing} />}
      {manage && !live && (
        <Button small disabled={compare.isPending} onClick={() => compare.mutate()}>
          {t('training.compareNow')}
        </Button>
      )}
      {compare.isError && <ErrorNote error={compare.error} />}
    </div>
  );
}

function Evaluation({ run, projectId, manage }: { run: Run; projectId: string; manage: boolean }) {
  const t = useT();
  const { version, evaluation } = run;
  const compared = run.comparison === 'compared' && run.in_use !== null ? run.in_use : run.base_version;
  const action =
    version !== null &&
    (run.comparison === 'in-use' ? (
      <Badge tone="good">{t('training.inUse')}</Badge>
    ) : (
      manage && <Promote projectId={projectId} version={version} run={run} />
    ));
  return (
    <Section
      title={t('training.evaluation')}
      note={t('training.evaluationNote', {
        base: versionName(compared),
        version: version === null ? '–' : versionName(version),
      })}
      actions={
        version !== null && (
          <>
            <SignedOff projectId={projectId} version={version} /> {action}
          </>
        )
      }
    >
      {version !== null && <Against run={run} version={version} manage={manage} />}
      {evaluation === null || evaluation.length === 0 ? (
        <p className={css.note}>{t(isLive(run) ? 'training.evaluationSoon' : 'training.noEvaluation')}</p>
      ) : (
        <EvaluationTable rows={evaluation} />
      )}
    </Section>
  );
}

export function RunDetail({ runId, projectId, manage }: { runId: string; projectId: string; manage: boolean }) {
  const t = useT();
  const query = useQuery({
    queryKey: keys.run(runId),
    queryFn: () => api.get<Run>(`/runs/${runId}`),
    refetchInterval: ({ state }) => (state.data !== undefined && isAtWork(state.data) ? LIVE_MS : false),
  });
  if (query.isPending) return <Loading />;
  if (query.isError) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  const run = query.data;
  return (
    <>
      <Section
        title={t('training.curves')}
        note={`${run.snapshot.name} · ${versionName(run.base_version)}`}
        actions={run.state !== 'succeeded' && <JobProgress job={run.job} />}
      >
        <Curves run={run} projectId={projectId} />
      </Section>
      <Evaluation run={run} projectId={projectId} manage={manage} />
    </>
  );
}
