import { describe, expect, test } from 'vitest';
import { parseInline, parseMarkdown, type Block, type Inline } from './markdown-parse';

/** Every link target anywhere in the tree. */
function targets(nodes: Inline[]): string[] {
  return nodes.flatMap((node) => {
    if (node.kind === 'link') return [node.href, ...targets(node.children)];
    return 'children' in node ? targets(node.children) : [];
  });
}

const words = (nodes: Inline[]): string =>
  nodes.map((node) => ('text' in node ? node.text : words(node.children))).join('');

const kinds = (blocks: Block[]): string[] => blocks.map(({ kind }) => kind);

describe('safety', () => {
  test.each([
    '[x](javascript:alert)',
    '[x](JAVASCRIPT:alert)',
    '[x](data:text/html,y)',
    '[x](vbscript:y)',
    '[x](//evil.example)',
    '[x](/api/session)',
    '**[x](javascript:y)**',
  ])('%s makes no link', (source) => {
    expect(targets(parseInline(source))).toEqual([]);
  });

  test('HTML stays text', () => {
    const [block] = parseMarkdown('<img src=x onerror=alert(1)> and <script>1</script>');
    expect(block).toEqual({
      kind: 'paragraph',
      children: [{ kind: 'text', text: '<img src=x onerror=alert(1)> and <script>1</script>' }],
    });
  });

  test('web links are kept', () => {
    expect(targets(parseInline('see [the paper](https://doi.org/10.1/x)'))).toEqual(['https://doi.org/10.1/x']);
  });
});

describe('blocks', () => {
  test('a card with headings, lists, tables and code is read in order', () => {
    const source = '# A\n\ntext\nmore\n\n- one\n- two\n  goes on\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\nx < y\n```\n---\n';
    expect(kinds(parseMarkdown(source))).toEqual(['heading', 'paragraph', 'list', 'table', 'code', 'rule']);
  });

  test('a table keeps its cells', () => {
    const [table] = parseMarkdown('| Structure | Dice |\n|:--|--:|\n| Parotid_L | 0.84 |');
    expect(table).toMatchObject({ kind: 'table', rows: [[[{ text: 'Parotid_L' }], [{ text: '0.84' }]]] });
  });

  test('names with underscores are not emphasised', () => {
    expect(parseInline('Bone_Mandible and Parotid_L_x')).toEqual([
      { kind: 'text', text: 'Bone_Mandible and Parotid_L_x' },
    ]);
  });

  test('a list item that goes on in the next line is one item', () => {
    const [list] = parseMarkdown('1. first\n   goes on\n2. second');
    expect(list).toMatchObject({ kind: 'list', ordered: true });
    expect(list?.kind === 'list' ? list.items.map(words) : []).toEqual(['first goes on', 'second']);
  });

  test('front matter is left out', () => {
    expect(kinds(parseMarkdown('---\nname: x\n---\n# Title'))).toEqual(['heading']);
  });

  test.each(['**', '`', '[', '|', '- ', '#', '```', '> ', '**a', '[a](', '|-'])('%j alone ends', (source) => {
    expect(parseMarkdown(source).length).toBeLessThanOrEqual(1);
  });
});
