import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type ChangeEvent } from 'react';
import { api } from '../../api/client';
import type { ReaderDesign, StudyRow } from '../../api/types';
import { useT } from '../../i18n';
import { Button, Select } from '../../ui/controls';
import { ErrorNote, Loading } from '../../ui/feedback';
import { formatDate, formatPersonName } from '../../ui/format';
import { layout, Section, TableHead } from '../../ui/layout';
import { readingKeys, studyPath, useProjectStudies } from './queries';
import css from './readings.module.css';
import { readTruth, type Lesion } from './truth';

type Word = 'out' | 'negative' | 'positive';
const WORDS: readonly Word[] = ['out', 'negative', 'positive'];
type Props = { projectId: string; design: ReaderDesign; onSaved: () => void };
type Case = { study_id: string; series_id?: string; positive: boolean; lesions: Lesion[] | null };

function File({ label, hint, onText }: { label: string; hint: string; onText: (text: string) => void }) {
  const read = (event: ChangeEvent<HTMLInputElement>): void => {
    const file = event.target.files?.[0];
    event.target.value = '';
    if (file !== undefined) void file.text().then(onText);
  };
  return (
    <label className={css.file}>
      <span>{label}</span>
      <input type="file" accept=".csv,text/csv" onChange={read} />
      <code>{hint}</code>
    </label>
  );
}

/** Which studies are cases, and their truth; with a table of lesions the truth is known by lesion. */
export function CasesEditor({ projectId, design, onSaved }: Props) {
  const t = useT();
  const client = useQueryClient();
  const studies = useProjectStudies(projectId);
  const [words, setWords] = useState<ReadonlyMap<string, Word>>(
    new Map(design.case_list.map((one) => [one.study_id, one.positive ? 'positive' : 'negative'])),
  );
  const [lesions, setLesions] = useState<ReadonlyMap<string, Lesion[]> | null>(
    design.case_list.some((one) => one.lesions !== null) ? new Map(design.case_list.map((one) => [one.study_id, one.lesions ?? []])) : null,
  );
  const [wrongLine, setWrongLine] = useState<number | null>(null);
  const known = new Map(design.case_list.map((one) => [one.study_id, one.series_id]));
  const keep = (next: ReaderDesign): void => {
    client.setQueryData(readingKeys.design(design.id), next);
  };
  const saved = (next: ReaderDesign): void => {
    keep(next);
    onSaved();
  };
  const save = useMutation({ mutationFn: (cases: Case[]) => api.put<ReaderDesign>(`${studyPath(projectId, design.id)}/cases`, { cases }), onSuccess: saved });
  const mark = useMutation({ mutationFn: (csv: string) => api.put<ReaderDesign>(`${studyPath(projectId, design.id)}/candidates`, { csv }), onSuccess: keep });
  if (studies.isPending) return <Loading />;
  if (studies.isError) return <ErrorNote error={studies.error} />;
  const truth = (text: string): void => {
    const found = readTruth(text, new Set(studies.data.map(({ id }) => id)));
    setWrongLine(found.wrongLine);
    if (found.wrongLine !== null) return;
    setLesions(found.lesions);
    setWords(new Map([...words, ...[...found.lesions.keys()].map((id) => [id, 'positive'] as const)]));
  };
  const cases = studies.data.flatMap(({ id }): Case[] => {
    const word = words.get(id) ?? 'out';
    if (word === 'out') return [];
    const series = known.get(id);
    return [{ study_id: id, ...(series === undefined ? {} : { series_id: series }), positive: word === 'positive', lesions: lesions === null ? null : (lesions.get(id) ?? []) }];
  });
  const candidates = design.case_list.reduce((sum, one) => sum + one.candidates, 0);
  return (
    <Section
      title={t('reading.cases')}
      note={t('reading.casesNote', { n: cases.length, positive: cases.filter((one) => one.positive).length })}
      actions={
        <Button look="primary" small disabled={save.isPending} onClick={() => save.mutate(cases)}>
          {t('reading.saveCases')}
        </Button>
      }
    >
      <div className={css.files}>
        <File label={t('reading.truthFile')} hint="study_id,x_mm,y_mm,z_mm,radius_mm" onText={truth} />
        <File label={t('reading.marksFile', { n: candidates })} hint="study_id,x_mm,y_mm,z_mm,confidence" onText={(text) => mark.mutate(text)} />
        {wrongLine !== null && <p role="alert">{t('reading.wrongLine', { n: wrongLine })}</p>}
        {save.error !== null && <ErrorNote error={save.error} />}
        {mark.error !== null && <ErrorNote error={mark.error} />}
      </div>
      <table className={layout.table}>
        <TableHead columns={[t('reading.patient'), t('reading.study'), t('reading.studyId'), t('reading.truth'), { number: t('reading.lesions') }]} />
        <tbody>
          {studies.data.map((one: StudyRow) => (
            <tr key={one.id}>
              <td>{formatPersonName(one.patient_name) || one.patient_id}</td>
              <td>{[formatDate(one.study_date), one.description].filter(Boolean).join(' ')}</td>
              <td>
                <code>{one.id}</code>
              </td>
              <td>
                <Select
                  name={`${t('reading.truth')}: ${one.patient_id}`}
                  value={words.get(one.id) ?? 'out'}
                  choices={WORDS.map((value) => ({ value, label: t(`reading.truth.${value}`) }))}
                  onChange={(value) => setWords(new Map([...words, [one.id, WORDS.find((word) => word === value) ?? 'out']]))}
                />
              </td>
              <td className={layout.number}>{lesions?.get(one.id)?.length ?? '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}
