/** Errors and warnings of the server in the words of the page. */
import { isProblem } from '../api/problem';
import { isKey, type Translate } from './index';

/** What a slug means, followed by the server's own detail; an unknown slug shows the detail alone. */
export function slugText(slug: string, detail: string, t: Translate): string {
  const key = `slug.${slug}`;
  if (!isKey(key)) return detail === '' ? slug : detail;
  const what = t(key);
  if (detail === '') return what;
  return detail.toLowerCase().startsWith(what.toLowerCase()) ? detail : t('common.because', { what, detail });
}

/** What to tell a person about anything that was thrown. */
export function problemText(error: unknown, t: Translate): string {
  if (!isProblem(error)) return t('common.unexpected');
  const key = `slug.${error.slug}`;
  if (isKey(key)) return slugText(error.slug, error.detail, t);
  return error.detail === '' ? error.title : t('common.because', { what: error.title, detail: error.detail });
}
