// The help desk's HTTP interface. Not here: the event stream (stream.ts), when a call is repeated (talk/outbox.ts).

import type { Article, AttachmentTaken, Config, Listed, Opened } from "./wire";

/** An answer that is no: `kind` is the last word of the problem's type, `detail` is written for the customer. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly kind: string,
    readonly detail: string,
    readonly retry?: number,
  ) {
    super(detail);
  }

  /** Whether the same request may succeed later. */
  get passing(): boolean {
    return this.status === 429 || this.status >= 500;
  }
}

function refusal(status: number, body: string, header: string | null): Refusal {
  let problem: { type?: string; detail?: string; title?: string; retry?: number } = {};
  try {
    problem = JSON.parse(body);
  } catch {
    // a proxy's own page: the status has to do
  }
  const retry = Number(header ?? problem.retry);
  return new Refusal(status, problem.type?.split(":").pop() ?? "", problem.detail ?? problem.title ?? "", retry > 0 ? retry : undefined);
}

export class Api {
  /** `base` is the server's address without a slash at the end; the server is to speak `language`, as the widget does. */
  constructor(
    readonly base: string,
    private readonly language: string,
  ) {}

  private async call<T>(method: string, path: string, token?: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
    const response = await fetch(`${this.base}/api/v1${path}`, {
      method,
      credentials: "omit",
      headers: {
        "Accept-Language": this.language,
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw refusal(response.status, text, response.headers.get("Retry-After"));
    return (text ? JSON.parse(text) : undefined) as T;
  }

  config = () => this.call<Config>("GET", "/config");
  open = (token?: string) => this.call<Opened>("POST", "/conversations", token);
  claim = (of: Opened, jwt: string) => this.call<Opened>("POST", `/conversations/${of.id}/claim`, of.token, { token: jwt });
  list = (token: string) => this.call<Listed[]>("GET", "/conversations", token);
  read = (of: Opened) => this.call<{ attachments: { id: string; url: string }[] }>("GET", `/conversations/${of.id}`, of.token);
  erase = (of: Opened) => this.call<void>("DELETE", `/conversations/${of.id}`, of.token);
  handoff = (of: Opened) => this.call<unknown>("POST", `/conversations/${of.id}/handoff`, of.token, {});
  rate = (of: Opened, turn: number, helped: boolean) => this.call<unknown>("POST", `/conversations/${of.id}/feedback`, of.token, { turn, helped });
  correct = (of: Opened, attachment_id: string, change: { where?: string; error?: string }) =>
    this.call<unknown>("POST", `/conversations/${of.id}/screen`, of.token, { attachment_id, ...change });
  reach = (of: Opened, address: string) => this.call<{ address: string }>("POST", `/conversations/${of.id}/email`, of.token, { address });
  article = (path: string, token?: string) => this.call<Article>("GET", `/articles/${path.split("/").map(encodeURIComponent).join("/")}`, token);

  withdraw = (of: Opened, id: string) => this.call<void>("DELETE", `/conversations/${of.id}/attachments/${id.split("/").pop()}`, of.token);

  say(of: Opened, key: string, text: string, attachments: string[], context: object): Promise<{ message_id: string }> {
    return this.call("POST", `/conversations/${of.id}/messages`, of.token, { text, attachments, context }, { "Idempotency-Key": key });
  }

  /** Sends a picture; XMLHttpRequest, because fetch tells nothing of how far an upload is. */
  upload(of: Opened, picture: Blob, name: string, progress: (share: number) => void, signal: AbortSignal): Promise<AttachmentTaken> {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", `${this.base}/api/v1/conversations/${of.id}/attachments`);
      request.setRequestHeader("Authorization", `Bearer ${of.token}`);
      request.setRequestHeader("Accept-Language", this.language);
      request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
      request.onload = () => {
        if (request.status < 300) resolve(JSON.parse(request.responseText) as AttachmentTaken);
        else reject(refusal(request.status, request.responseText, request.getResponseHeader("Retry-After")));
      };
      request.onerror = () => reject(new TypeError("the network failed"));
      request.onabort = () => reject(new DOMException("cancelled", "AbortError"));
      signal.addEventListener("abort", () => request.abort());
      const form = new FormData();
      form.append("file", picture, name);
      request.send(form);
    });
  }

  /** The address of a picture: links of the server are relative to it. */
  link = (url: string) => new URL(url, `${this.base}/`).href;
  events = (of: Opened) => `${this.base}/api/v1/conversations/${of.id}/events`;
}
