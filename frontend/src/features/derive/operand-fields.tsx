import { useT } from '../../i18n';
import { Input, Select, type Choice } from '../../ui/controls';
import css from './derive.module.css';
import { readNumber, type OperandForm } from './expression';

type LevelProps = { line: string; operand: OperandForm; onChange: (operand: OperandForm) => void };

/** From which dose on: in gray, or in percent of a prescription. */
function Level({ line, operand, onChange }: LevelProps) {
  const t = useT();
  const number = (name: string, value: string, key: 'level' | 'prescription') => (
    <span className={css.number}>
      <Input
        name={`${line}: ${name}`}
        inputMode="decimal"
        autoComplete="off"
        value={value}
        aria-invalid={(readNumber(value, 0, Infinity) ?? 0) === 0}
        onChange={(text) => onChange({ ...operand, [key]: text })}
      />
    </span>
  );
  return (
    <span className={css.level}>
      {t('derive.level.at-least')}
      {number(t('derive.level'), operand.level, 'level')}
      <span className={css.unit}>
        <Select
          name={`${line}: ${t('derive.level.unit')}`}
          value={operand.unit}
          choices={['Gy', '%'].map((value) => ({ value, label: value }))}
          onChange={(unit) => onChange({ ...operand, unit: unit as OperandForm['unit'] })}
        />
      </span>
      {operand.unit === '%' && (
        <>
          {t('derive.level.of')}
          {number(t('derive.prescription'), operand.prescription, 'prescription')}
          Gy
        </>
      )}
    </span>
  );
}

type Props = LevelProps & { choices: Choice[]; prescriptionOf: (seriesId: string) => string };

/** A structure, or what gets a dose. */
export function OperandFields({ line, operand, choices, prescriptionOf, onChange }: Props) {
  const t = useT();
  const choose = (source: string): void => {
    const [kind, id = ''] = source.split(' ');
    const known = kind === 'isodose' && operand.prescription === '' ? { prescription: prescriptionOf(id) } : {};
    onChange({ ...operand, ...known, source });
  };
  return (
    <>
      <span className={css.source}>
        <Select
          name={`${line}: ${t('derive.operand')}`}
          value={operand.source}
          choices={operand.source === '' ? [{ value: '', label: t('derive.operand.choose') }, ...choices] : choices}
          onChange={choose}
        />
      </span>
      {operand.source.startsWith('isodose') && <Level line={line} operand={operand} onChange={onChange} />}
    </>
  );
}
