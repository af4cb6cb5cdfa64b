import { useMemo } from 'react';
import css from './markdown.module.css';
import { parseMarkdown, type Block, type Inline } from './markdown-parse';

function Span({ node }: { node: Inline }) {
  switch (node.kind) {
    case 'text':
      return node.text;
    case 'code':
      return <code>{node.text}</code>;
    case 'strong':
      return (
        <strong>
          <Spans nodes={node.children} />
        </strong>
      );
    case 'emphasis':
      return (
        <em>
          <Spans nodes={node.children} />
        </em>
      );
    case 'link':
      return (
        <a href={node.href} target="_blank" rel="noreferrer noopener">
          <Spans nodes={node.children} />
        </a>
      );
  }
}

const Spans = ({ nodes }: { nodes: Inline[] }) => nodes.map((node, index) => <Span key={index} node={node} />);

function Table({ head, rows }: { head: Inline[][]; rows: Inline[][][] }) {
  return (
    <div className={css.scroll}>
      <table>
        <thead>
          <tr>
            {head.map((cell, index) => (
              <th key={index}>
                <Spans nodes={cell} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, line) => (
            <tr key={line}>
              {row.map((cell, index) => (
                <td key={index}>
                  <Spans nodes={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Heading({ level, nodes }: { level: number; nodes: Inline[] }) {
  const spans = <Spans nodes={nodes} />;
  if (level === 1) return <h2>{spans}</h2>;
  return level === 2 ? <h3>{spans}</h3> : <h4>{spans}</h4>;
}

function Part({ block }: { block: Block }) {
  switch (block.kind) {
    case 'heading':
      return <Heading level={block.level} nodes={block.children} />;
    case 'paragraph':
      return (
        <p>
          <Spans nodes={block.children} />
        </p>
      );
    case 'quote':
      return (
        <blockquote>
          <Spans nodes={block.children} />
        </blockquote>
      );
    case 'code':
      return (
        <pre>
          <code>{block.text}</code>
        </pre>
      );
    case 'rule':
      return <hr />;
    case 'table':
      return <Table head={block.head} rows={block.rows} />;
    case 'list': {
      const items = block.items.map((item, index) => (
        <li key={index}>
          <Spans nodes={item} />
        </li>
      ));
      return block.ordered ? <ol>{items}</ol> : <ul>{items}</ul>;
    }
  }
}

/** A model card or another text of the server, as headings, lists and tables; never as HTML. */
export function Markdown({ source }: { source: string }) {
  const blocks = useMemo(() => parseMarkdown(source), [source]);
  return (
    <div className={css.card}>
      {blocks.map((block, index) => (
        <Part key={index} block={block} />
      ))}
    </div>
  );
}
