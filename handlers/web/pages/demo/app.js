// Draws the page for the address and the state, and does what clicks and forms ask for.

import { dialog } from "/demo/dialogs.js";
import { guide } from "/demo/guide.js";
import { html, icon } from "/demo/html.js";
import { page, PEOPLE, PLACES } from "/demo/pages.js";
import { change, FAULTS, startOver, state, watch } from "/demo/store.js";

const $ = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);
let openDialog = "";
let current = query.get("fault") ?? "";

const route = () => location.hash.replace(/^#\/?/, "").split("/").filter(Boolean);

function nav(s, here) {
  return html`<a class="brand" href="#/">${icon("barn")}<span>Tallybarn</span></a>${PLACES.map(([key, label]) => html`
    <a href="#/${key}" ${key === here ? html`aria-current="page"` : ""}>${icon(key)}<span>${label}</span></a>`)}`;
}

function top(s) {
  const person = PEOPLE[s.viewer];
  const other = s.viewer === "mara" ? "jonas" : "mara";
  return html`<span class="company">${s.company.name}</span><button class="plain" data-do="theme" aria-label="Light or dark">${icon("sun")}</button>
    <details class="person"><summary><span class="face">${person.name.split(" ").map((w) => w[0]).join("")}</span><span class="who">${person.name}<small>${person.role}</small></span>${icon("down")}</summary>
    <div class="card"><button data-do="viewer">View as ${PEOPLE[other].name.split(" ")[0]} (${PEOPLE[other].role.toLowerCase()})</button></div></details>`;
}

function draw() {
  const [here = "home"] = route();
  document.documentElement.dataset.theme = query.get("theme") ?? (state.theme || "");
  document.body.classList.toggle("plain-view", query.has("plain"));
  $("nav").innerHTML = nav(state, here);
  $("top").innerHTML = top(state);
  $("main").innerHTML = page(state, route());
  $("guide").innerHTML = query.has("plain") ? "" : guide(state, current);
  document.body.classList.toggle("with-guide", state.guide && !query.has("plain"));
  document.title = `${$("main").querySelector("h1")?.textContent ?? "Home"} · Tallybarn`;
  if (openDialog) $("dialog").innerHTML = dialog(openDialog, state);
}

function showDialog(name) {
  openDialog = name;
  $("dialog").innerHTML = dialog(name, state);
  // not modal: a modal dialog would make the help widget inert, and help is wanted most where something fails
  if (!$("dialog").open) $("dialog").show();
  $("shade").hidden = false;
}

function say(text) {
  $("toast").textContent = text;
  setTimeout(() => { if ($("toast").textContent === text) $("toast").textContent = ""; }, 4000);
}

function begin(id) {
  const fault = FAULTS.find((f) => f.id === id);
  if (!fault) return;
  current = id;
  actions.closeDialog();
  location.hash = fault.place;
  change(fault.begin);
  if (fault.dialog) showDialog(fault.dialog);
}

const actions = {
  later: () => say("This part of the demo is only painted on."),
  closeDialog: () => { openDialog = ""; $("dialog").close(); $("shade").hidden = true; },
  theme: () => change((s) => { s.theme = dark() ? "light" : "dark"; }),
  guide: () => change((s) => { s.guide = !s.guide; }),
  startOver: () => { current = ""; startOver(); location.hash = "#/"; },
  viewer: () => change((s) => { s.viewer = s.viewer === "mara" ? "jonas" : "mara"; }),
  payNow: () => change((s) => { s.card = { ...s.card, refused: !s.card.replaced, paid: s.card.replaced }; }),
  useOffer: () => change((s) => { s.coupon = { code: "WORKBENCH20", refused: false, applied: true }; }),
  sendInvoice: () => change((s) => { s.invoiceSent = true; }),
  upload: () => change((s) => { s.upload = { ...s.upload, refused: !s.upload.smaller, done: s.upload.smaller }; }),
  uploadAgain: () => actions.upload(),
  requestAccess: () => change((s) => { s.reports.requested = true; }),
  approve: () => { change((s) => { s.reports = { allowed: true, requested: true }; }); say("Mara Fenwick has access to Reports again."); },
  resumeEmail: () => change((s) => { s.email.paused = false; }),
};

const forms = {
  company: (f) => { change((s) => { s.company = { name: f.get("name"), street: f.get("street"), tax: f.get("tax").trim() }; }); say("Changes saved."); },
  coupon: (f) => change((s) => {
    const code = f.get("code").trim().toUpperCase();
    s.coupon = { code, refused: code !== "WORKBENCH20", applied: code === "WORKBENCH20" };
  }),
  email: (f) => { change((s) => { s.email = { ...s.email, address: f.get("address"), saved: !f.get("address").endsWith(".exmaple") }; }); say("Address saved."); },
  card: (f) => {
    const last = f.get("number").replace(/\D/g, "").slice(-4).padStart(4, "0");
    change((s) => { s.card = { last, replaced: true, refused: false, paid: s.card.paid }; });
    actions.closeDialog();
    say("The new card is saved.");
  },
  options: (f) => { change((s) => { s.upload.smaller = f.has("smaller"); }); actions.closeDialog(); },
  review: (f) => { if (f.get("kept")) { change((s) => { s.order = { kept: f.get("kept"), synced: true }; }); actions.closeDialog(); } },
  export: (f) => change((s) => { const period = f.get("period"); s.export = { period, refused: period === "all", ready: period !== "all" }; }),
};

const dark = () => (document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-do],[data-dialog],[data-fault],[data-ask]");
  if (!target || target.disabled) return;
  const { do: action, dialog: name, fault, ask } = target.dataset;
  if (action) actions[action]();
  if (name) showDialog(name);
  if (fault) begin(fault);
  if (ask) window.HelpLens?.ask(ask);
});

document.addEventListener("submit", (event) => {
  const handler = forms[event.target.dataset.form];
  if (!handler) return;
  event.preventDefault();
  handler(new FormData(event.target));
});

$("dialog").addEventListener("keydown", (event) => { if (event.key === "Escape") actions.closeDialog(); });
$("shade").addEventListener("click", actions.closeDialog);
addEventListener("hashchange", draw);
watch(draw);
draw();
if (current) begin(current);
