import { Link } from 'react-router';
import { useT } from '../../i18n';
import { Badge, Caution } from '../../ui/feedback';
import { formatRatio, formatSigned } from '../../ui/format';
import { layout, Section, TableHead } from '../../ui/layout';
import { seriesColour } from '../training/colours';
import { ChoicePlot } from './choice-plot';
import css from './cohorts.module.css';
import { HeatMap } from './heat-map';
import { Fold } from './fold';
import { formatP } from './figures';
import { heatOf, type Associated, type SubtypesResults } from './subtypes';

const MOST_FEATURES = 25;

type ViewProps = { results: SubtypesResults; cohortId: string };

function Verdict({ results }: { results: SubtypesResults }) {
  const t = useT();
  const { k, counts, significance } = results;
  const said = { k, n: counts.clustered, features: counts.features_used, p: formatP(significance.p), alpha: significance.alpha, simulations: significance.simulations };
  if (!results.clusters_found) {
    return (
      <Caution>
        <b>{t('cohort.subtypes.nothing')}</b> {t('cohort.subtypes.nothingWhy', said)}
      </Caution>
    );
  }
  return (
    <p className={css.lead}>
      <b>{t('cohort.subtypes.found', said)}</b> {t('cohort.subtypes.foundWhy', said)}
    </p>
  );
}

function Clusters({ results }: { results: SubtypesResults }) {
  const t = useT();
  const widths = (cluster: number): number => {
    const inside = results.patients.filter((one) => (one.subtype ?? one.candidate) === cluster && typeof one.silhouette === 'number');
    return inside.reduce((sum, one) => sum + (one.silhouette ?? 0), 0) / Math.max(1, inside.length);
  };
  const inTest = (cluster: number): number => results.patients.filter((one) => one.role === 'test' && one.subtype === cluster).length;
  const columns = [t('cohort.subtypes.subtype'), ...(['size', 'test', 'silhouette', 'jaccard'] as const).map((name) => ({ number: t(`cohort.subtypes.${name}`) })), t('cohort.subtypes.stable')];
  return (
    <table className={layout.table}>
      <TableHead columns={columns} />
      <tbody>
        {results.clusters.map(({ cluster, size, jaccard, stable }) => (
          <tr key={cluster}>
            <td>
              <i className={layout.swatch} style={{ background: seriesColour(cluster - 1) }} />
              {cluster}
            </td>
            <td className={layout.number}>{size}</td>
            <td className={layout.number}>{inTest(cluster)}</td>
            <td className={layout.number}>{formatRatio(widths(cluster), 2)}</td>
            <td className={layout.number}>{formatRatio(jaccard, 2)}</td>
            <td>
              <Badge tone={stable ? 'good' : 'warn'}>{t(stable ? 'cohort.subtypes.isStable' : 'cohort.subtypes.isUnstable')}</Badge>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function cellText(one: Associated, subtype: number): string {
  const found = one.by_subtype.find((part) => part.subtype === subtype);
  if (found === undefined) return '–';
  if (found.counts !== undefined) {
    return Object.entries(found.counts)
      .map(([name, n]) => `${name} ${n}`)
      .join(', ');
  }
  return `${formatRatio(found.median, 1)} (${formatRatio(found.q1, 1)}–${formatRatio(found.q3, 1)})`;
}

/** Clinical variables by subtype: median with quartiles, or counts. */
function Clinical({ results }: { results: SubtypesResults }) {
  const t = useT();
  const clusters = results.clusters.map(({ cluster }) => cluster);
  const columns = [
    t('cohort.variable'),
    ...clusters.map((cluster) => t('cohort.subtypes.number', { n: cluster })),
    t('cohort.test'),
    { number: 'p' },
    { number: t('cohort.q') },
  ];
  return (
    <table className={layout.table}>
      <TableHead columns={columns} />
      <tbody>
        {results.clinical.map((one) => (
          <tr key={one.column}>
            <td>
              {one.column} {one.unit !== '' && <span className={layout.muted}>{one.unit}</span>}
            </td>
            {clusters.map((cluster) => (
              <td key={cluster} className={layout.wrap}>
                {cellText(one, cluster)}
              </td>
            ))}
            <td>{one.test ?? t('cohort.untested')}</td>
            <td className={layout.number}>{formatP(one.p)}</td>
            <td className={layout.number}>{formatP(one.q)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Characteristics({ results }: { results: SubtypesResults }) {
  const t = useT();
  const clusters = results.clusters.map(({ cluster }) => cluster);
  const columns = [
    t('cohort.features.feature'),
    ...clusters.map((cluster) => ({ number: t('cohort.subtypes.difference', { n: cluster }) })),
    { number: t('cohort.q') },
  ];
  return (
    <>
      <table className={layout.table}>
        <TableHead columns={columns} />
        <tbody>
          {results.characteristics.slice(0, MOST_FEATURES).map((one) => (
            <tr key={one.feature}>
              <td>
                <code>{one.feature}</code>
              </td>
              {clusters.map((cluster, index) => {
                const value = one.difference[index] ?? null;
                return (
                  <td key={cluster} className={layout.number}>
                    {value === null ? '–' : formatSigned(value, 2)}
                  </td>
                );
              })}
              <td className={layout.number}>{formatP(one.q)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className={css.note}>{t('cohort.subtypes.characteristicsNote')}</p>
    </>
  );
}

function Patients({ results, cohortId }: ViewProps) {
  const t = useT();
  const columns = [t('cohort.patient'), t('cohort.role'), t('cohort.subtypes.subtype'), { number: t('cohort.subtypes.silhouette') }, { number: t('cohort.subtypes.consensus') }];
  return (
    <table className={layout.table}>
      <TableHead columns={columns} />
      <tbody>
        {results.patients.map((one) => (
          <tr key={one.patient}>
            <td>
              <Link to={`/cohorts/${cohortId}?tab=patients&patient=${encodeURIComponent(one.patient)}`}>{one.patient}</Link>
            </td>
            <td>{t(`cohort.role.${one.role}`)}</td>
            <td>{one.subtype ?? '–'}</td>
            <td className={layout.number}>{formatRatio(one.silhouette, 2)}</td>
            <td className={layout.number}>{formatRatio(one.consensus, 2)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** How far the subtypes by other contours are the same: of an AI's contours, say. */
function Agreement({ agreement }: { agreement: NonNullable<SubtypesResults['agreement']> }) {
  const t = useT();
  const { n, same, only_a, only_b, kappa, adjusted_rand } = agreement;
  return (
    <Section title={t('cohort.subtypes.agreement')} padded>
      <p className={css.lead}>
        <b>{t('cohort.subtypes.agreementSame', { same, n })}</b>{' '}
        {t('cohort.subtypes.agreementSaid', { kappa: formatRatio(kappa, 2), rand: formatRatio(adjusted_rand, 2) })}{' '}
        {only_a + only_b > 0 && t('cohort.subtypes.agreementOnly', { a: only_a, b: only_b })}
      </p>
    </Section>
  );
}

/** Subtypes: whether there are any, the map, why this many, who is in which, and what goes with them. */
export function SubtypesView({ results, cohortId, consensus }: ViewProps & { consensus: string | null }) {
  const t = useT();
  const criteria = [
    { name: t('cohort.subtypes.pac'), points: results.by_k.map(({ k, pac }) => ({ x: k, y: pac })) },
    { name: t('cohort.subtypes.silhouette'), points: results.by_k.map(({ k, silhouette }) => ({ x: k, y: silhouette })) },
    { name: t('cohort.subtypes.deltaArea'), points: results.by_k.map(({ k, delta_area }) => ({ x: k, y: delta_area })) },
  ];
  const { noise } = results;
  return (
    <>
      <Section title={t('cohort.subtypes.map')} padded>
        <Verdict results={results} />
        <HeatMap data={heatOf(results, t(results.clusters_found ? 'cohort.subtypes.subtype' : 'cohort.subtypes.candidate'))} />
      </Section>
      <div className={css.halves}>
        <Section title={t('cohort.subtypes.choice')} padded>
          <ChoicePlot criteria={criteria} chosen={results.k} />
          <p className={layout.muted}>{t('cohort.subtypes.choiceNote', { k: results.k })}</p>
        </Section>
        <Section title={t(results.clusters_found ? 'cohort.subtypes.clusters' : 'cohort.subtypes.candidates')}>
          <Clusters results={results} />
          <p className={css.note}>
            {t('cohort.subtypes.jaccardNote')}{' '}
            {noise.mean !== null && t('cohort.subtypes.noise', { mean: formatRatio(noise.mean, 2), lowest: formatRatio(noise.lowest, 2), n: noise.repeats })}
          </p>
        </Section>
      </div>
      {consensus !== null && (
        <Section title={t('cohort.subtypes.consensusTitle')} note={t('cohort.subtypes.consensusNote')} padded>
          <img className={css.printedImage} src={consensus} alt={t('cohort.subtypes.consensusTitle')} loading="lazy" />
        </Section>
      )}
      {results.agreement !== undefined && <Agreement agreement={results.agreement} />}
      {results.clinical.length > 0 && (
        <Section title={t('cohort.subtypes.clinical')} note={t('cohort.qNote')}>
          <Clinical results={results} />
        </Section>
      )}
      {results.characteristics.length > 0 && (
        <Section title={t('cohort.subtypes.characteristics')}>
          <Characteristics results={results} />
        </Section>
      )}
      <Fold title={t('cohort.subtypes.patients', { n: results.patients.length })}>
        <Patients results={results} cohortId={cohortId} />
      </Fold>
    </>
  );
}
