// The desk's routes, and a conversation's events. Not here: what is shown (desk.js, views.js).

const BASE = "/api/v1/desk";
const KEY = "helplens:desk";

export class Refused extends Error {
  constructor(status, detail) { super(detail); this.status = status; }
}

export const session = {
  get now() { return JSON.parse(sessionStorage.getItem(KEY) ?? "null"); },
  set now(value) { value ? sessionStorage.setItem(KEY, JSON.stringify(value)) : sessionStorage.removeItem(KEY); },
};

async function call(method, path, body, key) {
  const headers = { "Accept-Language": "en", ...(session.now ? { Authorization: `Bearer ${session.now.token}` } : {}) };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  const response = await fetch(BASE + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  if (response.ok) return response.status === 204 ? null : response.json();
  const problem = await response.json().catch(() => ({}));
  if (response.status === 401 && path !== "/sign-in") session.now = null;
  throw new Refused(response.status, problem.detail ?? problem.title ?? `The help desk answered ${response.status}.`);
}

export const api = {
  signIn: (name, password) => call("POST", "/sign-in", { name, password }),
  signInByToken: (token) => call("POST", "/sign-in", { token }),
  queue: () => call("GET", "/queue"),
  read: (id) => call("GET", `/conversations/${id}`),
  earlier: (id) => call("GET", `/conversations/${id}/earlier`),
  /** take-over, hand-back, resolve, send-draft */
  act: (id, what) => call("POST", `/conversations/${id}/${what}`, {}, crypto.randomUUID()),
  /** What becomes of held words: take_over, send or note. */
  decide: (id, held, choice) => call("POST", `/conversations/${id}/held/${encodeURIComponent(held)}`, { choice }, crypto.randomUUID()),
  incidents: () => call("GET", "/incidents"),
  announce: (error, text, hours) => call("POST", "/incidents", { error, text, hours }),
  endIncident: (id, tell) => call("POST", `/incidents/${encodeURIComponent(id)}/end`, { tell }),
  /** reply, note */
  write: (id, what, text, key) => call("POST", `/conversations/${id}/${what}`, { text }, key),
};

/** Calls `heard(id, name, data)` for every event from `last` on, through interruptions, until `signal` is aborted. */
export async function follow(conversation, last, heard, signal) {
  for (let wait = 500; !signal.aborted; wait = Math.min(wait * 2, 15_000)) {
    try {
      const response = await fetch(`${BASE}/conversations/${conversation}/events`, {
        headers: { Authorization: `Bearer ${session.now?.token}`, "Last-Event-ID": String(last) }, signal,
      });
      if (response.status === 404 || response.status === 401) return;
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        wait = 500;
        const blocks = (rest + piece.value).split("\n\n");
        rest = blocks.pop();
        for (const block of blocks) {
          const fields = Object.fromEntries(block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
          if (!fields.data) continue;
          last = Number(fields.id ?? last);
          heard(last, fields.event, JSON.parse(fields.data));
        }
      }
    } catch {
      // the network or the server: tried again below
    }
    await new Promise((again) => setTimeout(again, wait));
  }
}
