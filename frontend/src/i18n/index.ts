/**
 * Words of the page in two languages. Every key exists in both (the type of `ja` demands it); the
 * choice is remembered in the browser and starts from the browser's own language.
 */
import { useSyncExternalStore } from 'react';
import { en } from './en';
import { ja } from './ja';

export type Key = keyof typeof en;
export type Language = 'en' | 'ja';
export type Params = Record<string, string | number>;
export type Translate = ((key: Key, params?: Params) => string) & { language: Language };

const STORED = 'rinkaku.language';
const WORDS: Record<Language, Record<Key, string>> = { en, ja };
const listeners = new Set<() => void>();

/** The language to begin with: what was chosen here before, else what the browser prefers. */
export function firstLanguage(stored: string | null, preferred: readonly string[]): Language {
  if (stored === 'en' || stored === 'ja') return stored;
  const known = preferred.map((tag) => tag.slice(0, 2)).find((tag) => tag === 'en' || tag === 'ja');
  return known === 'ja' ? 'ja' : 'en';
}

const read = (): Language =>
  typeof window === 'undefined'
    ? 'en'
    : firstLanguage(window.localStorage.getItem(STORED), window.navigator.languages);

let current: Language = read();

/** Fills `{name}` in a phrase; a missing parameter stays visible. */
export const fill = (phrase: string, params: Params): string =>
  phrase.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));

export const translate = (language: Language, key: Key, params: Params = {}): string =>
  fill(WORDS[language][key], params);

export const isKey = (name: string): name is Key => Object.hasOwn(en, name);

const translator = (language: Language): Translate =>
  Object.assign((key: Key, params?: Params) => translate(language, key, params), { language });

export const translators: Record<Language, Translate> = { en: translator('en'), ja: translator('ja') };

export function setLanguage(language: Language): void {
  current = language;
  window.localStorage.setItem(STORED, language);
  document.documentElement.lang = language;
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useLanguage = (): Language =>
  useSyncExternalStore(
    subscribe,
    () => current,
    () => current,
  );

export const useT = (): Translate => translators[useLanguage()];
