/** What the server says by slugs in the words of the page: errors, warnings, stages, names. */
import { isProblem } from '../api/problem';
import { isKey, type Params, type Translate } from './index';

type Values = Readonly<Record<string, unknown>>;
/** What the server says of a finding or refusal: its slug, words in English, and what is in those words. */
export type Said = { slug: string; detail: string; values?: Values };

/** Names that the server gives by their slug. */
export type Family = 'action' | 'change' | 'changeValue' | 'object' | 'jobKind' | 'network' | 'preset' | 'viewer.edit' | 'cohort.figure' | 'cohort.table';

/** A name in the language of the page; one without a phrase as the server writes it. */
export function named(family: Family, slug: string, t: Translate, otherwise: string = slug): string {
  const key = `${family}.${slug}`;
  return isKey(key) ? t(key) : otherwise;
}

const params = (values: Values): Params =>
  Object.fromEntries(Object.entries(values).filter((one): one is [string, string | number] => ['string', 'number'].includes(typeof one[1])));

/** The phrase of a family for a slug, filled; null when there is none, or when a value is missing. */
function phrase(family: 'fact' | 'stage' | 'log', slug: string, values: Values, t: Translate): string | null {
  const key = `${family}.${slug}`;
  const { entry } = values;
  const shown = typeof entry === 'string' ? { ...values, entry: named('preset', entry, t) } : values;
  const text = isKey(key) ? t(key, params(shown)) : '{}';
  return /\{\w*\}/.test(text) ? null : text;
}

/** Names and numbers of a detail. The server's own words are English, so no other page shows them. */
function factText({ slug, detail, values = {} }: Said, t: Translate): string {
  const named = values['name'] ?? values['structures'];
  return phrase('fact', slug, values, t) ?? (t.language === 'en' ? detail : typeof named === 'string' ? named : '');
}

/** The server's words for programs add nothing to these phrases. */
const ONLY_SAYS_IT_AGAIN: ReadonlySet<string> = new Set(['by-rule', 'nifti-not-allowed', 'last-administrator']);

/** What a slug means, followed by the names and numbers of its detail; an unknown slug shows the detail alone. */
export function slugText(said: Said, t: Translate): string {
  const key = `slug.${said.slug}`;
  if (!isKey(key)) return said.detail === '' ? said.slug : said.detail;
  const what = t(key);
  const detail = ONLY_SAYS_IT_AGAIN.has(said.slug) ? '' : factText(said, t);
  if (detail === '') return what;
  const repeated = detail.toLowerCase().startsWith(what.toLowerCase());
  return repeated ? what + detail.slice(what.length) : t('common.because', { what, detail });
}

/** What to tell a person about anything that was thrown. */
export function problemText(error: unknown, t: Translate): string {
  if (!isProblem(error)) return t('common.unexpected');
  const { slug, detail, title, extensions } = error;
  if (isKey(`slug.${slug}`)) return slugText({ slug, detail, values: extensions }, t);
  return detail === '' ? title : t('common.because', { what: title, detail });
}

type Phrase = { slug: string; values: Values };
type Staged = { stage: Phrase | null; message: string };

/** At which stage a job is. */
export const stageText = ({ stage, message }: Staged, t: Translate): string =>
  (stage === null ? null : phrase('stage', stage.slug, stage.values, t)) ?? message;

/** A line of a job's log. */
export const logText = ({ said, line }: { said: Phrase | null; line: string }, t: Translate): string =>
  (said === null ? null : phrase('log', said.slug, said.values, t)) ?? line;
