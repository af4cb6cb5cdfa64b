import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { keys } from '../../api/keys';
import { all } from '../../api/pages';
import type { FeatureSummary } from '../../api/types';
import { useT } from '../../i18n';
import { Input, Select } from '../../ui/controls';
import { ErrorNote, Loading } from '../../ui/feedback';
import { formatRatio } from '../../ui/format';
import { layout, TableHead } from '../../ui/layout';
import css from './cohorts.module.css';
import { cohortPath } from './queries';

const MOST_ROWS = 100;
/** Koo and Li (2016): above 0.9 excellent, above 0.75 good. */
const LEVELS = ['0', '0.5', '0.75', '0.9'] as const;

const iccOf = ({ icc }: FeatureSummary, kind: string): number | undefined => (icc as Readonly<Record<string, number>>)[kind];

const iccKinds = (features: readonly FeatureSummary[]): string[] => [...new Set(features.flatMap(({ icc }) => Object.keys(icc)))].sort();

type Chosen = { family: string; kind: string; least: string; text: string };

const passes = (one: FeatureSummary, { family, kind, least, text }: Chosen): boolean =>
  (family === '' || one.family === family) &&
  (kind === '' || least === '0' || (iccOf(one, kind) ?? -1) >= Number(least)) &&
  one.name.toLowerCase().includes(text.toLowerCase());

/** A feature's values, how many are missing, and how far they can be trusted; filtered by any of these. */
export function FeatureTable({ projectId, cohortId, setId }: { projectId: string; cohortId: string; setId: string }) {
  const t = useT();
  const [chosen, setChosen] = useState<Chosen>({ family: '', kind: 'perturbation', least: '0', text: '' });
  const query = useQuery({
    queryKey: keys.featureList(cohortId, setId),
    queryFn: () => all<FeatureSummary>(`${cohortPath(projectId, cohortId)}/feature-sets/${setId}/features`),
  });
  if (query.isPending) return <Loading />;
  if (query.isError) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  const kinds = iccKinds(query.data);
  const families = [...new Set(query.data.map(({ family }) => family))].sort();
  const kind = kinds.includes(chosen.kind) ? chosen.kind : (kinds[0] ?? '');
  const passing = query.data.filter((one) => passes(one, { ...chosen, kind }));
  const columns = [
    ...(['feature', 'image', 'family'] as const).map((name) => t(`cohort.features.${name}`)),
    ...kinds.map((one) => ({ number: t('cohort.features.icc', { kind: kindText(one, t) }) })),
    { number: t('cohort.features.missing') },
  ];
  return (
    <>
      <div className={css.tools}>
        <Input
          name={t('cohort.features.search')}
          type="search"
          placeholder={t('cohort.features.search')}
          value={chosen.text}
          onChange={(text) => setChosen({ ...chosen, text })}
        />
        <Select
          name={t('cohort.features.family')}
          value={chosen.family}
          choices={[{ value: '', label: t('cohort.features.anyFamily') }, ...families.map((value) => ({ value, label: value }))]}
          onChange={(family) => setChosen({ ...chosen, family })}
        />
        {kinds.length > 0 && (
          <>
            <Select
              name={t('cohort.features.iccKind')}
              value={kind}
              choices={kinds.map((value) => ({ value, label: t('cohort.features.icc', { kind: kindText(value, t) }) }))}
              onChange={(value) => setChosen({ ...chosen, kind: value })}
            />
            <Select
              name={t('cohort.features.iccLeast')}
              value={chosen.least}
              choices={LEVELS.map((value) => ({ value, label: value === '0' ? t('cohort.features.anyIcc') : t('cohort.features.atLeast', { n: value }) }))}
              onChange={(least) => setChosen({ ...chosen, least })}
            />
          </>
        )}
        <span role="status">{t('cohort.features.passing', { n: passing.length, total: query.data.length })}</span>
      </div>
      {kinds.length === 0 && <p className={css.note}>{t('cohort.features.noIcc')}</p>}
      <table className={layout.table}>
        <TableHead columns={columns} />
        <tbody>
          {passing.slice(0, MOST_ROWS).map((one) => (
            <tr key={one.name}>
              <td>
                <code>{one.name}</code>
              </td>
              <td>{one.image}</td>
              <td>{one.family}</td>
              {kinds.map((name) => (
                <td key={name} className={layout.number}>
                  {formatRatio(iccOf(one, name), 2)}
                </td>
              ))}
              <td className={layout.number}>{one.missing}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {passing.length > MOST_ROWS && <p className={css.note}>{t('cohort.features.first', { n: MOST_ROWS })}</p>}
    </>
  );
}

/** What an ICC was measured between. */
export function kindText(kind: string, t: ReturnType<typeof useT>): string {
  const known = (['perturbation', 'ai', 'readers'] as const).find((one) => one === kind);
  return known === undefined ? kind : t(`cohort.icc.${known}`);
}
