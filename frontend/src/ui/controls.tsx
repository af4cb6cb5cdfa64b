import { useId, type ButtonHTMLAttributes, type InputHTMLAttributes, type ReactNode } from 'react';
import css from './controls.module.css';

export const classes = (...names: (string | undefined | false)[]): string => names.filter(Boolean).join(' ');

type Look = 'plain' | 'primary' | 'danger' | 'quiet';
type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & { look?: Look; small?: boolean };

export function Button({ look = 'plain', small = false, className, type = 'button', ...rest }: ButtonProps) {
  return (
    <button
      // oxlint-disable-next-line react/button-has-type
      type={type}
      className={classes(css.button, look !== 'plain' && css[look], small && css.small, className)}
      {...rest}
    />
  );
}

/** A button that shows only a picture; its name is read aloud and shown as a tooltip. */
export function IconButton({ name, className, ...rest }: ButtonProps & { name: string }) {
  return <Button aria-label={name} title={name} look="quiet" className={classes(css.icon, className)} {...rest} />;
}

/** A link that looks like a button, for downloads. */
export function ButtonLink({ href, children, download }: { href: string; children: ReactNode; download?: boolean | string }) {
  return (
    <a className={css.button} href={href} download={download ?? false}>
      {children}
    </a>
  );
}

type FieldProps = { label: string; hint?: string | undefined; problem?: string | undefined };

/** A labelled line of a form. */
export function Field({ label, hint, problem, children }: FieldProps & { children: (id: string) => ReactNode }) {
  const id = useId();
  return (
    <div className={css.field}>
      <label className={css.label} htmlFor={id}>
        {label}
      </label>
      {children(id)}
      {hint !== undefined && <span className={css.hint}>{hint}</span>}
      {problem !== undefined && (
        <span className={css.problem} role="alert">
          {problem}
        </span>
      )}
    </div>
  );
}

type TextProps = Omit<InputHTMLAttributes<HTMLInputElement>, 'onChange'> & FieldProps & { onChange: (v: string) => void };

export function TextField({ label, hint, problem, onChange, ...rest }: TextProps) {
  return (
    <Field label={label} hint={hint} problem={problem}>
      {(id) => <input id={id} className={css.input} onChange={(event) => onChange(event.target.value)} {...rest} />}
    </Field>
  );
}

/** An input whose name is not shown beside it. */
export function Input({ name, onChange, ...rest }: Omit<TextProps, keyof FieldProps> & { name: string }) {
  return (
    <input
      aria-label={name}
      className={css.input}
      onChange={(event) => onChange(event.target.value)}
      {...rest}
    />
  );
}

export type Choice = { value: string; label: string };
type SelectProps = {
  name: string;
  value: string;
  choices: Choice[];
  onChange: (value: string) => void;
  disabled?: boolean;
  id?: string;
};

/** A native select whose name is read aloud. */
export function Select({ name, value, choices, onChange, disabled = false, id }: SelectProps) {
  return (
    <select
      id={id}
      aria-label={name}
      className={css.select}
      value={value}
      disabled={disabled}
      onChange={(event) => onChange(event.target.value)}
    >
      {choices.map((choice) => (
        <option key={choice.value} value={choice.value}>
          {choice.label}
        </option>
      ))}
    </select>
  );
}

export function SelectField({ label, hint, ...rest }: Omit<SelectProps, 'name' | 'id'> & FieldProps) {
  return (
    <Field label={label} hint={hint}>
      {(id) => <Select id={id} name={label} {...rest} />}
    </Field>
  );
}

type CheckProps = { label: string; checked: boolean; onChange: (checked: boolean) => void; disabled?: boolean };

export function Checkbox({ label, checked, onChange, disabled = false }: CheckProps) {
  return (
    <label className={css.check}>
      <input
        type="checkbox"
        checked={checked}
        disabled={disabled}
        onChange={(event) => onChange(event.target.checked)}
      />
      <span>{label}</span>
    </label>
  );
}
