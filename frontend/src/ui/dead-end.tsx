/** Pages from which there is only a way back: what was asked for is not there, or the page has failed. */
import { Component, type ReactNode } from 'react';
import { Link } from 'react-router';
import { useT } from '../i18n';
import { Button } from './controls';
import controls from './controls.module.css';
import { EmptyState } from './feedback';
import css from './layout.module.css';

type DeadEndProps = { title: string; hint?: string; retry?: () => void; onLeave?: () => void };

export function DeadEnd({ title, hint, retry, onLeave }: DeadEndProps) {
  const t = useT();
  return (
    <main>
      <EmptyState title={title}>
        {hint !== undefined && <p>{hint}</p>}
        <div className={css.row}>
          {retry !== undefined && <Button onClick={retry}>{t('common.retry')}</Button>}
          <Link className={controls.button} to="/" onClick={onLeave}>
            {t('shell.toWorklist')}
          </Link>
        </div>
      </EmptyState>
    </main>
  );
}

function Broken({ onReset }: { onReset: () => void }) {
  const t = useT();
  return (
    <div role="alert">
      <DeadEnd title={t('shell.broken')} hint={t('shell.brokenHint')} retry={onReset} onLeave={onReset} />
    </div>
  );
}

/** Shows words where a fault in a page would leave nothing; give it a key that changes with the page. */
export class Boundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  private readonly reset = (): void => this.setState({ failed: false });

  override render(): ReactNode {
    return this.state.failed ? <Broken onReset={this.reset} /> : this.props.children;
  }
}
