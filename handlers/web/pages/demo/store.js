// What is true in the demo company right now. Every fault is a state of it, and so is every repair.

const KEY = "tallybarn";

const START = {
  theme: "", viewer: "mara", guide: true,
  card: { last: "4417", replaced: false, refused: false, paid: false },
  coupon: { code: "", refused: false, applied: false },
  company: { name: "Fenwick & Daughters", street: "14 Tannery Yard, Leeds LS9 8AQ", tax: "" },
  invoiceSent: false,
  upload: { refused: false, smaller: false, done: false },
  reports: { allowed: false, requested: false },
  order: { kept: "", synced: false },
  export: { period: "all", refused: false, ready: false },
  email: { address: "mara@fenwick-daughters.exmaple", paused: true, saved: false },
};

function load() {
  const fresh = structuredClone(START);
  try {
    return { ...fresh, ...JSON.parse(sessionStorage.getItem(KEY) ?? "{}") };
  } catch {
    return fresh;
  }
}

export const state = load();
const watchers = new Set();

export const watch = (watcher) => watchers.add(watcher);

/** Change the state through `how`, keep it for this tab, and draw everything again. */
export function change(how) {
  how(state);
  sessionStorage.setItem(KEY, JSON.stringify(state));
  for (const watcher of watchers) watcher();
}

export function startOver() {
  const { theme, guide } = state;
  change((s) => Object.assign(s, structuredClone(START), { theme, guide }));
}

/** The planted faults: how each begins, where it is seen, and when it is over. */
export const FAULTS = [
  {
    id: "card", title: "A refused card", place: "#/settings/billing", ask: "My payment does not go through",
    begin: (s) => { s.card = { ...START.card, refused: true }; }, over: (s) => s.card.paid,
    article: "billing/card-declined.md",
  },
  {
    id: "coupon", title: "An expired coupon", place: "#/settings/billing", ask: "Why can't I use this code?",
    begin: (s) => { s.coupon = { code: "SPRING26", refused: true, applied: false }; }, over: (s) => s.coupon.applied,
    article: "billing/coupon-expired.md",
  },
  {
    id: "send", title: "A greyed-out button", place: "#/invoices/INV-20431", ask: "I can't press this button",
    begin: (s) => { s.company = { ...START.company }; s.invoiceSent = false; }, over: (s) => s.invoiceSent,
    article: "invoices/send-greyed-out.md",
  },
  {
    id: "upload", title: "An upload that is too large", place: "#/files", ask: "My scan does not upload",
    begin: (s) => { s.upload = { refused: true, smaller: false, done: false }; }, over: (s) => s.upload.done,
    article: "files/upload-too-large.md",
  },
  {
    id: "reports", title: "A lost permission", place: "#/reports", ask: "It worked last week",
    begin: (s) => { s.reports = { ...START.reports }; s.viewer = "mara"; }, over: (s) => s.reports.allowed,
    article: "team/no-access-reports.md",
  },
  {
    id: "sync", title: "A sync conflict", place: "#/orders/ORD-7731", ask: "What happened to my order?",
    begin: (s) => { s.order = { ...START.order }; }, over: (s) => s.order.synced,
    article: "sync/sync-conflict.md",
  },
  {
    id: "export", title: "An export that does not start", place: "#/invoices", ask: "I need all invoices in one file",
    begin: (s) => { s.export = { period: "all", refused: true, ready: false }; }, over: (s) => s.export.ready,
    article: "invoices/export-too-long.md", dialog: "export",
  },
  {
    id: "email", title: "Mail that stopped coming", place: "#/settings/notifications", ask: "I get no mails any more",
    begin: (s) => { s.email = { ...START.email }; }, over: (s) => !s.email.paused,
    article: "account/email-paused.md",
  },
];
