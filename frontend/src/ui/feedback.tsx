import type { ReactNode } from 'react';
import { isProblem } from '../api/problem';
import { useT } from '../i18n';
import { problemText } from '../i18n/problems';
import { Button, classes } from './controls';
import css from './feedback.module.css';
import { Icon } from './icons';

/** Shown when what is awaited takes longer than 300 ms (the delay is in the style). */
export function Loading({ label }: { label?: string }) {
  const t = useT();
  return (
    <div className={css.loading} role="status">
      <span className={css.ring} aria-hidden />
      {label ?? t('common.loading')}
    </div>
  );
}

export function EmptyState({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={css.state}>
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** What went wrong and where, with a way to try again; a fault of the server also says which line of its log. */
export function ErrorNote({ error, retry, children }: { error: unknown; retry?: () => void; children?: ReactNode }) {
  const t = useT();
  const trace = isProblem(error) && error.status >= 500 && error.instance !== '' ? error.instance : null;
  return (
    <div className={css.error} role="alert">
      <Icon name="alert" />
      <div>
        {problemText(error, t)} {children}
        {trace !== null && <small>{t('common.reference', { id: trace })}</small>}
      </div>
      {retry !== undefined && (
        <Button small onClick={retry}>
          {t('common.retry')}
        </Button>
      )}
    </div>
  );
}

/** Something to think of before one goes on. */
export function Caution({ children }: { children: ReactNode }) {
  return (
    <div className={css.caution} role="alert">
      <Icon name="alert" size={15} />
      <div>{children}</div>
    </div>
  );
}

type Tone = 'plain' | 'good' | 'warn' | 'bad' | 'accent';

export function Badge({ tone = 'plain', children, title }: { tone?: Tone; children: ReactNode; title?: string }) {
  return (
    <span className={classes(css.badge, tone !== 'plain' && css[`tone-${tone}`])} title={title}>
      {children}
    </span>
  );
}

type ProgressProps = { value: number; label: string; tone?: 'good' | 'bad' | undefined };

/** A bar from 0 to 1. */
export function Progress({ value, label, tone }: ProgressProps) {
  const percent = Math.round(Math.min(1, Math.max(0, value)) * 100);
  return (
    <span
      className={classes(css.bar, tone !== undefined && css[tone])}
      role="progressbar"
      aria-label={label}
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <span style={{ width: `${percent}%` }} />
    </span>
  );
}
