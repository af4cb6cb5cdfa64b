/**
 * Markdown of model cards as a tree. Only text comes out of it, never HTML: what is not understood
 * stays text, and a link is kept only when it is http(s) or points inside the page.
 */

export type Inline =
  | { kind: 'text' | 'code'; text: string }
  | { kind: 'strong' | 'emphasis'; children: Inline[] }
  | { kind: 'link'; href: string; children: Inline[] };

export type Block =
  | { kind: 'heading'; level: number; children: Inline[] }
  | { kind: 'paragraph' | 'quote'; children: Inline[] }
  | { kind: 'list'; ordered: boolean; items: Inline[][] }
  | { kind: 'code'; text: string }
  | { kind: 'table'; head: Inline[][]; rows: Inline[][][] }
  | { kind: 'rule' };

const SPAN = /`([^`]+)`|\*\*(.+?)\*\*|\[([^\]]+)\]\(([^)\s]+)\)|\*([^*\s][^*]*)\*|(?<![\w])_([^_\s][^_]*)_(?![\w])/;
const SAFE = /^(https?:\/\/|#)/i;

/** Spans of one line of text. */
export function parseInline(source: string): Inline[] {
  const found = SPAN.exec(source);
  if (found === null) return source === '' ? [] : [{ kind: 'text', text: source }];
  const [whole, code, strong, label, href, star, underline] = found;
  const before = parseInline(source.slice(0, found.index));
  const after = parseInline(source.slice(found.index + whole.length));
  return [...before, span({ whole, code, strong, label, href, emphasis: star ?? underline }), ...after];
}

type Parts = Record<'code' | 'strong' | 'label' | 'href' | 'emphasis', string | undefined> & { whole: string };

function span(parts: Parts): Inline {
  if (parts.code !== undefined) return { kind: 'code', text: parts.code };
  if (parts.strong !== undefined) return { kind: 'strong', children: parseInline(parts.strong) };
  if (parts.label !== undefined && parts.href !== undefined) {
    if (SAFE.test(parts.href)) return { kind: 'link', href: parts.href, children: parseInline(parts.label) };
    return { kind: 'text', text: parts.label };
  }
  if (parts.emphasis !== undefined) return { kind: 'emphasis', children: parseInline(parts.emphasis) };
  return { kind: 'text', text: parts.whole };
}

const cells = (line: string): Inline[][] =>
  line
    .trim()
    .replace(/^\||\|$/g, '')
    .split('|')
    .map((cell) => parseInline(cell.trim()));

const isTableRule = (line: string | undefined): boolean =>
  line !== undefined && line.includes('-') && /^\s*\|?[\s:|-]+\|?\s*$/.test(line) && line.includes('|');

const ITEM = /^\s*(?:[-*+]|(\d+)[.)])\s+(.*)$/;
const STARTS = /^(#{1,6}\s|```|>|\s*([-*+]|\d+[.)])\s+|\s*(---+|\*\*\*+)\s*$)/;

type Reading = { block: Block; next: number };

function readCode(lines: string[], start: number): Reading {
  let end = start + 1;
  while (end < lines.length && !(lines[end] ?? '').startsWith('```')) end += 1;
  return { block: { kind: 'code', text: lines.slice(start + 1, end).join('\n') }, next: end + 1 };
}

function readTable(lines: string[], start: number): Reading {
  let end = start + 2;
  while (end < lines.length && (lines[end] ?? '').includes('|')) end += 1;
  const rows = lines.slice(start + 2, end).map(cells);
  return { block: { kind: 'table', head: cells(lines[start] ?? ''), rows }, next: end };
}

function readList(lines: string[], start: number): Reading {
  const items: string[] = [];
  const ordered = ITEM.exec(lines[start] ?? '')?.[1] !== undefined;
  let at = start;
  for (; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const item = ITEM.exec(line);
    if (item !== null) items.push(item[2] ?? '');
    else if (/^\s+\S/.test(line)) items.push(`${items.pop() ?? ''} ${line.trim()}`);
    else break;
  }
  return { block: { kind: 'list', ordered, items: items.map(parseInline) }, next: at };
}

function readText(lines: string[], start: number): Reading {
  const quote = (lines[start] ?? '').startsWith('>');
  let end = start + 1;
  while (end < lines.length) {
    const line = lines[end] ?? '';
    if (line.trim() === '' || (STARTS.test(line) && !(quote && line.startsWith('>')))) break;
    end += 1;
  }
  const words = lines.slice(start, end).map((line) => line.replace(/^>\s?/, '').trim());
  return { block: { kind: quote ? 'quote' : 'paragraph', children: parseInline(words.join(' ')) }, next: end };
}

function readBlock(lines: string[], start: number): Reading {
  const line = lines[start] ?? '';
  const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
  if (heading !== null) {
    const level = (heading[1] ?? '').length;
    return { block: { kind: 'heading', level, children: parseInline(heading[2] ?? '') }, next: start + 1 };
  }
  if (line.startsWith('```')) return readCode(lines, start);
  if (/^\s*(---+|\*\*\*+)\s*$/.test(line)) return { block: { kind: 'rule' }, next: start + 1 };
  if (line.includes('|') && isTableRule(lines[start + 1])) return readTable(lines, start);
  if (ITEM.test(line)) return readList(lines, start);
  return readText(lines, start);
}

/** Blocks of a page; a YAML front matter is left out. */
export function parseMarkdown(source: string): Block[] {
  const lines = source
    .replaceAll('\r\n', '\n')
    .replace(/^---\n[\s\S]*?\n---\n/, '')
    .split('\n');
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    if ((lines[at] ?? '').trim() === '') {
      at += 1;
      continue;
    }
    const { block, next } = readBlock(lines, at);
    blocks.push(block);
    at = next;
  }
  return blocks;
}
