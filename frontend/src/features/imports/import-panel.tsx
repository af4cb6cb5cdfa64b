import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useLocation } from 'react-router';
import { keys } from '../../api/keys';
import type { FileOutcome } from '../../api/types';
import { useT, type Translate } from '../../i18n';
import { problemText, slugText } from '../../i18n/problems';
import { Button, classes, IconButton } from '../../ui/controls';
import { ErrorNote, Progress } from '../../ui/feedback';
import { formatBytes } from '../../ui/format';
import { Icon } from '../../ui/icons';
import css from './import-panel.module.css';
import { sentShare, tally, type Batch, type Item, type Tally } from './queue';
import { uploads, useUploads } from './uploads';

const MOST_LINES = 250;

/** One line of the list: a file, or a file inside a zip. */
type Line = { key: string; name: string; size: number | null; item: Item; outcome: FileOutcome | null };

const linesOf = (item: Item): Line[] =>
  item.outcomes.length <= 1
    ? [{ key: String(item.key), name: item.path, size: item.size, item, outcome: item.outcomes[0] ?? null }]
    : item.outcomes.map((outcome, index) => {
        const name = `${item.path} › ${outcome.name}`;
        return { key: `${item.key}.${index}`, name, size: null, item, outcome };
      });

const URGENCY: Record<Item['state'], number> = { failed: 0, cancelled: 1, sending: 2, waiting: 3, done: 4 };

/** Refused and failed files first, then those that lost something, then what is on its way, then what is done. */
function urgency({ outcome, item }: Line): number {
  if (outcome?.outcome === 'refused') return 0;
  return outcome !== null && outcome.findings.length > 0 ? 1 : URGENCY[item.state];
}

function Outcome({ line }: { line: Line }) {
  const t = useT();
  const { item, outcome } = line;
  if (item.state === 'sending') return <Progress value={item.sent / Math.max(1, item.size)} label={item.path} />;
  if (outcome?.outcome === 'stored') return <span className={css.good}>{t('import.stored')}</span>;
  if (outcome?.outcome === 'duplicate') return <span className={css.muted}>{t('import.duplicate')}</span>;
  if (outcome?.outcome === 'refused') return <span className={css.danger}>{t('import.refused')}</span>;
  if (item.state === 'failed') return <span className={css.danger}>{t('import.failed')}</span>;
  if (item.state === 'cancelled') return <span className={css.muted}>{t('import.cancelled')}</span>;
  return <span className={css.muted}>{item.state === 'done' ? t('import.empty') : t('import.waiting')}</span>;
}

/** Why a file is not there, or what of it could not be used. */
function reasons({ item, outcome }: Line, t: Translate): string[] {
  if (item.state === 'failed') return [problemText(item.error, t)];
  if (outcome === null) return [];
  if (outcome.outcome !== 'refused') return outcome.findings.map((finding) => slugText(finding, t));
  return [slugText({ slug: outcome.slug ?? '', detail: outcome.detail ?? '' }, t)];
}

function FileLine({ line }: { line: Line }) {
  const t = useT();
  const refused = line.item.state === 'failed' || line.outcome?.outcome === 'refused';
  return (
    <li>
      <span className={css.name} title={line.name}>
        {line.name}
      </span>
      <span className={css.size}>{line.size === null ? '' : formatBytes(line.size)}</span>
      <Outcome line={line} />
      {reasons(line, t).map((why) => (
        <p key={why} className={refused ? '' : css.lost} title={line.outcome?.detail ?? ''}>
          {why}
        </p>
      ))}
    </li>
  );
}

function Counts({ counts }: { counts: Tally }) {
  const t = useT();
  return (
    <div className={css.counts} aria-live="polite">
      <span>
        {t('import.stored')} <b>{counts.stored}</b>
      </span>
      <span>
        {t('import.duplicate')} <b>{counts.duplicate}</b>
      </span>
      <span className={counts.refused > 0 ? css.bad : ''}>
        {t('import.refused')} <b>{counts.refused}</b>
      </span>
      {counts.failed > 0 && (
        <span className={css.bad}>
          {t('import.failed')} <b>{counts.failed}</b>
        </span>
      )}
    </div>
  );
}

/** Fetches the worklist again when a batch is through, and keeps the tab from closing while it runs. */
function useBatchEffects(batch: Batch): void {
  const client = useQueryClient();
  useEffect(() => {
    if (batch.summary !== null) void client.invalidateQueries({ queryKey: keys.allStudies });
  }, [batch.summary, client]);
  useEffect(() => {
    if (!batch.active && !batch.closing) return undefined;
    const hold = (event: BeforeUnloadEvent): void => event.preventDefault();
    window.addEventListener('beforeunload', hold);
    return () => window.removeEventListener('beforeunload', hold);
  }, [batch.active, batch.closing]);
}

function PanelActions({ batch, counts }: { batch: Batch; counts: Tally }) {
  const t = useT();
  if (batch.active) {
    return (
      <Button small onClick={() => uploads.cancel()}>
        {t('job.cancel')}
      </Button>
    );
  }
  return (
    <>
      {counts.failed > 0 && (
        <Button small disabled={batch.closing} onClick={() => uploads.resume()}>
          {t('import.resume')}
        </Button>
      )}
      <IconButton small name={t('common.close')} disabled={batch.closing} onClick={() => uploads.clear()}>
        <Icon name="close" />
      </IconButton>
    </>
  );
}

function titleOf(batch: Batch, counts: Tally, t: Translate): string {
  if (batch.active) return t('import.sending', { n: counts.settled, total: counts.files });
  return t(batch.closing ? 'import.closing' : 'import.finished');
}

/** Whether the list is unfolded: on the worklist, while a batch is on its way and when it ends without some files. */
function useUnfolded(batch: Batch, missed: boolean): [boolean, (open: boolean) => void] {
  const { pathname } = useLocation();
  const calls = pathname === '/' && (batch.active || batch.closing || missed);
  const [open, setOpen] = useState(calls);
  const [called, setCalled] = useState(calls);
  if (called !== calls) {
    setCalled(calls);
    setOpen(calls);
  }
  return [open, setOpen];
}

/** How far it is and how it went: red as soon as a file did not arrive. */
function toneOf(batch: Batch, counts: Tally): 'good' | 'bad' | undefined {
  if (counts.refused + counts.failed > 0 || batch.error !== null) return 'bad';
  return batch.active || batch.closing ? undefined : 'good';
}

/** Progress of the upload, at the corner of every page while there is one. */
export function ImportPanel() {
  const t = useT();
  const batch = useUploads();
  const counts = tally(batch.items);
  const [open, setOpen] = useUnfolded(batch, counts.refused + counts.failed > 0 || batch.error !== null);
  useBatchEffects(batch);
  if (batch.items.length === 0) return null;
  const lines = batch.items.flatMap(linesOf).sort((a, b) => urgency(a) - urgency(b));
  const title = titleOf(batch, counts, t);
  return (
    <section className={classes(css.panel, !open && css.folded)} aria-label={t('import.title')}>
      <header>
        <h2>{title}</h2>
        {!open && counts.refused + counts.failed > 0 && (
          <b className={css.danger}>
            {t('import.missed', { n: counts.refused + counts.failed })}
          </b>
        )}
        <IconButton
          small
          name={open ? t('common.collapse') : t('common.expand')}
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          <Icon name={open ? 'down' : 'up'} />
        </IconButton>
        <PanelActions batch={batch} counts={counts} />
      </header>
      <div className={css.summary}>
        <Progress value={sentShare(batch.items)} label={title} tone={toneOf(batch, counts)} />
        {open && <Counts counts={counts} />}
        {open && batch.error !== null && <ErrorNote error={batch.error} />}
      </div>
      {open && (
        <ul className={css.list}>
          {lines.slice(0, MOST_LINES).map((line) => (
            <FileLine key={line.key} line={line} />
          ))}
          {lines.length > MOST_LINES && (
            <li className={css.more}>{t('import.more', { n: lines.length - MOST_LINES })}</li>
          )}
        </ul>
      )}
    </section>
  );
}
