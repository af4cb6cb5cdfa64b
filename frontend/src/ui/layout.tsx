import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { useT } from '../i18n';
import css from './layout.module.css';

export { css as layout };

/** A page under the header: a title, its actions, its sections. */
export function PageLayout({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  return (
    <main className={css.page}>
      <div className={css.head}>
        <h1>{title}</h1>
        {actions}
      </div>
      {children}
    </main>
  );
}

type TabsProps = { label: string; tabs: readonly { name: string; to: string; text: string }[]; current: string };

/** Links to the parts of a page. */
export function Tabs({ label, tabs, current }: TabsProps) {
  return (
    <nav className={css.tabs} aria-label={label}>
      {tabs.map(({ name, to, text }) => (
        <Link key={name} to={to} {...(name === current ? { 'aria-current': 'page' } : {})}>
          {text}
        </Link>
      ))}
    </nav>
  );
}

type SectionProps = { title: string; note?: string; actions?: ReactNode; padded?: boolean; children: ReactNode };

export function Section({ title, note, actions, padded = false, children }: SectionProps) {
  return (
    <section className={css.section} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {note !== undefined && <p>{note}</p>}
        {actions}
      </header>
      <div className={padded ? css.padded : css.scroll}>{children}</div>
    </section>
  );
}

type TableHeadProps = { columns: readonly (string | { number: string })[]; actions?: boolean };

/** The heads of a table's columns, those of numbers on the right; `actions` adds one without visible words. */
export function TableHead({ columns, actions = false }: TableHeadProps) {
  const t = useT();
  return (
    <thead>
      <tr>
        {columns.map((column) =>
          typeof column === 'string' ? (
            <th key={column} scope="col">
              {column}
            </th>
          ) : (
            <th key={column.number} scope="col" className={css.number}>
              {column.number}
            </th>
          ),
        )}
        {actions && (
          <th scope="col">
            <span className="visually-hidden">{t('common.actions')}</span>
          </th>
        )}
      </tr>
    </thead>
  );
}
