import { useT } from '../../i18n';
import { classes } from '../../ui/controls';
import { Icon } from '../../ui/icons';
import { doseAt, doseAtCc, shareAt, type Dvh } from '../../lib/dvh';
import { volumeText } from '../labels/structure-list';
import { useWorkspace } from '../labels/workspace';
import type { Curve } from './curves';
import type { Hover } from './dvh-chart';
import css from './dvh.module.css';

/** The near-maximum dose is that of so many cm³. */
const SMALL_CC = 0.03;

export const DOSES: readonly { readonly name: string; readonly of: (dvh: Dvh) => number }[] = [
  { name: 'Dmin', of: (dvh) => dvh.minGy },
  { name: 'Dmean', of: (dvh) => dvh.meanGy },
  { name: 'Dmax', of: (dvh) => dvh.maxGy },
  { name: 'D98%', of: (dvh) => doseAt(dvh, 0.98) },
  { name: 'D95%', of: (dvh) => doseAt(dvh, 0.95) },
  { name: 'D50%', of: (dvh) => doseAt(dvh, 0.5) },
  { name: 'D2%', of: (dvh) => doseAt(dvh, 0.02) },
  { name: `D${SMALL_CC}cc`, of: (dvh) => doseAtCc(dvh, SMALL_CC) },
];

/** Gray to a hundredth; a dash where there is no number. */
export const grayText = (gy: number): string => (Number.isFinite(gy) ? gy.toFixed(2) : '–');
export const percentText = (share: number): string => (Number.isFinite(share) ? (100 * share).toFixed(1) : '–');
/** A whole per cent that says 100 only where everything is inside. */
export const coveredText = (covered: number): string => String(covered === 1 ? 100 : Math.min(99, Math.floor(100 * covered)));

function Name({ curve }: { curve: Curve }) {
  const t = useT();
  const { scene } = useWorkspace();
  const { kind, revision, name, colour, structureId, dvh } = curve;
  const said = kind === 'now' ? name : kind === 'saved' ? t('dvh.saved', { n: revision ?? 0 }) : t('dvh.compared');
  return (
    <th scope="row">
      <button type="button" className={css.name} title={said} onClick={() => scene.set({ activeId: structureId })}>
        <i className={classes(css.sample, css[kind])} style={{ borderColor: colour }} />
        <span>{said}</span>
        {dvh !== null && dvh.covered < 1 && (
          <em title={t('dvh.covered.hint')}>
            <Icon name="alert" size={11} /> {t('dvh.covered', { percent: coveredText(dvh.covered) })}
          </em>
        )}
      </button>
    </th>
  );
}

function Row({ curve, hover, onHover }: { curve: Curve; hover: Hover | null; onHover: (key: string | null) => void }) {
  const { dvh, kind, active, key, name } = curve;
  const at = hover?.gy ?? null;
  return (
    <tr
      className={classes(active && css.active, kind !== 'now' && css.other, hover?.key === key && css.pointed)}
      data-curve={`${name} ${kind}`}
      onPointerEnter={() => onHover(key)}
      onPointerLeave={() => onHover(null)}
    >
      <Name curve={curve} />
      <td>{dvh === null ? '…' : volumeText(dvh.totalCc)}</td>
      {DOSES.map(({ name: quantity, of }) => (
        <td key={quantity} data-quantity={quantity}>
          {dvh === null ? '' : grayText(of(dvh))}
        </td>
      ))}
      <td className={css.at}>{dvh === null || at === null ? '' : percentText(shareAt(dvh, at))}</td>
    </tr>
  );
}

type Props = { curves: readonly Curve[]; hover: Hover | null; onHover: (key: string | null) => void };

/** What is read off the curves most, one line each. */
export function DvhTable({ curves, hover, onHover }: Props) {
  const t = useT();
  const at = hover?.gy ?? null;
  return (
    <div className={css.table}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('viewer.structure')}</th>
            <th scope="col">cc</th>
            {DOSES.map(({ name }) => (
              <th key={name} scope="col">
                <DoseName name={name} />
              </th>
            ))}
            <th scope="col" className={css.at} title={t('dvh.at.hint')}>
              V{at !== null && <sub>{at.toFixed(1)}Gy</sub>} %
            </th>
          </tr>
        </thead>
        <tbody>
          {curves.map((curve) => (
            <Row key={curve.key} curve={curve} hover={hover} onHover={onHover} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** `D` with its index below the line, as ICRU 83 prints it. */
const DoseName = ({ name }: { name: string }) => (
  <>
    D<sub>{name.slice(1)}</sub>
  </>
);
