import type { ReaderDesign } from '../../api/types';
import { useT } from '../../i18n';
import { Caution, Progress as Bar } from '../../ui/feedback';
import { formatTime } from '../../ui/format';
import { layout, Section, TableHead } from '../../ui/layout';

/** How far each reader is, and who tried to see what readers must not. */
export function Progress({ design }: { design: ReaderDesign }) {
  const t = useT();
  const columns = [t('reading.code'), t('reading.reader'), t('reading.level'), t('reading.progress'), { number: t('reading.finished') }, t('reading.last')];
  return (
    <>
      <Section title={t('reading.readers')} note={t('reading.progressNote', { cases: design.case_list.length, positive: design.case_list.filter((one) => one.positive).length })}>
        <table className={layout.table}>
          <TableHead columns={columns} />
          <tbody>
            {design.reader_list.map((one) => (
              <tr key={one.user_id}>
                <td>{one.code}</td>
                <td>{one.name}</td>
                <td>{t(`reading.level.${one.level ?? 'unknown'}`)}</td>
                <td>
                  <Bar value={one.readings === 0 ? 0 : one.finished / one.readings} label={`${one.code}: ${one.finished} / ${one.readings}`} />
                </td>
                <td className={layout.number}>{`${one.finished} / ${one.readings}`}</td>
                <td>{one.last_finished_at === null ? '–' : formatTime(one.last_finished_at)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Section>
      {design.incidents.length > 0 && (
        <Caution>
          <b>{t('reading.incidents', { n: design.incidents.length })}</b>
          <ul>
            {design.incidents.map((one) => (
              <li key={`${one.at} ${one.code} ${one.kind}`}>{`${formatTime(one.at)} ${one.code}: ${t(`reading.incident.${one.kind}`)}`}</li>
            ))}
          </ul>
        </Caution>
      )}
    </>
  );
}
