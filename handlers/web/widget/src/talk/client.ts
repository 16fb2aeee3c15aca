// One visitor's side of the talk: ties memory, outbox, uploads, events and identity together. Draws nothing.

import { Api, Refusal } from "../net/api";
import { EventReader, type Line } from "../net/stream";
import type { Article, Attachment, Config, Events, EventName, Listed, Opened } from "../net/wire";
import { Outbox } from "./outbox";
import { Session, type Unsent } from "./session";
import { type Item, Thread } from "./thread";
import { Uploads } from "./uploads";

export type News = { kind: "changed" } | { kind: "arrived"; item: Item } | { kind: "erased" };

export class Client {
  thread = new Thread();
  line: Line = "open";
  config: Config = { notice: "", identity: "optional", files: 4, file_bytes: 10 * 1024 * 1024, text: 8000 };
  context: Record<string, unknown> = {};
  readonly api: Api;
  readonly session: Session;
  readonly outbox: Outbox;
  readonly uploads: Uploads;
  private reader?: EventReader;
  private opening?: Promise<Opened>;
  private jwt = "";

  constructor(
    base: string,
    language: string,
    /** What the page or the browser asks for first: articles may be in it though the widget does not speak it. */
    private readonly reads: string,
    private readonly tell: (news: News) => void,
  ) {
    this.api = new Api(base, language);
    this.session = new Session(`helplens:${base}`, () => this.follow());
    this.outbox = new Outbox(this.session, (message) => this.post(message), this.changed);
    this.uploads = new Uploads(() => this.api, () => this.conversation(), this.changed, () => this.keepDraft());
    addEventListener("online", this.network);
    addEventListener("offline", this.network);
    for (const { id, url, name } of this.session.memory.draft.pictures) this.uploads.restore(id, url, name);
    this.follow();
    if (this.outbox.waiting.length) this.outbox.now();
  }

  /** Asks the server what it is; the panel works without the answer. */
  async learn(): Promise<void> {
    try {
      this.config = { ...this.config, ...(await this.api.config()) };
      this.changed();
    } catch {
      // asked again when the panel is opened next
    }
  }

  /** Without a conversation there is no stream that would notice. */
  private network = (): void => {
    if (!this.reader) this.state(navigator.onLine ? "open" : "offline");
    if (navigator.onLine && this.jwt && !this.session.memory.user) void this.identify(this.jwt);
  };

  stop(): void {
    removeEventListener("online", this.network);
    removeEventListener("offline", this.network);
    this.reader?.stop();
    this.outbox.stop();
    this.session.stop();
  }

  private changed = (): void => this.tell({ kind: "changed" });

  get current(): Opened | undefined {
    return this.session.memory.conversation;
  }

  /** The conversation, opened when there is none yet; asked for twice at once, it is opened once. */
  conversation(): Promise<Opened> {
    if (this.current) return Promise.resolve(this.current);
    this.opening ??= this.begin();
    return this.opening;
  }

  private async begin(): Promise<Opened> {
    const { person } = this;
    try {
      const opened = await this.api.open(this.jwt || undefined);
      if (person !== this.person) throw new Gone();
      this.session.update({ conversation: opened });
      this.follow();
      return opened;
    } finally {
      if (person === this.person) this.opening = undefined;
    }
  }

  /** Who uses this browser now: what was asked for by somebody before is not theirs when it comes. */
  private person = {};

  private nextPerson(): void {
    this.person = {};
    this.opening = undefined;
    this.uploads.clear();
  }

  private forgetAll(): void {
    this.nextPerson();
    this.outbox.waiting = [];
    this.session.forget();
  }

  private followed = "";

  /** Reads the conversation that the memory names, from its start. */
  private follow(): void {
    const of = this.current;
    const name = of ? `${of.id} ${of.token}` : ""; // a new token of the same user reads on where the old one ended
    if (name === this.followed) return this.changed();
    this.reader?.stop();
    this.reader = undefined;
    this.thread = new Thread();
    this.line = "open";
    this.followed = name;
    if (of) this.reader = new EventReader(this.api.events(of), of, { event: (...event) => this.event(...event), line: (line) => this.state(line) });
    this.changed();
  }

  private event<K extends EventName>(id: number, name: K, data: Events[K]): void {
    for (const picture of pictures(data)) picture.url &&= this.api.link(picture.url); // the page may be another site's
    const before = this.thread.items.length;
    const running = this.thread.running;
    if (!this.thread.apply(id, name, data)) {
      this.thread = new Thread();
      this.reader?.again();
      return;
    }
    const item = this.thread.items.at(-1);
    if (name === "message" && item && this.thread.items.length > before) this.tell({ kind: "arrived", item });
    if (name === "done" && running) this.tell({ kind: "arrived", item: running });
    if (name === "owner" && item) this.tell({ kind: "arrived", item });
    this.changed();
  }

  private state(line: Line): void {
    this.line = line;
    if (line === "gone" && this.session.memory.user) void this.renew();
    else if (line === "gone") this.drop();
    this.changed();
  }

  /** The conversation is no longer there: what is typed and unsent goes into the next one. */
  private drop(): void {
    this.followed = "";
    this.reader?.stop();
    this.thread = new Thread();
    this.session.update({ conversation: undefined, readTo: 0 });
  }

  private async post(message: Unsent): Promise<void> {
    const of = await this.conversation();
    try {
      await this.api.say(of, message.key, message.text, message.pictures, { language: this.reads, ...this.context });
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 404) throw error;
      await this.signing;
      if (this.current && this.current.token !== of.token) return this.post(message); // it became a user's on the way
      this.state("gone");
      throw error;
    }
  }

  say(text: string, pictures: string[] = []): void {
    this.outbox.add(text, pictures);
  }

  keepDraft(text = this.session.memory.draft.text): void {
    const pictures = this.uploads.list.filter((u) => u.state === "there").map(({ id, url, name }) => ({ id, url, name }));
    this.session.update({ draft: { text, pictures } });
  }

  /** A user's token comes along: some articles are not for everybody. A visitor's opens no more than none. */
  article(path: string): Promise<Article> {
    return this.api.article(path, this.session.memory.user ? this.current?.token : undefined);
  }

  async askForPerson(): Promise<void> {
    await this.api.handoff(await this.conversation());
  }

  /** Sends a rating at once and takes it back when it does not get through; says whether it did. */
  async rate(turn: number, helped: boolean): Promise<boolean> {
    const answer = this.thread.answer(turn, 0);
    answer.rated = helped;
    this.changed();
    try {
      if (this.current) await this.api.rate(this.current, turn, helped);
      return true;
    } catch {
      answer.rated = undefined;
      this.changed();
      return false;
    }
  }

  async correct(picture: string, change: { where?: string; error?: string }): Promise<void> {
    if (this.current) await this.api.correct(this.current, picture, change);
  }

  /** The customer is written to when an answer comes and nobody reads it. The address itself is not kept here. */
  async reach(address: string): Promise<void> {
    const of = this.current;
    if (!of) return;
    await this.api.reach(of, address);
    this.session.update({ reached: of.id });
    this.changed();
  }

  get reached(): boolean {
    return this.current !== undefined && this.session.memory.reached === this.current.id;
  }

  /** New links for pictures: those of the events are good for a quarter of an hour. */
  async relink(): Promise<void> {
    if (!this.current) return;
    const { attachments } = await this.api.read(this.current);
    for (const { id, url } of attachments) {
      const picture = this.thread.pictures.get(id);
      if (picture) picture.url = this.api.link(url);
    }
    this.changed();
  }

  async earlier(): Promise<Listed[]> {
    const proof = this.jwt || this.current?.token;
    return proof ? this.api.list(proof) : [];
  }

  change(of?: Opened): void {
    this.uploads.clear();
    this.session.update({ conversation: of && { id: of.id, token: of.token }, readTo: 0, draft: { text: "", pictures: [] } });
    this.follow();
  }

  async erase(): Promise<void> {
    if (this.current) await this.api.erase(this.current);
    this.drop();
    this.tell({ kind: "erased" });
  }

  /** Proof of who this is, from the site. What was said before signing in becomes the user's; another user's is dropped. */
  identify(jwt: string): Promise<void> {
    this.jwt = jwt;
    return (this.signing = this.signIn(jwt));
  }

  private signing?: Promise<void>;

  private async signIn(jwt: string): Promise<void> {
    const user = await digest(subject(jwt));
    if (this.jwt !== jwt) return;
    if (this.session.memory.user !== user) {
      const own = this.session.memory.user ? undefined : await this.claimed(jwt);
      if (this.jwt !== jwt || own === "later") return;
      const { memory } = this.session;
      if (memory.user) this.forgetAll();
      else if (!own) this.nextPerson();
      this.session.update({ user, conversation: own, readTo: own ? memory.readTo : 0 });
      this.follow();
    }
    await this.renew();
  }

  /** The visitor's conversation, made over to the user whom the site vouches for; undefined when there is none, or the server refuses. */
  private async claimed(jwt: string): Promise<Opened | undefined | "later"> {
    const opened = this.current ?? (await this.opening?.catch(() => undefined));
    if (!opened) return undefined;
    try {
      return await this.api.claim(opened, jwt);
    } catch (error) {
      // without an answer nobody knows whose it is now: asked again when the network is back, or on the next page
      return error instanceof Refusal && !error.passing ? undefined : "later";
    }
  }

  /** A user's conversation opens as long as the proof holds: with a new proof the same one is opened again, or the newest. */
  private async renew(): Promise<void> {
    const { jwt, current } = this;
    try {
      if (!jwt) throw new Refusal(401, "identity-needed", "");
      const list = await this.api.list(jwt);
      if (this.jwt !== jwt || this.current !== current) return; // what was begun meanwhile is newer than the list
      if (this.line === "refused") this.followed = ""; // read again, also by a token that is known
      const found = list.find((one) => one.id === this.current?.id) ?? list.find((one) => one.owner !== "closed");
      this.session.update({ conversation: found && { id: found.id, token: found.token } });
      this.follow();
    } catch (error) {
      if (this.jwt !== jwt) return;
      if (error instanceof Refusal && error.status < 500) this.state("refused");
      else this.follow();
    }
  }

  forget(): void {
    this.jwt = "";
    this.context = {};
    this.forgetAll();
    this.follow();
  }
}

const pictures = (data: object): Attachment[] => ("attachments" in data ? data.attachments : "attachment" in data ? [data.attachment] : []) as Attachment[];

/** Whoever asked for it has left meanwhile. */
class Gone extends Error {}

/** The `sub` of a token, unchecked: the server checks. Only to notice that somebody else has signed in here. */
function subject(jwt: string): string {
  try {
    const claims = JSON.parse(atob((jwt.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/"))) as { sub?: string };
    return claims.sub ?? jwt;
  } catch {
    return jwt;
  }
}

async function digest(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(bytes).slice(0, 12)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
