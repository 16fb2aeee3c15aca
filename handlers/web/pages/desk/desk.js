// The agents' page: signs in, keeps the queue fresh, follows the open conversation, does what buttons and keys ask for.

import { api, follow, Refused, session } from "/desk/api.js";
import { incidents } from "/desk/incidents.js";
import { card, composer, fold, head, keys, lines, log, picture, queue } from "/desk/views.js";

const $ = (id) => document.getElementById(id);
const REFRESH_MS = 4000;
const KNOWN_MS = 60_000; // how many problems are known is no news of the second
let waiting = [];
let open = null; // { id, standing, earlier, events }
let following = new AbortController();
let unsent = crypto.randomUUID();
let known = []; // problems that are known now
let knownAt = 0;
let form = {}; // what the form for known problems is to start with
let ending = ""; // the problem that is about to be ended
const ASKED = /^p\d{1,4}-[0-9a-f]{24}$/; // a conversation's id, as the card in Slack links to it
const linked = location.hash.slice(1);
let chosen = ""; // the conversation that was asked for last; it may still be on its way

function say(text) {
  $("toast").textContent = text;
  setTimeout(() => { if ($("toast").textContent === text) $("toast").textContent = ""; }, 6000);
}

/** Runs `work`; what goes wrong is said in the server's words. */
async function trying(work) {
  try {
    return await work();
  } catch (error) {
    if (!session.now) return signedOut();
    say(error instanceof Refused ? error.message : "The help desk cannot be reached. Try again.");
  }
}

function signedOut() {
  session.now = null;
  following.abort();
  open = null;
  chosen = "";
  $("desk").hidden = true;
  $("sign-in").hidden = false;
  $("sign-in").elements.name.focus();
}

async function signedIn() {
  $("sign-in").hidden = true;
  $("desk").hidden = false;
  $("talk").innerHTML = `<p class="quiet middle">Choose a conversation.</p>`;
  put($("card"), "");
  room("");
  await refresh();
  if (ASKED.test(linked)) return show(linked);
  if (!chosen && waiting[0] && matchMedia("(min-width: 900px)").matches) await show(waiting[0].id);
}

async function refresh() {
  if (!session.now) return;
  const list = await trying(() => api.queue());
  if (!list) return;
  waiting = list;
  if (chosen === "incidents" || Date.now() - knownAt > KNOWN_MS) await refreshIncidents();
  const count = list.filter((w) => w.owner === "waiting").length;
  document.title = `${count ? `(${count}) ` : ""}Desk · HelpLens`;
  drawQueue();
}

function drawQueue() {
  const focused = document.activeElement?.dataset?.open;
  put($("queue"), queue(waiting, chosen === "incidents" ? chosen : open?.id, session.now?.name ?? "", known.length));
  if (focused) $("queue").querySelector(`[data-open="${CSS.escape(focused)}"]`)?.focus();
}

/** The page of known problems, in the place of a conversation. */
async function showIncidents(start = {}) {
  following.abort();
  [chosen, open, form, ending] = ["incidents", null, start, ""];
  room("reading known-room");
  $("talk").innerHTML = `<div id="known"></div>`;
  put($("card"), "");
  await refreshIncidents();
  drawQueue();
}

async function refreshIncidents() {
  const list = await trying(() => api.incidents());
  knownAt = Date.now();
  if (!list) return;
  known = list;
  drawQueue();
  drawIncidents();
}

/** Not while somebody writes in it: what is drawn anew would take their words away. */
function drawIncidents(again = false) {
  const box = $("known");
  if (!box || (!again && box.contains(document.activeElement) && document.activeElement.matches("input, textarea, select"))) return;
  put(box, incidents(known, form, ending));
}

async function announce(fields) {
  const done = await trying(() => api.announce(fields.error.value, fields.text.value, Number(fields.hours.value)));
  if (!done) return;
  say(`Announced. Customers read: “${done.text}”`);
  form = {};
  $("known").drawn = "";
  await refreshIncidents();
  drawIncidents(true);
}

async function endIncident(id, tell) {
  const done = await trying(() => api.endIncident(id, tell));
  ending = "";
  if (done) say(done.told ? `Ended. ${done.told === 1 ? "1 customer was" : `${done.told} customers were`} told.` : "Ended. Nobody was told.");
  await refreshIncidents();
  drawIncidents(true);
}

async function show(id) {
  chosen = id;
  following.abort();
  const stop = following = new AbortController();
  const found = await trying(async () => ({ standing: await api.read(id), earlier: await api.earlier(id) }));
  if (!found || stop.signal.aborted) return;
  open = { id, ...found, events: found.standing.events.map((e) => [e.event, e]) };
  room("reading");
  $("talk").innerHTML = `<header></header><div id="log" role="log" tabindex="0"></div>${composer()}`;
  stayAtEnd($("log"));
  draw();
  const last = found.standing.events.at(-1)?.id ?? 0;
  follow(id, last, (_, name, data) => heard(id, name, data), stop.signal);
}

function heard(id, name, data) {
  if (open?.id !== id) return;
  open.events.push([name, data]);
  if (["owner", "message", "seen", "answered", "noted", "introduced", "described", "rated"].includes(name)) void reload(id);
  drawLog();
}

/** Reads card and owner again; the words come by the events. */
async function reload(id) {
  const standing = await trying(() => api.read(id));
  if (!standing || open?.id !== id || older(standing, open.standing)) return;
  open.standing = standing;
  drawAround();
}

/** Of two that were asked for one after the other, the earlier one may come last. */
const older = (one, other) => (one.events.at(-1)?.id ?? 0) < (other.events.at(-1)?.id ?? 0);

/** Draws only what changed: a button that is replaced between press and release is never clicked. */
function put(box, markup) {
  const drawn = String(markup);
  if (box.drawn === drawn) return;
  box.innerHTML = box.drawn = drawn;
}

function draw() {
  drawQueue();
  drawAround();
  drawLog();
}

function drawAround() {
  const { standing, id } = open;
  const title = standing.messages.find((m) => m.sender === "customer" && m.text)?.text ?? waiting.find((w) => w.id === id)?.title ?? "Conversation";
  put($("talk").querySelector("header"), head({ ...standing, title }));
  put($("card"), card(standing, open.earlier));
  hint();
}

const atEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 120;

/** A picture makes the log longer once it is there: whoever reads its end stays there. */
function stayAtEnd(box) {
  let reading = true;
  box.addEventListener("scroll", () => { reading = atEnd(box); });
  box.addEventListener("load", () => { if (reading) box.scrollTop = box.scrollHeight; }, true);
}

function drawLog() {
  const box = $("log");
  const near = atEnd(box);
  put(box, log(fold(open.events), open.standing));
  if (near) box.scrollTop = box.scrollHeight;
}

function hint() {
  const form = $("write");
  const note = form.elements.kind.value === "note";
  const { owner, who } = open.standing;
  const reply = owner === "human" ? (who === session.now?.name ? "The customer reads this at once." : `${who || "Another person"} answers: your words are kept as a note.`)
    : owner === "closed" ? "This conversation is closed: you are asked before this is sent." : "The assistant answers: you are asked before this is sent.";
  form.classList.toggle("note", note);
  form.elements.text.placeholder = note ? "Only the team reads this" : "Write to the customer";
  form.querySelector(".hint").textContent = note ? "No customer ever sees a note." : reply;
}

async function act(what) {
  if (!open) return;
  const { id } = open;
  if (await trying(() => api.act(id, what))) await Promise.all([reload(id), refresh()]);
}

async function decide(held, choice) {
  const { id } = open;
  if (await trying(() => api.decide(id, held, choice))) await Promise.all([reload(id), refresh()]);
}

async function write() {
  if (!$("write")) return;
  const field = $("write").elements.text;
  const kind = $("write").elements.kind.value;
  const [text, key] = [field.value.trim(), unsent];
  if (!text) return;
  // what is typed while this is on its way is the next message
  field.value = "";
  unsent = crypto.randomUUID();
  const done = await trying(() => api.write(open.id, kind, text, key));
  if (!done) {
    if (!field.value) unsent = key; // the same words again are the same message
    field.value = [text, field.value].filter(Boolean).join("\n");
    return;
  }
  if (done.heard === "held") say("Not sent yet: the assistant still answers. Choose what becomes of it.");
  if (done.heard === "note" && kind === "reply") say("Kept as a note: another person owns this conversation.");
}

function focusWriting(kind) {
  if (!$("write")) return;
  $("write").elements.kind.value = kind;
  hint();
  $("write").elements.text.focus();
}

function dialog(id, markup) {
  $(id).innerHTML = markup;
  $(id).showModal();
}

function step(by) {
  const at = waiting.findIndex((w) => w.id === open?.id);
  const next = waiting[Math.max(0, Math.min(waiting.length - 1, at + by))];
  if (next) void show(next.id);
}

/** On a phone one thing is seen at a time: the queue, or what was chosen in it. */
function room(name) {
  $("desk").className = name;
  if (name) scrollTo(0, 0);
}

const commands = {
  toQueue: () => { following.abort(); [chosen, open] = ["", null]; room(""); drawQueue(); },
  toCard: () => $("card").scrollIntoView({ behavior: "smooth" }),
  keys: () => dialog("keys", keys()),
  signOut: signedOut,
  incidents: () => showIncidents(),
  announceThis: () => showIncidents({ error: open.standing.seen.findLast((s) => s.error)?.error.split("\n").join(" ") ?? "" }),
  useDraft: () => { focusWriting("reply"); $("write").elements.text.value = open.standing.draft; },
};
const shortcuts = {
  j: () => step(1), k: () => step(-1), t: () => act("take-over"), b: () => act("hand-back"), e: () => act("resolve"), i: () => showIncidents(),
  d: () => open?.standing.draft && act("send-draft"), r: () => focusWriting("reply"), n: () => focusWriting("note"), "?": commands.keys,
};

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-open],[data-act],[data-do],[data-picture],[data-decide],[data-edit],[data-ending]");
  if (!target) return;
  const { open: id, act: what, do: command, picture: shot, decide: choice, held } = target.dataset;
  if (id) void show(id);
  if (what) void act(what);
  if (choice) void decide(held, choice);
  const { edit, ending: over } = target.dataset;
  if (edit !== undefined) {
    const problem = known.find((p) => p.id === edit);
    form = problem ? { error: problem.error, text: problem.text, editing: true } : {};
    drawIncidents(true);
    if (problem) $("announce").elements.text.focus();
  }
  if (over !== undefined) { ending = over; drawIncidents(true); $("known").querySelector(".ending textarea, .ending button")?.focus(); }
  if (command) commands[command]();
  if (shot) showPicture(open.standing.attachments.find((a) => a.id === shot));
});

const showPicture = (attachment) => dialog("picture", picture(attachment, lines(open.standing, attachment)));

/** The lines that speak for an article show while it is pointed at or has the focus. */
function light(event) {
  const article = event.target.closest?.("[data-lit]");
  if (article) for (const [i, group] of document.querySelectorAll("#card .lines g").entries()) group.classList.toggle("on", String(i) === article.dataset.lit);
}
document.addEventListener("pointerover", light);
document.addEventListener("focusin", light);

document.addEventListener("submit", (event) => {
  if (event.target.id === "write") { event.preventDefault(); void write(); }
  if (event.target.id === "announce") { event.preventDefault(); void announce(event.target.elements); }
  if (event.target.matches(".ending")) { event.preventDefault(); void endIncident(event.target.dataset.problem, event.target.elements.tell.value); }
  if (event.target.id !== "sign-in") return;
  event.preventDefault();
  const { name, password } = event.target.elements;
  api.signIn(name.value, password.value).then((token) => { session.now = token; return signedIn(); }, (error) => {
    event.target.querySelector(".problem").textContent = error.message;
  });
});

document.addEventListener("change", (event) => { if (event.target.name === "kind") hint(); });

document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, textarea, select")) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void write();
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || !session.now || document.querySelector("dialog[open]")) return;
  const run = shortcuts[event.key];
  if (run) { event.preventDefault(); run(); }
});

setInterval(() => { if (!document.hidden) void refresh(); }, REFRESH_MS);
addEventListener("hashchange", () => {
  const id = location.hash.slice(1);
  if (session.now && ASKED.test(id)) void show(id);
});
const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) {
  history.replaceState(null, "", location.pathname);
  api.signInByToken(given).then((token) => { session.now = token; return signedIn(); }, signedOut);
} else if (session.now) void signedIn();
else signedOut();
