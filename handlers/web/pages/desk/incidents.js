// Known problems, as the team announces and ends them. Data in, markup out.

import { ago, html } from "/desk/html.js";

const LASTS = [["4", "4 hours"], ["12", "12 hours"], ["24", "1 day"], ["72", "3 days"], ["168", "1 week"]];
const left = (until) => {
  const hours = Math.max(0, (Date.parse(until) - Date.now()) / 3_600_000);
  return hours < 1 ? "ends within the hour" : hours < 48 ? `ends in ${Math.round(hours)} h` : `ends in ${Math.round(hours / 24)} days`;
};
const people = (n) => (n === 1 ? "1 customer" : `${n} customers`);

/** The list, and the form under it; `form` is what stands in it, `ending` the problem that is about to be ended. */
export function incidents(list, form, ending) {
  return html`<header><button class="plain phone" data-do="toQueue" aria-label="Back to the queue">‹</button><h2>Known problems</h2></header><div class="scroll">
    <p class="quiet">Who meets one of these is told at once, before the answer. An error that several customers meet within an hour appears here by itself.</p>
    ${list.length ? html`<ol class="problems">${list.map((p) => problem(p, ending === p.id))}</ol>` : html`<p class="none-known">None right now.</p>`}
    ${announcement(form)}</div>`;
}

function problem(p, ending) {
  const told = p.announced ? html`<p class="told" dir="auto">${p.text}</p>` : html`<p class="quiet">Only counted so far: customers are told that others meet it, too.</p>`;
  return html`<li class="incident" data-problem="${p.id}"><h3><code dir="auto">${p.error}</code></h3>${told}
    <p class="small">${p.announced ? `Announced${p.by ? ` by ${p.by}` : ""}` : "Seen"} ${since(p.since)} · ${left(p.until)}${p.seen ? html` · ${people(p.seen)} met it` : ""}</p>
    ${p.conversations.length ? html`<details><summary>${waits(p.conversations.length)}</summary><ul>${p.conversations.map((c) => html`<li><button class="link" data-open="${c.id}">${c.title || "A picture"}</button></li>`)}</ul></details>` : ""}
    ${ending ? end(p) : html`<p class="row"><button data-edit="${p.id}">${p.announced ? "Edit" : "Say more about it"}</button><button data-ending="${p.id}">${p.announced ? "It is over" : "It is none"}</button></p>`}</li>`;
}

const waits = (n) => (n === 1 ? "1 conversation that waits has met it" : `${n} conversations that wait have met it`);
const since = (at) => { const time = ago(Date.parse(at)); return time === "now" ? "just now" : `${time} ago`; };

function end(p) {
  return html`<form class="ending" data-problem="${p.id}"><label>${p.conversations.length
      ? html`Tell those who wait (${p.conversations.length}), in the assistant's name; leave empty to tell nobody<textarea name="tell" rows="2" maxlength="1000" dir="auto">This is repaired: please try again. Thank you for waiting.</textarea>`
      : html`Nobody who waits has met it, so nobody needs to be told.<input type="hidden" name="tell" value="">`}</label>
    <p class="row"><button class="main">End it</button><button type="button" data-ending="">Keep it</button></p></form>`;
}

function announcement({ error = "", text = "", hours = "24", editing = false }) {
  return html`<form id="announce" class="box"><h3>${editing ? "Change what customers are told" : "Announce a problem"}</h3>
    <label>The error as customers see it, or its code<input name="error" required maxlength="500" dir="auto" value="${error}" ${editing ? html`readonly` : ""} placeholder="Error TB-4021"></label>
    <label>What customers are told<textarea name="text" required rows="2" maxlength="1000" dir="auto" placeholder="Card payments are refused right now. We are on it.">${text}</textarea></label>
    <label>For how long, unless it is ended before<select name="hours">${LASTS.map(([value, label]) => html`<option value="${value}" ${value === hours ? html`selected` : ""}>${label}</option>`)}</select></label>
    <p class="row"><button class="main">${editing ? "Save" : "Announce"}</button>${editing ? html`<button type="button" data-edit="">Cancel</button>` : ""}</p></form>`;
}
