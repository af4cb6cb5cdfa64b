import { useT } from '../../i18n';
import { Button, IconButton, Select, type Choice } from '../../ui/controls';
import { Icon } from '../../ui/icons';
import css from './derive.module.css';
import { MOST_STEPS, NEW_STEP, STEP_KINDS, type Form, type StepForm, type StepKind } from './expression';
import { MarginFields, Millimetres } from './margin-fields';
import { OperandFields } from './operand-fields';

type Common = { choices: Choice[]; prescriptionOf: (seriesId: string) => string };
type StepProps = Common & { number: number; step: StepForm; onChange: (step: StepForm) => void; onRemove: () => void };

function StepLine({ number, step, choices, prescriptionOf, onChange, onRemove }: StepProps) {
  const t = useT();
  const line = t('derive.step', { n: number });
  const crops = step.kind === 'outside' || step.kind === 'inside';
  return (
    <fieldset className={css.line} aria-label={line}>
      <Select
        name={`${line}: ${t('derive.kind')}`}
        value={step.kind}
        choices={STEP_KINDS.map((value) => ({ value, label: t(`derive.op.${value}`) }))}
        onChange={(kind) => onChange({ ...step, kind: kind as StepKind })}
      />
      <div className={css.operand}>
        {step.kind === 'margin' ? (
          <MarginFields line={line} margin={step.margin} required onChange={(margin) => onChange({ ...step, margin })} />
        ) : (
          <>
            <OperandFields line={line} operand={step.operand} choices={choices} prescriptionOf={prescriptionOf} onChange={(operand) => onChange({ ...step, operand })} />
            {crops && (
              <label className={css.level}>
                {t('derive.distance.by')}
                <Millimetres name={`${line}: ${t('derive.distance')}`} value={step.mm} onChange={(mm) => onChange({ ...step, mm })} />
              </label>
            )}
            {(!crops || step.operand.margin.direction !== 'none') && (
              <MarginFields
                line={line}
                margin={step.operand.margin}
                onChange={(margin) => onChange({ ...step, operand: { ...step.operand, margin } })}
              />
            )}
          </>
        )}
      </div>
      <IconButton small name={t('derive.remove', { n: number })} onClick={onRemove}>
        <Icon name="close" />
      </IconButton>
    </fieldset>
  );
}

type Props = Common & { form: Form; onChange: (form: Form) => void };

/** The first operand, then the operations, each a line. */
export function Lines({ form, choices, prescriptionOf, onChange }: Props) {
  const t = useT();
  const { first, steps } = form;
  const line = t('derive.first');
  return (
    <div className={css.lines}>
      <fieldset className={css.line} aria-label={line}>
        <span>{line}</span>
        <div className={css.operand}>
          <OperandFields line={line} operand={first} choices={choices} prescriptionOf={prescriptionOf} onChange={(operand) => onChange({ ...form, first: operand })} />
          <MarginFields line={line} margin={first.margin} onChange={(margin) => onChange({ ...form, first: { ...first, margin } })} />
        </div>
      </fieldset>
      {steps.map((step, at) => (
        <StepLine
          // oxlint-disable-next-line react/no-array-index-key -- a line has no name but its place
          key={at}
          number={at + 1}
          step={step}
          choices={choices}
          prescriptionOf={prescriptionOf}
          onChange={(changed) => onChange({ ...form, steps: steps.map((one, n) => (n === at ? changed : one)) })}
          onRemove={() => onChange({ ...form, steps: steps.filter((_, n) => n !== at) })}
        />
      ))}
      <Button
        small
        className={css.add}
        disabled={steps.length >= MOST_STEPS}
        onClick={() => onChange({ ...form, steps: [...steps, NEW_STEP] })}
      >
        {t('derive.add')}
      </Button>
    </div>
  );
}
