// Text of a closed set as elements: paragraphs, steps, bold, code, citations, links of the help index. All else is text.
//
// Nothing here makes markup from a string: every value goes through Lit as text, and a link's address is taken from
// `allowed`, never from the text. So there is no HTML, no picture, no automatic link, whatever the text holds.

import { html, type TemplateResult } from "lit";

export interface Links {
  /** Citation numbers that exist, and what opens when one is chosen. */
  cite?: (n: number) => (() => void) | undefined;
  label?: (n: number) => string;
  /** Addresses that may become links. */
  allowed?: ReadonlySet<string>;
}

type Piece = TemplateResult | string;
const INLINE = /\*\*(.+?)\*\*|`([^`]+)`|\[(\d{1,3})\](?!\()(\s?[:.,;!?…)»”]+)?|\[([^\]\n]{1,200})\]\(([^()\s]{1,2000})\)/gsu;
// characters that hide or turn text around; direction is the browser's to find (dir="auto")
const INVISIBLE = /[\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF\u00AD]/gu;

export const plain = (text: string): string => text.replace(INVISIBLE, "");

function inline(text: string, links: Links): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    const piece = element(match, links);
    if (!piece) continue;
    pieces.push(text.slice(from, match.index), piece);
    from = match.index + match[0].length;
  }
  pieces.push(text.slice(from));
  return pieces;
}

function element([, bold, code, n, after, label, address]: RegExpMatchArray, links: Links): Piece | undefined {
  if (bold) return html`<strong>${inline(bold, links)}</strong>`;
  if (code) return html`<code>${code}</code>`;
  if (n) {
    const open = links.cite?.(Number(n));
    const button = open && html`<button class="cite" type="button" @click=${open} aria-label=${links.label?.(Number(n)) ?? n}>${n}</button>`;
    return button && after ? html`<span class="kept">${button}${after}</span>` : button;
  }
  if (label && address && links.allowed?.has(address) && /^https?:/.test(address)) {
    return html`<a href=${address} target="_blank" rel="noopener noreferrer">${label}</a>`;
  }
  return undefined;
}

const STEP = /^\s*(\d{1,3})[.)]\s+(.*)$/s;
const BULLET = /^\s*[-*•]\s+(.*)$/s;
const HEADING = /^(#{1,6})\s+(.*)$/;
const ROW = /^\s*\|(.+)\|\s*$/;

/** Blocks of text, from top to bottom. `headings` and tables are for articles; answers have none. */
export function blocks(text: string, links: Links = {}): TemplateResult[] {
  const lines = plain(text).replace(/\r\n?/g, "\n").split("\n");
  const found: TemplateResult[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at]!;
    if (!line.trim()) at++;
    else {
      const [block, next] = BLOCKS.map((read) => read(lines, at, links)).find((read) => read) ?? paragraph(lines, at, links);
      found.push(block);
      at = next;
    }
  }
  return found;
}

type Read = [TemplateResult, number];

function steps(lines: string[], at: number, links: Links): Read | undefined {
  const first = lines[at]!.match(STEP);
  if (!first) return undefined;
  const items: TemplateResult[] = [];
  for (let match: RegExpMatchArray | null | undefined = first; match; match = lines[at]?.match(STEP)) {
    let words = match[2]!;
    while (/^\s{2,}\S/.test(lines[++at] ?? "") && !STEP.test(lines[at]!)) words += ` ${lines[at]!.trim()}`;
    items.push(html`<li value=${match[1]!}>${inline(words, links)}</li>`);
    if (!lines[at]?.trim() && STEP.test(lines[at + 1] ?? "")) at++;
  }
  return [html`<ol dir="auto">${items}</ol>`, at];
}

function bullets(lines: string[], at: number, links: Links): Read | undefined {
  if (!BULLET.test(lines[at]!)) return undefined;
  const items: TemplateResult[] = [];
  for (let match; (match = lines[at]?.match(BULLET)); at++) items.push(html`<li>${inline(match[1]!, links)}</li>`);
  return [html`<ul dir="auto">${items}</ul>`, at];
}

function heading(lines: string[], at: number, links: Links): Read | undefined {
  const match = lines[at]!.match(HEADING);
  if (!match) return undefined;
  return [html`<h4 dir="auto">${inline(match[2]!, links)}</h4>`, at + 1];
}

function fence(lines: string[], at: number): Read | undefined {
  if (!/^\s*```/.test(lines[at]!)) return undefined;
  const end = lines.findIndex((line, i) => i > at && /^\s*```\s*$/.test(line));
  const last = end < 0 ? lines.length : end;
  return [html`<pre><code>${lines.slice(at + 1, last).join("\n")}</code></pre>`, last + 1];
}

function table(lines: string[], at: number, links: Links): Read | undefined {
  if (!ROW.test(lines[at]!) || !/^\s*\|[\s:|-]+\|\s*$/.test(lines[at + 1] ?? "")) return undefined;
  const cells = (line: string) => line.match(ROW)![1]!.split("|").map((cell) => inline(cell.trim(), links));
  const head = cells(lines[at]!);
  const rows: Piece[][][] = [];
  for (at += 2; ROW.test(lines[at] ?? ""); at++) rows.push(cells(lines[at]!));
  return [
    html`<div class="wide"><table><thead><tr>${head.map((c) => html`<th>${c}</th>`)}</tr></thead>
      <tbody>${rows.map((row) => html`<tr>${row.map((c) => html`<td>${c}</td>`)}</tr>`)}</tbody></table></div>`,
    at,
  ];
}

function quote(lines: string[], at: number, links: Links): Read | undefined {
  if (!/^\s*>/.test(lines[at]!)) return undefined;
  const words: string[] = [];
  for (; /^\s*>/.test(lines[at] ?? ""); at++) words.push(lines[at]!.replace(/^\s*>\s?/, ""));
  return [html`<p class="mind" dir="auto">${inline(words.join(" "), links)}</p>`, at];
}

const BLOCKS = [fence, heading, steps, bullets, table, quote];

function paragraph(lines: string[], at: number, links: Links): Read {
  const words: string[] = [lines[at]!];
  while (lines[++at]?.trim() && !BLOCKS.some((read) => read(lines, at, {}))) words.push(lines[at]!);
  return [html`<p dir="auto">${inline(words.join("\n"), links)}</p>`, at];
}
