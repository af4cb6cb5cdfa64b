import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'react-router';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { MeanFigure, Network, NetworkVersion, VersionComparison } from '../../api/types';
import { useT } from '../../i18n';
import { Select } from '../../ui/controls';
import { ErrorNote, Loading } from '../../ui/feedback';
import { formatRatio, formatSigned } from '../../ui/format';
import { layout, Section } from '../../ui/layout';
import { versionName } from './queries';
import { SignedOff } from './signature';
import css from './training.module.css';

type Form = (value: number) => string;

/** A mean with its interval; the interval says nothing of fewer than three patients. */
function meanText(found: MeanFigure | null, form: Form): string {
  if (found === null) return '–';
  return found.n < 3 ? form(found.mean) : `${form(found.mean)} (${form(found.ci_low)} … ${form(found.ci_high)})`;
}

function Figures({ comparison }: { comparison: VersionComparison }) {
  const t = useT();
  const { base, other, figures } = comparison;
  return (
    <table className={layout.table}>
      <thead>
        <tr>
          <th scope="col">{t('training.column.structure')}</th>
          {[base, other].map((version, place) => (
            <th key={place} scope="col" className={layout.number}>
              {t('training.diceOf', { version: versionName(version) })}
            </th>
          ))}
          <th scope="col" className={layout.number}>
            {t('training.pairedDifference')}
          </th>
          <th scope="col" className={layout.number}>
            {t('training.column.n')}
          </th>
        </tr>
      </thead>
      <tbody>
        {figures.map((row) => (
          <tr key={row.structure}>
            <td>{row.structure}</td>
            <td className={layout.number}>{meanText(row.base, formatRatio)}</td>
            <td className={layout.number}>{meanText(row.other, formatRatio)}</td>
            <td className={layout.number}>{meanText(row.paired, formatSigned)}</td>
            <td className={layout.number}>{row.paired?.n ?? `${row.base?.n ?? 0} / ${row.other?.n ?? 0}`}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const valueText = (value: unknown): string => (value === null ? '–' : JSON.stringify(value));

function Differences({ comparison }: { comparison: VersionComparison }) {
  const t = useT();
  const { base, other, differences } = comparison;
  if (differences.length === 0) return <p className={css.note}>{t('training.manifestSame')}</p>;
  return (
    <table className={layout.table}>
      <thead>
        <tr>
          <th scope="col">{t('training.manifestValue')}</th>
          <th scope="col">{versionName(base)}</th>
          <th scope="col">{versionName(other)}</th>
        </tr>
      </thead>
      <tbody>
        {differences.map((row) => (
          <tr key={row.path}>
            <td>
              <code>{row.path}</code>
            </td>
            <td className={layout.wrap}>
              <code>{valueText(row.base)}</code>
            </td>
            <td className={layout.wrap}>
              <code>{valueText(row.other)}</code>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function SideBySide({ projectId, base, other }: { projectId: string; base: string; other: string }) {
  const t = useT();
  const query = useQuery({
    queryKey: keys.comparison(projectId, base, other),
    queryFn: () => api.get<VersionComparison>(`/projects/${projectId}/network-versions/${base}/beside/${other}`),
  });
  if (query.isPending) return <Loading />;
  if (query.isError) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  const comparison = query.data;
  return (
    <>
      <p className={css.signatures}>
        {[comparison.base, comparison.other].map((version, place) => (
          <span key={place}>
            {versionName(version)} <SignedOff projectId={projectId} version={version} />
          </span>
        ))}
      </p>
      {!comparison.figures.some(({ paired }) => paired !== null) && <p className={css.note}>{t('training.notPaired')}</p>}
      <Figures comparison={comparison} />
      <h3 className={css.heading}>{t('training.manifests')}</h3>
      <Differences comparison={comparison} />
    </>
  );
}

/** Two versions that read the same modality, side by side; which ones stands in the address. */
export function CompareVersions({ projectId, networks }: { projectId: string; networks: readonly Network[] }) {
  const t = useT();
  const [search, setSearch] = useSearchParams();
  const versions = networks.flatMap((network) => network.versions);
  const beside = (one: NetworkVersion) => versions.filter((two) => two.id !== one.id && two.modality === one.modality);
  const bases = versions.filter((one) => beside(one).length > 0);
  const base = bases.find(({ id }) => id === search.get('base')) ?? bases[1];
  if (base === undefined) return null;
  const others = beside(base);
  const other = others.find(({ id }) => id === search.get('other')) ?? others[0];
  if (other === undefined) return null;
  const choose = (side: 'base' | 'other') => (value: string) =>
    setSearch({ tab: 'networks', base: base.id, other: other.id, [side]: value }, { replace: true });
  const choices = (of: readonly NetworkVersion[]) => of.map((one) => ({ value: one.id, label: versionName(one) }));
  return (
    <Section
      title={t('training.compare')}
      note={t('training.compareNote')}
      actions={
        <div className={css.pair}>
          <Select name={t('training.compareBase')} value={base.id} choices={choices(bases)} onChange={choose('base')} />
          <Select name={t('training.compareOther')} value={other.id} choices={choices(others)} onChange={choose('other')} />
        </div>
      }
    >
      <SideBySide projectId={projectId} base={base.id} other={other.id} />
    </Section>
  );
}
