import type { ReactNode } from 'react';
import css from './cohorts.module.css';

/** A part that is long and seldom looked at. */
export function Fold({ title, open = false, children }: { title: string; open?: boolean; children: ReactNode }) {
  return (
    <details className={css.fold} open={open}>
      <summary>{title}</summary>
      <div>{children}</div>
    </details>
  );
}
