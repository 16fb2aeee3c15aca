// The page: one person's view of the sandbox. It reads the whole state whenever something changed and draws it again.
import { el, inline, render, rich } from "/page/blocks.js";
import { icon } from "/page/icons.js";

const view = { me: localStorage.getItem("me") ?? "U0ANA", channel: "C0SUPPORT", thread: null, state: null, drafts: {}, files: {} };
const $ = (id) => document.getElementById(id);

async function refresh() {
  view.state = await (await fetch(`/ui/state?me=${view.me}`)).json();
  view.users = Object.fromEntries(view.state.users.map((u) => [u.id, u]));
  draw();
}

async function act(kind, more) {
  const answer = await fetch("/ui/do", { method: "POST", body: JSON.stringify({ me: view.me, kind, ...more }) });
  const body = answer.ok ? await answer.json() : { ok: false };
  if (!body.ok) toast("The app did not answer within three seconds. In Slack you would see a warning triangle here.");
  return body;
}

function toast(text) {
  const note = el("div", { class: "toast", role: "status" }, text);
  document.body.append(note);
  setTimeout(() => note.remove(), 4000);
}

function draw() {
  drawTop();
  drawPlaces();
  const channel = view.state.channels.find((c) => c.id === view.channel) ?? view.state.channels[0];
  view.channel = channel.id;
  drawChannel(channel);
  drawThread(channel);
  drawModals();
}

function drawTop() {
  const people = view.state.users.filter((u) => !u.bot);
  if (!$("me").options.length) $("me").append(...people.map((u) => el("option", { value: u.id, selected: u.id === view.me }, u.name)));
  const url = view.state.customer_url;
  $("customer").hidden = !url;
  if (url && $("customer-side").hidden) {
    $("customer").href = url;
    $("customer-side").hidden = false;
    $("customer-side").append(el("iframe", { src: url, title: "Customer's side" }));
  }
}

function drawPlaces() {
  const button = (c) => el("button", { "aria-current": c.id === view.channel ? "true" : null, on: { click: () => go(c) } },
    c.direct ? icon("robot_face") : "#", el("span", { class: "label" }, c.direct ? "HelpLens" : c.name));
  const rooms = view.state.channels.filter((c) => !c.direct), direct = view.state.channels.filter((c) => c.direct);
  $("places").replaceChildren(el("h2", {}, "Channels"), ...rooms.map(button), el("h2", {}, "Apps"), ...direct.map(button));
}

function go(channel) {
  view.channel = channel.id;
  view.thread = null;
  if (channel.direct) act("open_app");
  draw();
}

function drawChannel(channel) {
  const tops = channel.messages.filter((m) => !m.thread_ts || m.thread_ts === m.ts || m.subtype === "thread_broadcast");
  const privates = view.state.ephemerals.filter((m) => m.channel === channel.id && !m.thread_ts);
  const state = channel.archived ? "archived" : !channel.member ? "the app was removed" : channel.direct ? "Messages" : "";
  place($("channel"), [
    el("div", { class: "title" }, channel.direct ? "HelpLens" : `# ${channel.name}`, el("small", {}, state)),
    list([...tops, ...privates], channel, "Nothing here yet. Open the customer's side and ask for a person."),
    channel.direct && channel.prompts.length && !tops.length ? el("div", { class: "prompts" }, ...channel.prompts.map((p) => el("button", { class: "button", on: { click: () => act("say", { channel: channel.id, text: p.message }) } }, p.title))) : null,
    composer(channel, null),
  ]);
}

function drawThread(channel) {
  const messages = channel.messages.filter((m) => view.thread && (m.ts === view.thread || m.thread_ts === view.thread));
  const privates = view.state.ephemerals.filter((m) => m.channel === channel.id && m.thread_ts === view.thread);
  $("thread").hidden = !view.thread;
  $("channel").classList.toggle("behind", Boolean(view.thread));
  if (!view.thread) return;
  const status = view.state.statuses.find((s) => s.channel === channel.id && s.thread === view.thread);
  place($("thread"), [
    el("div", { class: "title" }, "Thread", el("button", { "aria-label": "Close the thread", on: { click: () => { view.thread = null; draw(); } } }, "✕")),
    list([...messages, ...privates], channel, "The first message of this thread was deleted."),
    status ? el("div", { class: "status" }, "HelpLens " + status.text) : null,
    composer(channel, view.thread),
  ]);
}

// Draws a pane again without losing where one was reading or what one was typing.
function place(pane, children) {
  const old = pane.querySelector(".scroll");
  const atEnd = !old || old.scrollHeight - old.scrollTop - old.clientHeight < 60, top = old?.scrollTop;
  const focused = pane.contains(document.activeElement) && document.activeElement.tagName === "TEXTAREA" ? document.activeElement.selectionStart : null;
  pane.replaceChildren(...children.filter(Boolean));
  const now = pane.querySelector(".scroll");
  const settle = () => { now.scrollTop = atEnd ? now.scrollHeight : top; };
  settle();
  now.querySelectorAll("img").forEach((i) => i.addEventListener("load", settle));
  if (focused !== null) { const box = pane.querySelector("textarea"); box.focus(); box.setSelectionRange(focused, focused); }
}

function list(messages, channel, empty) {
  messages.sort((a, b) => (a.ts < b.ts ? -1 : 1));
  return el("div", { class: "scroll" }, ...(messages.length ? messages.map((m) => drawMessage(m, channel)) : [el("div", { class: "empty" }, empty)]));
}

function drawMessage(m, channel) {
  const user = view.users[m.user] ?? { name: "someone" };
  const name = m.username ?? user.name;
  const mine = m.user === view.me;
  const context = { users: view.users, act: (action, value) => act("click", { channel: channel.id, ts: m.ts, action, value }) };
  const body = el("div", { class: "body" },
    m.ephemeral ? el("div", { class: "only" }, icon("eye"), " Only visible to you") : null,
    el("span", { class: "who" }, name), m.bot_id ? el("span", { class: "app" }, "APP") : null,
    el("span", { class: "when" }, new Date(m.ts * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })),
    el("div", { class: m.streaming ? "streaming" : null }, ...(m.blocks?.length ? render(m.blocks, context) : m.text ? [rich(m.text, view.users)] : [])),
    m.edited ? el("span", { class: "edited" }, "(edited)") : null,
    ...(m.files ?? []).map(drawFile),
    m.reactions ? el("div", { class: "reactions" }, ...Object.entries(m.reactions).filter(([, who]) => who.length).map(([r, who]) => el("span", {}, ...inline(`:${r}:`, view.users), ` ${who.length}`))) : null,
    replies(m, channel));
  return el("article", { class: `message ${m.ephemeral ? "private" : ""}`, "data-ts": m.ts }, face(m, user), body, tools(m, channel, mine));
}

function face(m, user) {
  const emoji = icon(m.icon_emoji?.replaceAll(":", ""));
  return emoji ? el("div", { class: "emoji", "aria-hidden": "true" }, emoji) : el("img", { class: "face", src: m.icon_url ?? user.face ?? "", alt: "" });
}

function replies(m, channel) {
  if (view.thread === m.ts || m.thread_ts || m.ephemeral) return null;
  const count = channel.messages.filter((r) => r.thread_ts === m.ts && r.ts !== m.ts).length;
  return count ? el("button", { class: "replies", on: { click: () => { view.thread = m.ts; draw(); } } }, `${count} ${count === 1 ? "reply" : "replies"}`) : null;
}

function drawFile(f) {
  if (f.mimetype?.startsWith("image/")) return el("img", { class: "picture", src: `/files/${f.id}/x?ui`, alt: f.title ?? f.name });
  return el("div", { class: "file" }, icon("paperclip"), " ", f.name ?? f.id);
}

function tools(m, channel, mine) {
  if (m.ephemeral) return null;
  const buttons = [];
  if (!m.thread_ts) buttons.push(["Reply in thread", () => { view.thread = m.ts; draw(); }]);
  if (mine) buttons.push(["Edit", () => { const text = prompt("Edit message", m.text); if (text !== null) act("edit", { channel: channel.id, ts: m.ts, text }); }]);
  if (mine) buttons.push(["Delete", () => act("delete", { channel: channel.id, ts: m.ts })]);
  return el("div", { class: "tools" }, ...buttons.map(([label, click]) => el("button", { on: { click } }, label)));
}

function composer(channel, thread) {
  const key = `${channel.id}/${thread}`, files = (view.files[key] ??= []);
  const send = async () => {
    const text = view.drafts[key] ?? "";
    if (!text.trim() && !files.length) return;
    view.drafts[key] = "";
    view.files[key] = [];
    draw();
    await act("say", { channel: channel.id, thread, text, files });
  };
  const add = async (list) => { for (const f of list) files.push(await encoded(f)); draw(); };
  const box = el("textarea", { "aria-label": thread ? "Reply" : "Message", placeholder: thread ? "Reply…" : channel.direct ? "Ask HelpLens, or paste a screenshot" : `Message #${channel.name}. @HelpLens asks the bot.`, on: {
    input: (e) => { view.drafts[key] = e.target.value; },
    keydown: (e) => { if (e.key === "Enter" && !e.shiftKey) { e.preventDefault(); send(); } },
    paste: (e) => add(e.clipboardData.files),
  } });
  box.value = view.drafts[key] ?? "";
  const pick = el("input", { type: "file", hidden: true, on: { change: (e) => add(e.target.files) } });
  return el("div", { class: "composer" }, box, el("div", { class: "row" }, pick,
    el("button", { class: "button", style: "margin:0", on: { click: () => pick.click() } }, icon("paperclip"), " File"),
    thread ? null : el("button", { class: "button", style: "margin:0", title: "A shortcut of the app", on: { click: () => act("shortcut", { callback: "announce" }) } }, icon("mega"), " Announce a known problem"),
    files.map((f) => f.name).join(", "), el("button", { class: "button primary", on: { click: send } }, "Send")));
}

const encoded = (file) => new Promise((resolve) => {
  const reader = new FileReader();
  reader.onload = () => resolve({ name: file.name || "pasted.png", type: file.type, data: reader.result.split(",")[1] });
  reader.readAsDataURL(file);
});

function drawModals() {
  const open = view.state.views.at(-1);
  if (!open) { $("modals").replaceChildren(); return; }
  if ($("modals").firstChild?.dataset.id === open.id) return; // keep what is being typed
  const close = () => act("close", { view: open.id });
  const form = el("form", { class: "modal", "data-id": open.id, role: "dialog", "aria-modal": "true", "aria-label": open.title.text, on: { submit: (e) => submit(e, open) } },
    el("h2", {}, open.title.text), el("div", { class: "fields-of" }, ...open.blocks.map(field)),
    el("footer", {}, el("button", { type: "button", class: "button", on: { click: close } }, open.close?.text ?? "Cancel"), open.submit ? el("button", { class: "button primary" }, open.submit.text) : null));
  $("modals").replaceChildren(form);
  form.querySelector("textarea, input, select")?.focus();
}

function field(block) {
  if (block.type !== "input") return el("div", {}, ...render([block], { users: view.users, act: () => {} }));
  const e = block.element, name = e.action_id;
  let input;
  if (e.type === "static_select") input = el("select", { name }, ...e.options.map((o) => el("option", { value: o.value, selected: o.value === e.initial_option?.value }, o.text.text)));
  else if (e.type === "users_select") input = el("select", { name }, ...Object.values(view.users).filter((u) => !u.bot).map((u) => el("option", { value: u.id, selected: u.id === e.initial_user }, u.name)));
  else { input = el(e.multiline ? "textarea" : "input", { name }); input.value = e.initial_value ?? ""; }
  return el("label", { "data-block": block.block_id }, block.label.text, input);
}

async function submit(event, open) {
  event.preventDefault();
  const { answer } = await act("submit", { view: open.id, values: Object.fromEntries(new FormData(event.target)) });
  document.querySelectorAll(".wrong").forEach((n) => n.remove());
  for (const [block, text] of Object.entries(answer?.errors ?? {})) document.querySelector(`[data-block="${block}"]`)?.append(el("span", { class: "wrong" }, text));
}

$("me").addEventListener("change", (e) => { view.me = e.target.value; localStorage.setItem("me", view.me); view.thread = null; refresh(); });
$("reload").addEventListener("click", () => act("reload"));
$("faults").addEventListener("change", (e) => fetch("/ui/fault", { method: "POST", body: JSON.stringify({ name: e.target.name, on: e.target.checked }) }));
let drawing = Promise.resolve();
new EventSource("/ui/changes").onmessage = () => { drawing = drawing.then(refresh); };
