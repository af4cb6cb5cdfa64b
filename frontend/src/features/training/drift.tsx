import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { keys } from '../../api/keys';
import { all } from '../../api/pages';
import type { DriftChart } from '../../api/types';
import { useT } from '../../i18n';
import { Select } from '../../ui/controls';
import { Badge, Caution, ErrorNote, Loading } from '../../ui/feedback';
import { layout, Section } from '../../ui/layout';
import { Chart, type Line } from './chart';
import css from './training.module.css';

const nameOf = (chart: DriftChart): string => `${chart.network_version} · ${chart.structure}`;
const SHOWN_WEEKS = 8;

/** The cases, their average and the limit above which it alarms, over the number of the case. */
function linesOf(chart: DriftChart, t: ReturnType<typeof useT>): Line[] {
  const numbered = chart.points.map((point, index) => ({ ...point, x: index + 1 }));
  const watched = numbered.flatMap(({ x, limit }) => (limit === null ? [] : [{ x, y: limit }]));
  return [
    { name: t('drift.case'), colour: 'var(--text-muted)', points: numbered.map(({ x, value }) => ({ x, y: value })) },
    { name: t('drift.average'), colour: 'var(--accent)', points: numbered.map(({ x, average }) => ({ x, y: average })) },
    ...(watched.length > 0 ? [{ name: t('drift.limit'), colour: 'var(--bad)', points: watched }] : []),
  ];
}

function Weeks({ chart }: { chart: DriftChart }) {
  const t = useT();
  return (
    <table className={layout.table}>
      <thead>
        <tr>
          <th scope="col">{t('drift.week')}</th>
          <th scope="col" className={layout.number}>
            {t('effort.approved')}
          </th>
          <th scope="col" className={layout.number}>
            {t('drift.mean')}
          </th>
        </tr>
      </thead>
      <tbody>
        {chart.weeks.slice(-SHOWN_WEEKS).map(({ week, n, mean }) => (
          <tr key={week}>
            <td>{week}</td>
            <td className={layout.number}>{n}</td>
            <td className={layout.number}>{mean.toFixed(3)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Whether correcting a structure begins to cost more: one control chart at a time, those with an alarm first. */
export function DriftWatch({ projectId }: { projectId: string }) {
  const t = useT();
  const [chosen, setChosen] = useState(0);
  const query = useQuery({
    queryKey: keys.drift(projectId),
    queryFn: () => all<DriftChart>(`/projects/${projectId}/drift`),
  });
  if (query.isPending) return <Loading />;
  if (query.isError) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  const chart = query.data[chosen] ?? query.data[0];
  if (chart === undefined) return null;
  const alarms = query.data.filter(({ alarmed_at }) => alarmed_at !== null);
  const left = chart.baseline - chart.points.length;
  return (
    <Section
      title={t('drift.title')}
      note={t('drift.note')}
      actions={
        <div style={{ width: 380 }}>
          <Select
            name={t('drift.chart')}
            value={String(chosen)}
            choices={query.data.map((one, index) => ({
              value: String(index),
              label: `${one.alarmed_at === null ? '' : '⚠ '}${nameOf(one)} · ${t(`drift.${one.measure}`)}`,
            }))}
            onChange={(value) => setChosen(Number(value))}
          />
        </div>
      }
    >
      {alarms.length > 0 && (
        <div style={{ padding: '14px 14px 0' }}>
          <Caution>{t('drift.alarms', { structures: [...new Set(alarms.map(nameOf))].join(', ') })}</Caution>
        </div>
      )}
      {left > 0 && <p className={css.note}>{t('drift.gathering', { n: chart.points.length, total: chart.baseline })}</p>}
      {chart.alarmed_at !== null && (
        <p className={css.note}>
          <Badge tone="bad">{t('drift.alarm')}</Badge> {t('drift.since', { date: chart.alarmed_at.slice(0, 10) })}
        </p>
      )}
      <div className={css.charts}>
        <Chart title={t(`drift.${chart.measure}`)} xLabel={t('drift.number')} lines={linesOf(chart, t)} />
        <Weeks chart={chart} />
      </div>
    </Section>
  );
}
