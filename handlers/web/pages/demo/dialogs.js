// The dialogs: what each shows. Their forms are handled in app.js under the same names.

import { html, icon } from "/demo/html.js";

const frame = (title, name, body, buttons) => html`<form data-form="${name}" novalidate><header><h2>${title}</h2>
  <button type="button" class="plain" data-do="closeDialog" aria-label="Close">${icon("close")}</button></header>
  ${body}<footer class="actions"><button type="button" data-do="closeDialog">Cancel</button>${buttons}</footer></form>`;

const PERIODS = [["all", "All time"], ["year", "Last 12 months"], ["one", "One year: 2025"]];

const DIALOGS = {
  card: () => frame("Replace card", "card", html`
    <label>Card number<input name="number" inputmode="numeric" autocomplete="off" placeholder="0000 0000 0000 0000" data-private></label>
    <div class="row"><label class="grow">Expiry date<input name="expiry" placeholder="MM/YY" autocomplete="off" data-private></label>
    <label class="grow">Security code<input name="code" inputmode="numeric" autocomplete="off" placeholder="000" data-private></label></div>
    <p class="quiet">This is a demo: type anything. Nothing leaves this page.</p>`, html`<button class="main">Save card</button>`),
  options: (s) => frame("Upload options", "options", html`
    <label class="switch"><input type="checkbox" name="smaller" ${s.upload.smaller ? html`checked` : ""}><span>Make pictures smaller<small>Photos and scans are saved as JPEG, about 4 MB</small></span></label>
    <label class="switch"><input type="checkbox" name="names" checked><span>Keep file names</span></label>`, html`<button class="main">Done</button>`),
  review: () => frame("Review changes", "review", html`<p>ORD-7731 has two versions. Which one is right?</p>
    <div class="versions"><label><input type="radio" name="kept" value="here"><span><b>Keep this version</b><small>Mara Fenwick, 09:12, version 14</small>14 treads, due on 4 December</span></label>
    <label><input type="radio" name="kept" value="tablet"><span><b>Keep tablet version</b><small>Workshop tablet, 09:27, version 15</small>15 treads, due on 4 December</span></label></div>`,
    html`<button class="main">Save and sync</button>`),
  export: (s) => frame("Export invoices", "export", html`
    ${s.export.refused ? html`<div class="alert bad small" role="alert">${icon("alert")}<div><strong>Export not started</strong><p>The period is longer than 12 months. Error TB-7004</p></div></div>` : ""}
    ${s.export.ready ? html`<div class="alert good small" role="status">${icon("check")}<div><strong>Your export is ready</strong><p>invoices-2026.csv, 214 lines</p><button type="button" data-do="closeDialog">Download</button></div></div>` : ""}
    <label>Period<select name="period">${PERIODS.map(([key, label]) => html`<option value="${key}" ${key === s.export.period ? html`selected` : ""}>${label}</option>`)}</select></label>
    <label>Format<select name="format"><option>CSV</option><option>CSV for spreadsheets</option></select></label>`, html`<button class="main">Start export</button>`),
};

export const dialog = (name, s) => DIALOGS[name](s);
