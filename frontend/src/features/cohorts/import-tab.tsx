import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState, type DragEvent } from 'react';
import { useNavigate } from 'react-router';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { Cohort, DictionaryEntry, TablePreview } from '../../api/types';
import { useT } from '../../i18n';
import { Button, classes } from '../../ui/controls';
import { Caution, ErrorNote, Loading } from '../../ui/feedback';
import { Icon } from '../../ui/icons';
import { Section } from '../../ui/layout';
import { notify } from '../../ui/toast';
import { useUnsaved } from '../../ui/unsaved';
import css from './cohorts.module.css';
import { parseCsv, toBase64 } from './csv';
import { DictionaryEditor } from './dictionary-editor';
import { PreviewTable } from './preview-table';
import { cohortPath } from './queries';

type Picked = { name: string; bytes: Uint8Array<ArrayBuffer>; csv: string };
const SETTLE_MS = 500;

/** The browser's name of an encoding that the server found. */
const decoderName = (encoding: TablePreview['encoding'] | undefined): string | undefined =>
  encoding === 'utf-8-sig' ? 'utf-8' : encoding;

/** The value as it was a moment ago, so that typing does not ask at every key. */
function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(value), SETTLE_MS);
    return () => window.clearTimeout(timer);
  }, [value]);
  return settled;
}

function PickFile({ replacing, onPick }: { replacing: boolean; onPick: (picked: Picked) => void }) {
  const t = useT();
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const take = (file: File | undefined): void => {
    if (file === undefined) return;
    file.arrayBuffer().then(
      (buffer) => {
        const bytes = new Uint8Array(buffer);
        onPick({ name: file.name, bytes, csv: toBase64(bytes) });
      },
      () => notify(t('import.unreadable'), true),
    );
  };
  const hold = (event: DragEvent): void => {
    event.preventDefault();
    setOver(event.type === 'dragover');
  };
  return (
    <div
      className={classes(css.drop, replacing && css.small, over && css.over)}
      onDragOver={hold}
      onDragLeave={hold}
      onDrop={(event) => {
        hold(event);
        take(event.dataTransfer.files[0]);
      }}
    >
      {!replacing && <Icon name="upload" size={22} />}
      <p>{t(replacing ? 'cohort.import.dropAgain' : 'cohort.import.drop')}</p>
      <Button look={replacing ? 'plain' : 'primary'} onClick={() => input.current?.click()}>
        {t('cohort.import.choose')}
      </Button>
      <input
        ref={input}
        type="file"
        accept=".csv,text/csv,.txt,.tsv"
        hidden
        aria-label={t('cohort.import.choose')}
        onChange={(event) => {
          take(event.target.files?.[0]);
          event.target.value = '';
        }}
      />
      {!replacing && <small>{t('cohort.import.needs')}</small>}
    </div>
  );
}

type CheckProps = { projectId: string; cohort: Cohort; picked: Picked; turn: number; onStored: () => void };

function Checked({ projectId, cohort, picked, turn, onStored }: CheckProps) {
  const t = useT();
  const client = useQueryClient();
  const [mine, setMine] = useState<DictionaryEntry[] | null>(null);
  const settled = useSettled(mine);
  const path = `${cohortPath(projectId, cohort.id)}/table`;
  const body = { file_name: picked.name, csv: picked.csv };
  const preview = useQuery({
    queryKey: ['cohort-preview', cohort.id, turn, settled],
    queryFn: () => api.post<TablePreview>(`${path}/preview`, { ...body, dictionary: settled }),
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: Infinity,
    gcTime: 0,
  });
  const dictionary = mine ?? preview.data?.dictionary ?? [];
  const store = useMutation({
    mutationFn: () => api.put<TablePreview>(path, { ...body, dictionary }),
    onSuccess: async () => {
      await Promise.all([
        client.invalidateQueries({ queryKey: ['cohorts'] }),
        client.invalidateQueries({ queryKey: keys.cohort(cohort.id) }),
      ]);
      onStored();
    },
  });
  useUnsaved(!store.isSuccess);
  const [encoding, separator] = [decoderName(preview.data?.encoding), preview.data?.separator];
  const table = useMemo(
    () => (encoding === undefined || separator === undefined ? [] : parseCsv(new TextDecoder(encoding).decode(picked.bytes), separator)),
    [encoding, separator, picked.bytes],
  );
  if (preview.isPending) return <Loading />;
  if (preview.isError && mine === null) return <ErrorNote error={preview.error} retry={() => void preview.refetch()} />;
  const checking = mine !== settled || preview.isFetching;
  const issues = preview.data?.issues ?? [];
  const clean = !checking && !preview.isError && issues.length === 0;
  return (
    <>
      <Section title={t('cohort.import.columns')} note={t('cohort.import.columnsNote')}>
        <DictionaryEditor entries={dictionary} issues={issues} onChange={setMine} />
      </Section>
      <Section
        title={t('cohort.import.check')}
        note={t('cohort.import.rows', { file: picked.name, n: preview.data?.rows ?? 0 })}
        actions={
          <Button look="primary" disabled={!clean || store.isPending} onClick={() => store.mutate()}>
            {t('cohort.import.store', { n: preview.data?.rows ?? 0 })}
          </Button>
        }
      >
        {preview.isError && <ErrorNote error={preview.error} retry={() => void preview.refetch()} />}
        {store.error !== null && <ErrorNote error={store.error} />}
        <p className={css.verdict} role="status">
          {checking ? (
            t('cohort.import.checking')
          ) : issues.length === 0 ? (
            <span className={css.good}>{t('cohort.import.clean')}</span>
          ) : (
            <span className={css.bad}>{t('cohort.import.issues', { n: preview.data?.issue_count ?? issues.length })}</span>
          )}
        </p>
        <PreviewTable table={table} dictionary={dictionary} issues={issues} />
      </Section>
    </>
  );
}

/** A CSV file is looked at, its columns are explained, its errors are shown at their cells; only a clean one is stored. */
export function ImportTab({ projectId, cohort }: { projectId: string; cohort: Cohort }) {
  const t = useT();
  const navigate = useNavigate();
  const [picked, setPicked] = useState<Picked | null>(null);
  const [turn, setTurn] = useState(0);
  const stored = cohort.patients > 0;
  return (
    <>
      <Section title={t('cohort.import.title')} note={t('cohort.import.note')} padded>
        {stored && picked !== null && <Caution>{t('cohort.import.replaces', { n: cohort.patients })}</Caution>}
        <PickFile
          replacing={picked !== null}
          onPick={(file) => {
            setPicked(file);
            setTurn(turn + 1);
          }}
        />
      </Section>
      {picked !== null && (
        <Checked
          key={turn}
          projectId={projectId}
          cohort={cohort}
          picked={picked}
          turn={turn}
          onStored={() => {
            notify(t('cohort.import.stored'));
            setPicked(null);
            void navigate(`/cohorts/${cohort.id}?tab=patients`);
          }}
        />
      )}
    </>
  );
}
