import type { ExportProfile, ExportReport } from '../../api/types';
import { isKey, useT } from '../../i18n';
import { slugText } from '../../i18n/problems';
import { Icon } from '../../ui/icons';
import css from './export.module.css';
import { volumeText } from './structure-list';

type Row = ExportReport['structures'][number];

/** Structures that a reader of the file would not get voxel for voxel. */
export const differing = (rows: readonly Row[]): string[] => rows.filter(({ dice }) => dice < 1).map(({ name }) => name);

const OUTSIDE: readonly string[] = ['contour-outside-volume', 'structure-outside-volume', 'contour-clipped'];
const isOutside = ({ warnings }: Row): boolean => warnings.some(({ slug }) => OUTSIDE.includes(slug));

/** Structures of which the file holds contours, or parts of them, that no voxel of the image can show. */
export const outside = (rows: readonly Row[]): string[] => rows.filter(isOutside).map(({ name }) => name);

/** A number below one that never says 1 where something differs. */
export const diceText = (dice: number): string => (dice === 1 ? '1' : Math.min(dice, 0.9999).toFixed(4));

/** The generic profile where another's file is the same as its: only holes are written differently, all else is warned of. */
export function sameFileAs(profile: ExportProfile, profiles: readonly ExportProfile[]): ExportProfile | null {
  const generic = profiles.find(({ name }) => name === 'generic');
  return generic !== undefined && profile.name !== generic.name && profile.holes === generic.holes ? generic : null;
}

/** What a profile writes, and which of its values nothing public says. */
export function ProfileNote({ profile, profiles }: { profile: ExportProfile; profiles: readonly ExportProfile[] }) {
  const t = useT();
  const generic = sameFileAs(profile, profiles);
  const fields = profile.unsourced.map((field) => {
    const key = `viewer.export.field.${field}`;
    return isKey(key) ? t(key) : field;
  });
  return (
    <p className={css.note}>
      {t(`viewer.export.profile.hint.${profile.holes}`, { limit: profile.name_length })}
      {generic !== null && ` ${t('viewer.export.profile.hint.same', { generic: generic.title })}`}
      {fields.length > 0 && ` ${t('viewer.export.unsourced', { fields: fields.join(', ') })}`}
    </p>
  );
}

function StructureRow({ row, contours }: { row: Row; contours: boolean }) {
  const t = useT();
  return (
    <tr className={row.dice < 1 || isOutside(row) ? css.differs : undefined}>
      <th scope="row">
        {row.name}
        {row.warnings.map((one) => (
          <span key={one.slug} className={css.warn}>
            <Icon name="alert" size={12} /> {slugText(one, t)}
          </span>
        ))}
      </th>
      <td>{volumeText(row.drawn_cc)}</td>
      <td>{volumeText(row.read_cc)}</td>
      {contours && <td>{volumeText(row.enclosed_cc ?? 0)}</td>}
      <td>{diceText(row.dice)}</td>
      <td>{row.hausdorff_mm === null ? '–' : row.hausdorff_mm.toFixed(2)}</td>
      {contours && (
        <td>
          {row.contours} · {row.points}
        </td>
      )}
    </tr>
  );
}

/** What the file to be sent says when it is read again, structure by structure. */
export function ReportTable({ report }: { report: ExportReport }) {
  const t = useT();
  const contours = report.format === 'rtstruct';
  const others = differing(report.structures);
  const beyond = outside(report.structures);
  const isSame = others.length + beyond.length === 0;
  const heads = ['drawn', 'read', ...(contours ? (['enclosed'] as const) : []), 'dice', 'hausdorff', ...(contours ? (['points'] as const) : [])] as const;
  return (
    <section aria-label={t('viewer.export.check')}>
      <div role="status">
        {isSame && <p className={css.good}>{t('viewer.export.same', { n: report.structures.length })}</p>}
        {others.length > 0 && <p className={css.warn}>{t('viewer.export.differs', { names: others.join(', ') })}</p>}
        {beyond.length > 0 && <p className={css.warn}>{t('viewer.export.outside', { names: beyond.join(', ') })}</p>}
      </div>
      <div className={css.table}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t('viewer.export.check.structure')}</th>
              {heads.map((head) => (
                <th key={head} scope="col">
                  {t(`viewer.export.check.${head}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {report.structures.map((row) => (
              <StructureRow key={row.number} row={row} contours={contours} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
