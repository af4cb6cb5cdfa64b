/** Model cards are written once, in English; here their fixed texts are said in the language of the page. */
import type { Key, Translate } from '../../i18n';
import { cardEn } from '../../i18n/card.en';

type Phrase = { key: Key; pattern: RegExp; names: readonly string[] };

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** A phrase with places for values as a pattern that finds them. */
function recogniser([key, text]: [string, string]): Phrase {
  const names = [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
  const pattern = text.split(/\{\w+\}/).map(literal).join('(.+?)');
  return { key: key as Key, pattern: new RegExp(`^${pattern}$`), names };
}

const isCell = (key: string): boolean => key.startsWith('card.cell.');
/** The title of a network that has a phrase comes before that of any, as it stands first. */
const LINES = Object.entries(cardEn).filter(([key]) => !isCell(key)).map(recogniser);
const CELLS = new Map<string, Key>(Object.entries(cardEn).filter(([key]) => isCell(key)).map(([key, text]) => [text, key as Key]));

function cellText(cell: string, t: Translate): string {
  const key = CELLS.get(cell.trim());
  return key === undefined ? cell : ` ${t(key)} `;
}

function lineText(line: string, t: Translate): string {
  if (line.startsWith('|')) return line.split('|').map((cell) => cellText(cell, t)).join('|');
  for (const { key, pattern, names } of LINES) {
    const found = pattern.exec(line);
    if (found !== null) return t(key, Object.fromEntries(names.map((name, index) => [name, found[index + 1] ?? ''])));
  }
  return line;
}

/** A shipped card ends with its pictures, which the page shows from the store, as it shows everybody's. */
const withoutPictures = (markdown: string): string => markdown.replace(/\n## Best, median and worst case\n[^]*$/, '');

/** A card in the language of the page; what people wrote into it stays as it is. */
export const cardText = (markdown: string, t: Translate): string =>
  withoutPictures(markdown)
    .split('\n')
    .map((line) => (t.language === 'en' ? line : lineText(line, t)))
    .join('\n');
