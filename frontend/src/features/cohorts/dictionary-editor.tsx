import { useState } from 'react';
import type { DictionaryEntry, TableIssue } from '../../api/types';
import { useT } from '../../i18n';
import { Input, Select } from '../../ui/controls';
import { Badge } from '../../ui/feedback';
import { layout, TableHead } from '../../ui/layout';
import { unitText } from './cells';
import css from './cohorts.module.css';
import { codingText, parseCoding, splitMarkers } from './csv';
import { OF_ENDPOINT, READINGS, readAs, readingsOf, ROLES, TIME_UNITS, timed, withRole } from './dictionary';

type TypedProps = { name: string; text: string; placeholder?: string; onText: (text: string) => boolean };

/** Text that is understood only when it is whole: what was typed stays until then. */
function Typed({ name, text, placeholder, onText }: TypedProps) {
  const t = useT();
  const [typed, setTyped] = useState<string | null>(null);
  const [wrong, setWrong] = useState(false);
  return (
    <>
      <Input
        name={name}
        value={typed ?? text}
        placeholder={placeholder}
        aria-invalid={wrong}
        onChange={(value) => {
          setTyped(value);
          setWrong(!onText(value));
        }}
        onBlur={() => {
          if (!wrong) setTyped(null);
        }}
      />
      {wrong && <small className={css.bad}>{t('cohort.import.codingWrong')}</small>}
    </>
  );
}

type EntryProps = { entry: DictionaryEntry; onChange: (entry: DictionaryEntry) => void };
type Part = 'role' | 'nameOrEndpoint' | 'reading' | 'unit' | 'missing' | 'coding';

const useLabel = (column: string): ((part: Part) => string) => {
  const t = useT();
  return (part) => `${column}: ${t(`cohort.import.${part}`)}`;
};

function UnitField({ entry, onChange }: EntryProps) {
  const t = useT();
  const label = useLabel(entry.column)('unit');
  if (timed(entry.role)) {
    const choices = TIME_UNITS.map((value) => ({ value, label: unitText(value, t) }));
    return <Select name={label} value={entry.unit} choices={choices} onChange={(unit) => onChange({ ...entry, unit })} />;
  }
  return <Input name={label} value={entry.unit} onChange={(unit) => onChange({ ...entry, unit })} />;
}

function Meaning({ entry, onChange }: EntryProps) {
  const t = useT();
  const label = useLabel(entry.column)('nameOrEndpoint');
  if (OF_ENDPOINT.has(entry.role)) {
    return (
      <Input
        name={label}
        value={entry.endpoint}
        placeholder={t('cohort.import.endpoint')}
        onChange={(endpoint) => onChange({ ...entry, endpoint })}
      />
    );
  }
  return <Input name={label} value={entry.name} onChange={(name) => onChange({ ...entry, name })} />;
}

function EntryRow({ entry, issues, onChange }: EntryProps & { issues: number }) {
  const t = useT();
  const { column, role } = entry;
  const used = role !== 'ignore' && role !== 'patient';
  const label = useLabel(column);
  const readings = readingsOf(role);
  return (
    <tr>
      <th scope="row">
        {column} {issues > 0 && <Badge tone="bad">{t('cohort.import.issuesIn', { n: issues })}</Badge>}
      </th>
      <td>
        <Select
          name={label('role')}
          value={role}
          choices={ROLES.map((value) => ({ value, label: t(`cohort.roles.${value}`) }))}
          onChange={(value) => onChange(withRole(entry, ROLES.find((one) => one === value) ?? 'ignore'))}
        />
      </td>
      <td>{used && <Meaning entry={entry} onChange={onChange} />}</td>
      <td>
        {readings.length > 0 && (
          <Select
            name={label('reading')}
            value={readAs(entry)}
            choices={readings.map((value) => ({ value, label: t(`cohort.import.${value}`) }))}
            onChange={(value) => onChange({ ...entry, ...READINGS[readings.find((one) => one === value) ?? 'category'] })}
          />
        )}
      </td>
      <td>{(role === 'variable' || timed(role)) && <UnitField entry={entry} onChange={onChange} />}</td>
      <td>
        {used && (
          <Typed
            name={label('missing')}
            text={entry.missing.join(', ')}
            placeholder="NA, -99"
            onText={(text) => {
              onChange({ ...entry, missing: splitMarkers(text) });
              return true;
            }}
          />
        )}
      </td>
      <td>
        {role === 'event' && (
          <Typed
            name={label('coding')}
            text={codingText(entry.coding)}
            placeholder={t('cohort.import.codingEvent')}
            onText={(text) => {
              const coding = parseCoding(text);
              if (coding !== null) onChange({ ...entry, coding });
              return coding !== null;
            }}
          />
        )}
      </td>
    </tr>
  );
}

const COLUMNS = ['column', 'role', 'nameOrEndpoint', 'reading', 'unit', 'missing', 'coding'] as const;

type EditorProps = { entries: readonly DictionaryEntry[]; issues: readonly TableIssue[]; onChange: (entries: DictionaryEntry[]) => void };

/** What each column of the file is: guessed by the server, mended here. */
export function DictionaryEditor({ entries, issues, onChange }: EditorProps) {
  const t = useT();
  return (
    <table className={`${layout.table} ${css.dictionary}`}>
      <TableHead columns={COLUMNS.map((name) => t(`cohort.import.${name}`))} />
      <tbody>
        {entries.map((entry, index) => (
          <EntryRow
            key={entry.column}
            entry={entry}
            issues={issues.filter(({ column }) => column === entry.column).length}
            onChange={(changed) => onChange(entries.map((one, at) => (at === index ? changed : one)))}
          />
        ))}
      </tbody>
    </table>
  );
}
