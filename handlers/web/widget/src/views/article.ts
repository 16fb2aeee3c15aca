// An article, read inside the panel.

import { html, nothing, type TemplateResult } from "lit";
import { icon } from "../icons";
import type { Article, Citation } from "../net/wire";
import { blocks, plain } from "../text";
import type { Say } from "../words";

export interface Reading { citation: Citation; article?: Article; failed?: boolean }

/** The text without the lines that are nothing but a warning: those stand out by themselves. */
const without = (text: string, warnings: readonly string[]): string =>
  text.split("\n").filter((line) => !warnings.some((warning) => line.includes(warning) && line.trim().length < warning.length + 24)).join("\n");

export function article(say: Say, { citation, article: found, failed }: Reading): TemplateResult {
  const url = found?.url ?? citation.url;
  return html`<div class="article" dir="auto">
    <h2>${plain(found?.title ?? citation.title)}</h2>
    ${failed ? html`<p class="line" role="alert">${icon("warn")}<span>${say("articleFailed")}</span></p>` : nothing}
    ${!found && !failed ? html`<p class="working"><i></i><i></i><i></i></p>` : nothing}
    ${found?.passages.map(({ headings, text, warnings }, i) => html`
      ${headings.length && headings.at(-1) !== found.title && headings.at(-1) !== found.passages[i - 1]?.headings.at(-1) ? html`<h3>${plain(headings.at(-1)!)}</h3>` : nothing}
      ${blocks(without(text, warnings))}
      ${warnings.map((warning) => html`<div class="mind">${blocks(warning)}</div>`)}`)}
    ${url && /^https?:\/\//.test(url) ? html`<p><a href=${url} target="_blank" rel="noopener noreferrer">${say("articleOpen")}</a></p>` : nothing}
  </div>`;
}
