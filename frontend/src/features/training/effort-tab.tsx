import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { keys } from '../../api/keys';
import { all } from '../../api/pages';
import type { EffortRow } from '../../api/types';
import { useLanguage, useT, type Language } from '../../i18n';
import { Select } from '../../ui/controls';
import { EmptyState, ErrorNote, Loading } from '../../ui/feedback';
import { formatRatio, formatSeconds } from '../../ui/format';
import { layout, Section } from '../../ui/layout';
import { seriesColour } from './colours';
import { DriftWatch } from './drift';
import css from './training.module.css';

const MEASURES = ['added_path_length_mm', 'surface_dice', 'dice', 'seconds', 'slices'] as const;
type Measure = (typeof MEASURES)[number];

const FORMS: Record<Measure, (value: number, language: Language) => string> = {
  added_path_length_mm: (value) => `${value.toFixed(0)} mm`,
  surface_dice: (value) => formatRatio(value),
  dice: (value) => formatRatio(value),
  seconds: formatSeconds,
  slices: (value) => value.toFixed(1),
};

const shown = (row: EffortRow, measure: Measure, language: Language): string => {
  const value = row[measure];
  return value === null ? '–' : FORMS[measure](value, language);
};

const distinct = (values: readonly string[]): string[] => [...new Set(values)];

function Bars({ rows, measure }: { rows: readonly EffortRow[]; measure: Measure }) {
  const language = useLanguage();
  const versions = distinct(rows.map((row) => row.network_version));
  const t = useT();
  const highest = Math.max(...rows.map((row) => row[measure] ?? 0), Number.EPSILON);
  return (
    <>
      <div className={css.keys}>
        {versions.map((version, index) => (
          <span key={version}>
            <i style={{ background: seriesColour(index) }} />
            {version}
          </span>
        ))}
      </div>
      <dl className={css.bars}>
        {distinct(rows.map((row) => row.structure)).flatMap((structure) => [
          <dt key={structure}>{structure}</dt>,
          <dd key={`${structure} bars`}>
            <ul>
              {rows
                .filter((row) => row.structure === structure)
                .map((row) => (
                  <li key={row.network_version} title={row.network_version}>
                    {row.n > 0 && (
                      <i
                        style={{
                          width: `${((row[measure] ?? 0) / highest) * 100}%`,
                          background: seriesColour(versions.indexOf(row.network_version)),
                        }}
                      />
                    )}
                    {row.n > 0 && <span>{shown(row, measure, language)}</span>}
                    {row.rejected > 0 && <span>{t('effort.rejected.n', { n: row.rejected })}</span>}
                  </li>
                ))}
            </ul>
          </dd>,
        ])}
      </dl>
    </>
  );
}

function EffortTable({ rows }: { rows: readonly EffortRow[] }) {
  const language = useLanguage();
  const t = useT();
  return (
    <table className={layout.table}>
      <thead>
        <tr>
          <th scope="col">{t('training.column.structure')}</th>
          <th scope="col">{t('training.column.network')}</th>
          <th scope="col" className={layout.number}>
            {t('effort.approved')}
          </th>
          <th scope="col" className={layout.number}>
            {t('effort.rejected')}
          </th>
          {MEASURES.map((measure) => (
            <th key={measure} scope="col" className={layout.number}>
              {t(`effort.${measure}`)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={`${row.structure} ${row.network_version}`}>
            <td>{row.structure}</td>
            <td>{row.network_version}</td>
            <td className={layout.number}>{row.n}</td>
            <td className={layout.number}>{row.rejected}</td>
            {MEASURES.map((measure) => (
              <td key={measure} className={layout.number}>
                {shown(row, measure, language)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const byStructure = (a: EffortRow, b: EffortRow): number =>
  a.structure.localeCompare(b.structure) || a.network_version.localeCompare(b.network_version, 'en', { numeric: true });

export function EffortTab({ projectId }: { projectId: string }) {
  const t = useT();
  const [measure, setMeasure] = useState<Measure>('added_path_length_mm');
  const effort = useQuery({
    queryKey: keys.effort(projectId),
    queryFn: () => all<EffortRow>(`/projects/${projectId}/effort`),
  });
  if (effort.isPending) return <Loading />;
  if (effort.isError) return <ErrorNote error={effort.error} retry={() => void effort.refetch()} />;
  if (effort.data.length === 0) {
    return (
      <EmptyState title={t('effort.none')}>
        <p>{t('effort.noneHint')}</p>
      </EmptyState>
    );
  }
  const rows = [...effort.data].sort(byStructure);
  const choose = (value: string): void => setMeasure(MEASURES.find((one) => one === value) ?? 'added_path_length_mm');
  return (
    <>
      <Section
        title={t('effort.title')}
        note={t('effort.note')}
        actions={
          <div style={{ width: 220 }}>
            <Select
              name={t('effort.measure')}
              value={measure}
              choices={MEASURES.map((value) => ({ value, label: t(`effort.${value}`) }))}
              onChange={choose}
            />
          </div>
        }
      >
        <Bars rows={rows} measure={measure} />
      </Section>
      <DriftWatch projectId={projectId} />
      <Section title={t('effort.table')}>
        <EffortTable rows={rows} />
      </Section>
    </>
  );
}
