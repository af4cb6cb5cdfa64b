import { Button, Input, Select } from '../../ui/controls';
import { useT } from '../../i18n';
import css from './derive.module.css';
import { readMm, SIDES, spread, type MarginForm } from './expression';

const DIRECTIONS = ['none', 'grow', 'shrink'] as const;

type Props = { line: string; margin: MarginForm; required?: boolean; onChange: (margin: MarginForm) => void };

/** A number of millimetres in a form. */
export function Millimetres({ name, value, onChange }: { name: string; value: string; onChange: (value: string) => void }) {
  return (
    <span className={css.number}>
      <Input name={name} inputMode="decimal" autoComplete="off" value={value} aria-invalid={readMm(value) === null} onChange={onChange} />
      mm
    </span>
  );
}

/** None, or one number, or one for each side of the patient. */
export function MarginFields({ line, margin, required = false, onChange }: Props) {
  const t = useT();
  const { direction, mm, sides } = margin;
  const choices = DIRECTIONS.filter((one) => !required || one !== 'none');
  return (
    <>
      <span className={css.direction}>
        <Select
          name={`${line}: ${t('derive.margin')}`}
          value={direction}
          choices={choices.map((value) => ({ value, label: t(`derive.margin.${value}`) }))}
          onChange={(value) => onChange({ ...margin, direction: value as MarginForm['direction'] })}
        />
      </span>
      {direction !== 'none' && sides === null && (
        <Millimetres name={`${line}: ${t('derive.margin.mm')}`} value={mm} onChange={(value) => onChange({ ...margin, mm: value })} />
      )}
      {direction !== 'none' && (
        <Button
          small
          title={t('derive.margin.sides.hint')}
          aria-label={`${line}: ${t('derive.margin.sides')}`}
          aria-pressed={sides !== null}
          className={sides === null ? '' : css.pressed}
          onClick={() => onChange({ ...margin, sides: sides === null ? spread(mm) : null })}
        >
          {t('derive.margin.sides')}
        </Button>
      )}
      {direction !== 'none' && sides !== null && (
        <span className={css.sides}>
          {SIDES.map((side) => (
            <label key={side}>
              {t(`derive.side.${side}`)}
              <Millimetres
                name={`${line}: ${t('derive.side.mm', { side: t(`derive.side.${side}`) })}`}
                value={sides[side]}
                onChange={(value) => onChange({ ...margin, sides: { ...sides, [side]: value } })}
              />
            </label>
          ))}
        </span>
      )}
    </>
  );
}
