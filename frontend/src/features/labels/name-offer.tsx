import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api } from '../../api/client';
import { keys } from '../../api/keys';
import type { NameMeaning } from '../../api/types';
import { useT } from '../../i18n';
import { Button } from '../../ui/controls';
import css from './viewer.module.css';

/** Characters of a structure's name. */
export const LONGEST_NAME = 64;
const TYPING_MS = 250;
const MOST = 4;

/** TG-263 names for what was typed: the certain one, else those to choose from; none that is taken or already typed. */
export function offered(meaning: NameMeaning, typed: string, taken: ReadonlySet<string>): string[] {
  const names = meaning.name === null ? meaning.candidates : [meaning.name];
  return names.filter((name) => name !== typed && !taken.has(name)).slice(0, MOST);
}

/** The text as it was when the typing last paused. */
function usePaused(text: string): string {
  const [paused, setPaused] = useState(text);
  useEffect(() => {
    const timer = window.setTimeout(() => setPaused(text), TYPING_MS);
    return () => window.clearTimeout(timer);
  }, [text]);
  return paused;
}

type OfferProps = { typed: string; taken: ReadonlySet<string>; onChoose: (name: string) => void };

/** Under a name's field: what the text that is typed there means by TG-263, to be taken with a click. */
export function NameOffer({ typed, taken, onChoose }: OfferProps) {
  const t = useT();
  const text = usePaused(typed);
  const meaning = useQuery({
    queryKey: keys.name(text),
    queryFn: () => api.get<NameMeaning>('/names', { query: { text } }),
    enabled: text !== '',
    staleTime: Infinity,
  });
  const names = meaning.data === undefined || text !== typed ? [] : offered(meaning.data, typed, taken);
  return (
    <div className={css.offer} role="status" aria-label={t('names.offer')}>
      {names.length > 0 && <span className={css.muted}>{t('names.offer')}</span>}
      {names.map((name) => (
        <Button key={name} small onClick={() => onChoose(name)}>
          {name}
        </Button>
      ))}
    </div>
  );
}
