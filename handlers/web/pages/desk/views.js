// What the desk shows: queue, conversation, card. Data in, markup out.

import { ago, html } from "/desk/html.js";

const OWNERS = { bot: "Assistant answers", waiting: "Waits for a person", human: "With a person", closed: "Closed" };
const MAILED = {
  sent: "Was not here: written to by e-mail", refused: "Was not here, and the e-mail was refused",
  unsure: "Was not here; the e-mail was cut off and may not have arrived",
};
const owned = (owner, who) => (owner === "human" && who ? `With ${who}` : OWNERS[owner]);

/** An error's headline and body on one line. */
const oneLine = (text) => (text ?? "").split("\n").join(" – ");
/** Who the customer is; a name that nobody vouches for is marked. */
const named = ({ name, verified }) => (name ? (verified ? name : `${name} (not verified)`) : "Customer");

export function queue(list, open, me, known) {
  return html`<header><h1>Desk</h1><button class="plain" data-do="keys" aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)">?</button><small class="me">${me}</small><button class="plain" data-do="signOut">Sign out</button></header>
    <button class="known" data-do="incidents" ${open === "incidents" ? html`aria-current="true"` : ""} title="Key: i">Known problems${known ? html`<span class="count">${known}</span>` : ""}</button>
    ${list.length ? html`<ol>${list.map((w) => html`<li><button data-open="${w.id}" class="${w.owner}" ${w.id === open ? html`aria-current="true"` : ""}>
      ${w.picture ? html`<img src="${w.picture.url}" alt="" loading="lazy">` : html`<span class="none">${initials(named(w))}</span>`}
      <span><b>${w.title || oneLine(w.seen?.error) || "A picture without words"}</b><small>${[w.name ? named(w) : "", w.reason].filter(Boolean).join(" · ")}</small>
      <small class="owner">${owned(w.owner, w.who)} · ${ago(w.at)}</small></span></button></li>`)}</ol>`
      : html`<p class="quiet">Nobody is waiting. Conversations appear here when a customer asks for a person, or when the bot does.</p>`}`;
}

const initials = (name) => name.split(" ").map((part) => part[0] ?? "").join("").slice(0, 2).toUpperCase();

/** A conversation's events, folded to what an agent reads. */
export function fold(events) {
  const entries = [];
  const turns = new Map();
  const turn = (data) => {
    if (!turns.has(data.turn)) {
      turns.set(data.turn, { kind: "answer", text: "", running: true });
      entries.push(turns.get(data.turn));
    }
    return turns.get(data.turn);
  };
  const on = {
    message: (d) => entries.push({ kind: "message", ...d }),
    noted: (d) => entries.push({ kind: "note", who: d.who, text: d.text }),
    held: (d) => entries.push({ kind: "held", id: d.held_id ?? d.id, who: d.who, text: d.text }),
    decided: (d) => { const held = entries.find((e) => e.kind === "held" && e.id === d.held_id); if (held) held.choice = d.choice; },
    owner: (d) => entries.push({ kind: "owner", text: owned(d.owner, d.who), reason: d.team || d.reason, told: d.reason }),
    reachable: (d) => entries.push({ kind: "owner", text: d.address ? `Can be written to: ${d.address}` : "Wants no more e-mails" }),
    mailed: (d) => entries.push({ kind: "owner", text: MAILED[d.outcome], reason: d.reason }),
    introduced: (d) => entries.push({ kind: "owner", text: d.claimed ? `Signed in as ${d.name}` : `This is ${named(d)}` }),
    delta: (d) => { const t = turn(d); if (!t.settled) t.text = [...t.text].slice(0, d.offset).join("") + d.text; },
    reset: (d) => { turn(d).text = ""; },
    answered: (d) => Object.assign(turn(d), { text: d.text, settled: true, running: false, citations: d.citations, choices: d.choices, model: d.model, confidence: d.confidence, answered: d.answered }),
    stopped: (d) => Object.assign(turn(d), { text: d.text, settled: true, running: false, stopped: true }),
    planned: (d) => Object.assign(turn(d), { plan: d.reason, asks: d.asks ?? [], tokens: d.tokens, price: d.price }),
    rated: (d) => Object.assign(turn(d), { rated: d.helped }),
  };
  for (const [name, data] of events) on[name]?.(data);
  return entries;
}

const CHOICES = { take_over: "Take over and send", send: "Send only this", note: "Keep as a note" };
const DECIDED = { take_over: "taken over and sent", send: "sent", note: "kept as a note" };

const words = (text) => html`${text.split("\n").map((line, i) => html`${i ? html`<br>` : ""}${line.split(/\*\*(.+?)\*\*/).map((part, j) => (j % 2 ? html`<b>${part}</b>` : part))}`)}`;

/** What a turn may cost, in words; a model whose price nobody has told costs nobody knows what. */
const cost = ({ price, tokens }) => [tokens ? `about ${tokens.toLocaleString("en")} tokens` : "", price === null ? "price not known" : price ? `at most $${price < 0.01 ? price.toPrecision(2) : price.toFixed(2)}` : "nothing to pay by the token"].filter(Boolean).join(", ");

/** How an answer came to be: why this way, by what, how sure, at which price. */
function made(e) {
  if (!e.plan && !e.model) return "";
  const sure = e.citations?.length ? `${Math.round(100 * e.confidence)} % sure` : "";
  const by = e.model === "extractive" ? "quoted, no model" : e.model;
  return html`<details class="made"><summary>${[by, sure].filter(Boolean).join(" · ") || "How"}</summary><p>${e.plan}</p>${e.asks?.length ? html`<p>Asked in this order: ${e.asks.join(", ")}; ${cost(e)}.</p>` : ""}</details>`;
}

function entry(e, customer) {
  if (e.kind === "owner") return html`<p class="turned" title="${e.told ? `The customer was told: ${e.told}` : ""}">${e.text}${e.reason ? html` · ${e.reason}` : ""}</p>`;
  if (e.kind === "note") return html`<article class="note"><h3>${e.who} · note for the team</h3><p dir="auto">${words(e.text)}</p></article>`;
  if (e.kind === "held") {
    return html`<article class="held"><h3>${e.who} · ${DECIDED[e.choice] ?? "not sent: the assistant answers"}</h3><p dir="auto">${words(e.text)}</p>
      ${e.choice ? "" : html`<p class="decide">${Object.entries(CHOICES).map(([choice, label]) => html`<button data-decide="${choice}" data-held="${e.id}">${label}</button>`)}</p>`}</article>`;
  }
  if (e.kind === "answer") {
    return html`<article class="bot"><h3>Assistant${e.running ? " · writing" : ""}${e.stopped ? " · stopped" : ""}${e.rated === true ? " · helped" : e.rated === false ? " · did not help" : ""}</h3>
      <p dir="auto">${words(e.text)}</p>${e.choices?.length ? html`<p class="quiet">${e.answered ? "Also offered" : "Asked"}: ${e.choices.map((c) => c.text).join(" / ")}</p>` : ""}
      ${e.citations?.length ? html`<p class="quiet">From: ${e.citations.map((c) => c.title).join(", ")}</p>` : ""}${made(e)}</article>`;
  }
  const who = e.sender === "customer" ? customer : e.who ?? "Assistant";
  return html`<article class="${e.sender}"><h3>${who}</h3>${e.attachments.map((a) => html`<button class="shot" data-picture="${a.id}"><img src="${a.url}" alt="Picture ${a.name}"></button>`)}
    ${e.text ? html`<p dir="auto">${words(e.text)}</p>` : ""}</article>`;
}

export const log = (entries, standing) => html`${entries.map((e) => entry(e, named(standing)))}`;

export function head(standing) {
  const mine = standing.owner === "human";
  const button = (what, label, key, main = "", off = false) => html`<button class="${main}" data-act="${what}" ${off ? html`disabled` : ""} title="Key: ${key}">${label}</button>`;
  return html`<button class="plain phone" data-do="toQueue" aria-label="Back to the queue">‹</button><h2>${standing.title}</h2><button class="plain phone" data-do="toCard">What to know</button><span class="state ${standing.owner}">${owned(standing.owner, standing.who)}</span><span class="actions">
    ${button("take-over", "Take over", "t", mine ? "" : "main", mine)}${button("hand-back", "Hand back", "b", "", !mine)}${button("resolve", "Resolve", "e", "", standing.owner === "closed")}</span>`;
}

const LANGUAGE = new Intl.DisplayNames(["en"], { type: "language" });
const tried = ({ title, helped }) => html`<li>${title}${helped === null ? "" : helped ? html` <small>helped</small>` : html` <small class="bad">did not help</small>`}</li>`;
const linked = ({ title, url, lit }, i) => html`<li ${lit?.length ? html`data-lit="${i}" tabindex="0" title="Shows the lines of the picture that speak for it"` : ""}>${url ? html`<a href="${url}" target="_blank" rel="noopener noreferrer">${title}</a>` : title}</li>`;

const FACETS = { plan: "Plan", version: "Version", audience: "Audience" };
/** Who the customer is, and what the assistant made of it. */
function facts(standing, seen, exact) {
  const row = (name, value) => (value ? html`<dt>${name}</dt><dd>${value}</dd>` : "");
  const belief = standing.belief && `${standing.belief} (${Math.round(100 * standing.confidence)} % sure)`;
  return html`<dl>${row("Customer", html`${standing.name || "No name known"}${standing.name ? html` <small>${standing.verified ? "verified" : "not verified"}</small>` : ""}`)}
    ${standing.facets.map(({ kind, values, signed }) => row(FACETS[kind], html`${values.join(", ")}${signed ? "" : html` <small>not verified</small>`}`))}
    ${row("Reads", standing.language === "en" ? "" : LANGUAGE.of(standing.language))}${row("Where", seen?.where)}${row("Message", seen?.error && html`<b>${oneLine(seen.error)}</b>`)}
    ${row("Found", exact.join(", "))}${row("Reading", seen?.reason)}${row("Tried", standing.tried.length ? html`<ul>${standing.tried.map(tried)}</ul>` : "")}
    ${row("Believes", belief)}${row("Nearest", standing.nearest.length ? html`<ul>${standing.nearest.map(linked)}</ul>` : "")}</dl>`;
}

/** The lines of a picture that spoke for the nearest articles, to lay over it; those of the article that is pointed at show. */
export function lines(standing, { id, width, height }, chosen = 0) {
  const own = standing.nearest.map(({ lit }) => (lit ?? []).filter((lines) => lines.attachment_id === id).flatMap((lines) => lines.boxes));
  if (!own.some((boxes) => boxes.length)) return "";
  const rect = ([left, top, right, bottom]) => html`<rect x="${left - 3}" y="${top - 3}" width="${right - left + 6}" height="${bottom - top + 6}" rx="4" />`;
  return html`<svg class="lines" viewBox="0 0 ${width} ${height}" aria-hidden="true">${own.map((boxes, i) => html`<g class="${i === chosen ? "on" : ""}">${boxes.map(rect)}</g>`)}</svg>`;
}

export function card(standing, earlier) {
  const newest = standing.attachments.at(-1);
  const seen = standing.seen.findLast((s) => s.attachment_id === newest?.id);
  const exact = [...new Set((seen?.entities ?? []).filter((e) => e.kind !== "error").map((e) => e.text))];
  return html`<h2>What to know</h2>${standing.reason ? html`<p class="reason">${standing.reason}</p>` : ""}
    ${newest ? html`<button class="shot" data-picture="${newest.id}"><img src="${newest.url}" alt="The newest picture, private places blacked out">${lines(standing, newest)}</button>` : ""}
    ${facts(standing, seen, exact)}
    ${seen?.error ? html`<button data-do="announceThis">Known problem? Announce it</button>` : ""}
    ${standing.draft ? html`<section class="draft"><h3>Draft</h3><p dir="auto" tabindex="0">${words(standing.draft)}</p><div class="row"><button class="main" data-act="send-draft" title="Key: d">Send draft</button><button data-do="useDraft">Edit first</button></div></section>` : ""}
    ${standing.solved.length ? html`<h3>Solved before, with the same ${seen?.error ? "message" : "page"}</h3><ul class="solved">${standing.solved.map((s) => html`<li><button class="link" data-open="${s.id}">${s.title || "A picture"}</button><p dir="auto">${s.said}</p><small>${s.who ?? "The assistant"}, ${ago(s.at)}</small></li>`)}</ul>` : ""}
    <h3>Earlier conversations</h3>${earlier.length ? html`<ul>${earlier.map((c) => html`<li><button class="link" data-open="${c.id}">${c.title || "A picture"}</button> <small>${OWNERS[c.owner]}, ${ago(c.at)}</small></li>`)}</ul>`
      : html`<p class="quiet">None that are known.</p>`}`;
}

export const KEYS = [["j / k", "next, previous conversation"], ["t", "take over"], ["r", "write a reply"], ["n", "write a note"], ["d", "send the draft"], ["b", "hand back to the assistant"], ["e", "resolve"], ["i", "known problems"], ["Ctrl Enter", "send what is written"], ["?", "this list"]];
export const keys = () => html`<form method="dialog"><h2>Keyboard</h2><dl>${KEYS.map(([key, what]) => html`<dt><kbd>${key}</kbd></dt><dd>${what}</dd>`)}</dl><button class="main">Close</button></form>`;

export const picture = (attachment, lit) => html`<form method="dialog"><div class="lit"><img src="${attachment.url}" alt="Picture ${attachment.name}">${lit}</div>${lit ? html`<p class="quiet">Marked: the lines that speak for the nearest article.</p>` : ""}
  <p><a href="${attachment.original}" target="_blank" rel="noopener noreferrer">Open the original</a> (this is written to the log) <button class="main">Close</button></p></form>`;

export const composer = () => html`<form id="write"><div class="kinds" role="radiogroup" aria-label="Who reads it">
    <label><input type="radio" name="kind" value="reply" checked>Reply to the customer</label><label><input type="radio" name="kind" value="note">Note for the team</label></div>
  <textarea name="text" rows="3" maxlength="8000" dir="auto" aria-label="Your words" placeholder="Write to the customer"></textarea>
  <div class="row"><small class="hint"></small><button class="main">Send</button></div></form>`;
