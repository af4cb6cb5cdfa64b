import type { Consensus, ConsensusResults } from '../../api/types';
import { useT } from '../../i18n';
import css from './consensus.module.css';

const figure = (value: number | null, digits = 2): string => (value === null ? '–' : value.toFixed(digits));

type Overlap = ConsensusResults['agreement']['pairs'][number] | ConsensusResults['agreement']['readers'][number]['against_others'];

function Figures({ of }: { of: Overlap }) {
  return (
    <>
      <td>{figure(of?.dice ?? null)}</td>
      <td>{figure(of?.surface_dice ?? null)}</td>
      <td>{figure(of?.hd95_mm ?? null, 1)}</td>
      <td>{figure(of?.kappa ?? null)}</td>
    </>
  );
}

/** Agreement in pairs, and of each reader with the others. */
export function AgreementTable({ task, results }: { task: Consensus; results: ConsensusResults }) {
  const t = useT();
  const { agreement } = results;
  const nameOf = (id: string): string => task.readers.find(({ user }) => user.id === id)?.user.display_name ?? id;
  const head = (
    <tr>
      <th aria-label={t('consensus.reader')} />
      <th>{t('consensus.dice')}</th>
      <th title={t('consensus.surface.hint', { n: agreement.tolerance_mm })}>{t('consensus.surface')}</th>
      <th>{t('consensus.hd95')}</th>
      <th title={t('consensus.kappa.hint', { n: agreement.region_ml.toFixed(0) })}>κ</th>
    </tr>
  );
  return (
    <table className={css.table} data-testid="agreement">
      <caption>
        {t('consensus.overall', { dice: figure(agreement.mean_dice), kappa: figure(agreement.fleiss_kappa) })}
      </caption>
      <thead>{head}</thead>
      <tbody>
        {agreement.pairs.map((pair) => (
          <tr key={`${pair.first} ${pair.second}`}>
            <th>{`${nameOf(pair.first)} – ${nameOf(pair.second)}`}</th>
            <Figures of={pair} />
          </tr>
        ))}
      </tbody>
      <tbody>
        {agreement.readers.map((one) => (
          <tr key={one.reader}>
            <th title={t('consensus.rates', { p: figure(one.sensitivity), q: figure(one.specificity, 3) })}>
              {t('consensus.against', { name: nameOf(one.reader), ml: one.volume_ml.toFixed(1) })}
            </th>
            <Figures of={one.against_others} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}
