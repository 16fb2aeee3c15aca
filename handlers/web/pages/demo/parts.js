// Pieces that several pages are made of.

import { html, icon } from "/demo/html.js";

export const alert = (title, text, extra = "") => html`
  <div class="alert bad" role="alert">${icon("alert")}<div><strong>${title}</strong><p>${text}</p>${extra}</div></div>`;
export const good = (title, text = "", extra = "") => html`
  <div class="alert good" role="status">${icon("check")}<div><strong>${title}</strong><p>${text}</p>${extra}</div></div>`;
export const head = (title, actions = "") => html`<div class="head"><h1>${title}</h1><div class="actions">${actions}</div></div>`;
export const tabs = (current, list) => html`<nav class="tabs" aria-label="Parts of this page">${list.map(([key, label, href]) => html`
  <a href="${href}" ${key === current ? html`aria-current="true"` : ""}>${label}</a>`)}</nav>`;
export const chip = (label, tone = "") => html`<span class="chip ${tone}">${label}</span>`;

export function table(columns, rows) {
  return html`<div class="scroll"><table><thead><tr>${columns.map((c) => html`<th>${c}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr>${row.map((cell, i) => html`<td data-label="${columns[i]}">${cell}</td>`)}</tr>`)}</tbody></table></div>`;
}
