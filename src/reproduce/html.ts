import { chartSvg, escapeXml } from './chart.ts';
import type { Block } from './document.ts';

const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d5dae1, #3a414c); --soft: light-dark(#f4f6f9, #1c2128); }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { line-height: 1.2; }
h2 { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: 1.2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.88rem; font-variant-numeric: tabular-nums; margin: 1rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: 0.35rem 0.7rem; text-align: left; vertical-align: top; }
td:not(:first-child) { white-space: nowrap; }
th { background: var(--soft); }
code, pre { font: 0.9em ui-monospace, monospace; background: var(--soft); border-radius: 4px; padding: 0.1em 0.3em; }
pre { padding: 0.7rem 1rem; overflow-x: auto; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1.5rem; }
figure { margin: 0; }
figcaption { font-weight: 600; }
svg { width: 100%; height: auto; font: 11px system-ui, sans-serif; fill: currentColor; }
svg .grid { stroke: var(--line); }
.legend { display: flex; flex-wrap: wrap; gap: 0.3rem 1rem; font-size: 0.85rem; }
.legend i { display: inline-block; width: 0.8em; height: 0.8em; border-radius: 50%; margin-right: 0.4em; }
`;

/** A report as one HTML file that needs nothing else. */
export function toHtml(title: string, blocks: readonly Block[]): string {
  const parts: string[] = [];
  blocks.forEach((block, i) => {
    const isChart = block.kind === 'chart';
    if (isChart && blocks[i - 1]?.kind !== 'chart') parts.push('<div class="charts">');
    parts.push(blockHtml(block));
    if (isChart && blocks[i + 1]?.kind !== 'chart') parts.push('</div>');
  });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeXml(title)}</title>
<style>${STYLE}</style>
${parts.join('\n')}
</html>
`;
}

function blockHtml(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `<h${block.level}>${inline(block.text)}</h${block.level}>`;
    case 'text':
      return `<p>${inline(block.text)}</p>`;
    case 'list':
      return `<ul>${block.items.map((item) => `<li>${inline(item)}</li>`).join('')}</ul>`;
    case 'command':
      return `<pre>${escapeXml(block.text)}</pre>`;
    case 'table': {
      const row = (cells: readonly string[], tag: 'th' | 'td') =>
        `<tr>${cells.map((cell) => `<${tag}>${inline(cell)}</${tag}>`).join('')}</tr>`;
      return `<div class="scroll"><table>${row(block.head, 'th')}${block.rows.map((cells) => row(cells, 'td')).join('')}</table></div>`;
    }
    case 'chart':
      return chartSvg(block.chart);
  }
}

/** Text with `code`, **bold** and [links](https://...) in it. */
function inline(words: string): string {
  return escapeXml(words)
    .replaceAll(/`([^`]+)`/g, '<code>$1</code>')
    .replaceAll(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
    .replaceAll(/\[([^\]]+)\]\((https:[^)]+)\)/g, '<a href="$2">$1</a>');
}
