// <helplens-widget>: the button, the panel, and what is done in it. What it looks like is in views/, what it knows in talk/.

import { html, LitElement, nothing, type TemplateResult } from "lit";
import { icon, mark } from "./icons";
import { later } from "./later";
import type { Citation, Listed, Point } from "./net/wire";
import { TYPES } from "./picture/shrink";
import { style } from "./style";
import { Client, type News } from "./talk/client";
import type { Answer, Item, Picture, Thread } from "./talk/thread";
import type { Upload } from "./talk/uploads";
import { plain } from "./text";
import { article, type Reading } from "./views/article";
import { composer } from "./views/composer";
import type { Parts } from "./views/parts";
import { described, marked, Zoom } from "./views/picture";
import { talk } from "./views/talk";
import { english, type Language, load, pick, type Say, sayer, soundsLikeTrouble, type Words } from "./words";

const NEAR_END = 80;
interface Large { picture: Picture; points: readonly Point[] }

export class HelpLensWidget extends LitElement implements Parts {
  static override styles = style;
  static override properties = {
    open: { type: Boolean, reflect: true }, api: { type: String }, lang: { type: String }, theme: { type: String, reflect: true },
    sound: { type: Boolean }, review: { type: Boolean }, private: { type: String },
  };

  declare open: boolean;
  /** The help desk's address; set before the element is connected. */
  declare api: string;
  declare lang: string;
  declare theme: string;
  declare sound: boolean;
  /** Whether a pasted picture is shown in the editor before it is sent. */
  declare review: boolean;
  /** CSS selectors of what else is private on this site's pages. */
  declare private: string;

  client!: Client;
  say: Say = sayer(english);
  locale = "en";
  correcting = "";
  offer = false;
  line = "";
  private words: Words = english;
  private reading?: Reading;
  /** What an article was opened by. */
  private opener: Element | null = null;
  private large?: Large;
  private menu = false;
  private others: Listed[] = [];
  private offered = false;
  private dropping = false;
  private capturing = false;
  private asked = false;
  private following = true;
  private announced = "";
  private tick = 0;
  private readonly zoom = new Zoom(() => this.renderRoot.querySelector(".zoom"));

  constructor() {
    super();
    Object.assign(this, { open: false, api: "", lang: "", theme: "", sound: false, review: false, private: "" });
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const wanted = this.lang ? [this.lang] : [document.documentElement.lang, ...navigator.languages].filter(Boolean);
    const language = pick(wanted);
    this.client = new Client((this.api || location.origin).replace(/\/+$/, ""), language, wanted[0] ?? language, (news) => this.heard(news));
    this.open = this.client.session.memory.open;
    if (this.open) void this.client.learn();
    this.dir ||= getComputedStyle(this.parentElement ?? document.documentElement).direction;
    this.tick = window.setInterval(() => this.client.outbox.waiting.some((m) => m.next) && this.requestUpdate(), 1000);
    void this.speak(language);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.tick);
    this.grown.disconnect();
    this.client.stop();
  }

  private async speak(language: Language): Promise<void> {
    this.locale = language;
    this.words = await load(this.client.api.base, language);
    this.say = sayer(this.words);
    this.requestUpdate();
  }

  get thread(): Thread {
    return this.client.thread;
  }

  private heard(news: News): void {
    if (news.kind === "arrived") this.arrived(news.item);
    if (news.kind === "erased") this.announce(this.say("erased"));
    this.requestUpdate();
  }

  private arrived(item: Item): void {
    if (item.kind === "notice") this.asked = false;
    if (item.kind === "message" && item.sender === "customer") return;
    const words = item.kind === "answer" ? `${this.say("newAnswer")} ${item.text}` : item.kind === "message" ? `${this.say("newMessage", { who: item.who })} ${item.text}` : item.text;
    this.announce(plain(words).replace(/[*`#]/g, ""));
    this.emit("message", { kind: item.kind });
    if (this.sound && (document.hidden || !this.open) && item.at > Date.now() - 10_000) chime();
  }

  private announce(words: string): void {
    this.announced = words;
    this.requestUpdate();
  }

  private emit(name: string, detail: object = {}): void {
    this.dispatchEvent(new CustomEvent(`helplens:${name}`, { detail, bubbles: true, composed: true }));
  }

  show(): void {
    if (this.open) return;
    this.open = true;
    this.client.session.update({ open: true });
    void this.client.learn();
    this.following = true;
    void this.updateComplete.then(() => this.field?.focus());
    this.emit("open");
  }

  hide(): void {
    if (!this.open) return;
    this.open = this.menu = false;
    this.client.session.update({ open: false });
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>(".launcher")?.focus());
    this.emit("close");
  }

  /** Opens the panel with `text` ready to be sent. */
  ask(text: string): void {
    this.reading = undefined;
    this.show();
    this.typed(text);
  }

  /** Forgets everything of this visitor in this browser. */
  shutdown(): void {
    this.hide();
    Object.assign(this, { reading: undefined, large: undefined, line: "", offer: false, asked: false, announced: "" });
    this.client.forget();
  }

  private get field(): HTMLTextAreaElement | null {
    return this.renderRoot.querySelector(".field textarea");
  }

  // ---- what the views ask for

  typed(text: string): void {
    this.client.keepDraft(text);
    this.line = "";
    this.offer = !this.offered && text.length > 7 && !this.client.uploads.list.length && soundsLikeTrouble(this.words, text);
    this.requestUpdate();
  }

  dismissOffer = (): void => {
    this.offered = true;
    this.offer = false;
    this.requestUpdate();
  };

  send = (): void => {
    const { uploads, session } = this.client;
    const text = session.memory.draft.text.trim();
    if (uploads.sending) return this.tellLine(this.say("uploading", { percent: Math.round(Math.min(...uploads.list.filter((u) => u.state === "sending").map((u) => u.share)) * 100) }));
    const pictures = uploads.list.filter((upload) => upload.state === "there").map((upload) => upload.id);
    if (!text && !pictures.length) return void this.field?.focus();
    uploads.list = uploads.list.filter((upload) => upload.state !== "there");
    this.client.keepDraft("");
    this.client.say(text, pictures);
    this.offered = this.offer = false;
    this.line = "";
    this.following = true;
    this.field?.focus();
  };

  choose(text: string): void {
    this.following = true;
    this.client.say(text);
  }

  editUnsent(key: string): void {
    const message = this.client.outbox.remove(key);
    if (message) this.typed([message.text, this.client.session.memory.draft.text].filter(Boolean).join("\n"));
    this.field?.focus();
  }

  person = (): void => {
    this.asked = true;
    this.following = true;
    this.client.askForPerson().catch((error: Error) => {
      this.asked = false;
      this.tellLine((error as { detail?: string }).detail || this.say("offline"));
    });
    this.requestUpdate();
  };

  rate(answer: Answer, helped: boolean): void {
    if (answer.rated === helped) return;
    const goesOn = !helped && this.thread.owner === "bot" && this.thread.items.findLast((i) => i.kind === "answer") === answer;
    void this.client.rate(answer.turn, helped).then((there) => there && goesOn && this.choose(this.say("notHelpedSaid")));
  }

  correct(picture: string): void {
    this.correcting = picture;
    this.requestUpdate();
  }

  saveCorrection(picture: string, form: HTMLFormElement): void {
    const fields = new FormData(form);
    this.correct("");
    this.client
      .correct(picture, { where: String(fields.get("where")).trim(), error: String(fields.get("error")).trim() })
      .catch((error: Error) => this.tellLine((error as { detail?: string }).detail || this.say("offline")));
  }

  reach(form: HTMLFormElement): void {
    this.tellLine("");
    this.client.reach(String(new FormData(form).get("email"))).then(
      () => this.announce(this.say("mailKept")),
      (error: Error) => this.tellLine((error as { detail?: string }).detail || this.say("offline")),
    );
  }

  private relinked = 0;

  relink = (): void => {
    if (Date.now() - this.relinked < 10_000) return;
    this.relinked = Date.now();
    void this.client.relink().catch(() => undefined);
  };

  private tellLine(text: string): void {
    this.line = text;
    this.requestUpdate();
  }

  pickFile = (): void => this.renderRoot.querySelector<HTMLInputElement>('input[type="file"]')?.click();

  addFiles(files: Iterable<File>): void {
    const { uploads, config } = this.client;
    this.line = "";
    this.offer = false;
    for (const file of files) {
      if (!TYPES.includes(file.type)) this.tellLine(this.say("notPicture", { name: file.name || "?" }));
      else if (uploads.list.length >= config.files) this.tellLine(this.say("tooMany", { limit: config.files }));
      else if (this.review) void this.prepare(file).then((picture) => picture && uploads.add(picture, file.name));
      else uploads.add(file, file.name || "picture");
    }
    this.requestUpdate();
  }

  /** Opens the editor on a picture; null when the customer thought better of it. */
  private async prepare(picture: Blob, found: Upload | undefined = undefined, note = ""): Promise<Blob | null> {
    try {
      const { edit } = await later(this.client.api.base, "editor");
      const read = found && this.thread.pictures.get(found.id);
      return await edit({ picture, say: this.say, root: this.renderRoot as ShadowRoot, found: read?.seen?.private_boxes, width: read?.width, note });
    } catch {
      this.tellLine(this.say("partFailed"));
      return null;
    }
  }

  editUpload(upload: Upload): void {
    void this.prepare(upload.picture, upload).then((picture) => {
      if (!picture) return;
      this.client.uploads.remove(upload);
      this.client.uploads.add(picture, upload.name);
    });
  }

  capture = (): void => {
    if (!this.capturing) void this.takePicture();
  };

  /** After a repair: the same page once more, with the question already written. */
  captureAgain = (): void => {
    if (!this.client.session.memory.draft.text) this.client.keepDraft(this.say("againSaid"));
    this.capture();
  };

  private async takePicture(): Promise<void> {
    Object.assign(this, { capturing: true, line: "", offer: false, offered: true });
    this.requestUpdate();
    try {
      const { capture } = await later(this.client.api.base, "capture");
      const whole = await capture(this, this.private);
      const picture = await this.prepare(whole, undefined, this.say("captureNote"));
      if (picture) this.client.uploads.add(picture, `${document.title || location.hostname}.png`);
    } catch (error) {
      this.tellLine(this.say((error as Error).name === "EmptyCapture" || (error as Error).message === "nothing was drawn" ? "captureEmpty" : "captureFailed"));
    } finally {
      this.capturing = false;
      this.requestUpdate();
      this.field?.focus();
    }
  }

  openArticle(citation: Citation): void {
    this.opener = (this.renderRoot as ShadowRoot).activeElement;
    this.reading = { citation };
    this.client.article(citation.article).then(
      (found) => this.reading?.citation === citation && ((this.reading = { citation, article: found }), this.requestUpdate()),
      () => this.reading?.citation === citation && ((this.reading = { citation, failed: true }), this.requestUpdate()),
    );
    this.requestUpdate();
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>("header .back")?.focus());
  }

  /** Back to the talk, to the place that was left for the article. */
  private closeArticle = (): void => {
    this.reading = undefined;
    this.requestUpdate();
    void this.updateComplete.then(() => (this.opener as HTMLElement | null)?.focus());
  };

  enlarge(picture: Picture, points: readonly Point[]): void {
    this.large = { picture, points };
    this.zoom.reset();
    this.requestUpdate();
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLDialogElement>(".large")?.showModal());
  }

  // ---- what is drawn

  /** Pictures and words make the talk longer after it was drawn: whoever reads its end stays there. */
  private readonly grown = new ResizeObserver(() => this.keepUp());
  private scrolledTo = 0;

  private keepUp(): void {
    const scroll = this.renderRoot.querySelector(".scroll.talk");
    if (scroll && this.following) scroll.scrollTop = scroll.scrollHeight;
  }

  protected override updated(): void {
    for (const box of this.renderRoot.querySelectorAll(".scroll.talk, .items")) this.grown.observe(box);
    this.keepUp();
    if (this.open && !document.hidden && this.thread.last > this.client.session.memory.readTo) this.client.session.update({ readTo: this.thread.last });
  }

  private get unread(): number {
    if (this.open) return 0;
    const { readTo } = this.client.session.memory;
    return this.thread.items.filter((i) => i.at > readTo && (i.kind === "answer" ? !i.running : i.kind === "message" && i.sender !== "customer")).length;
  }

  protected override render(): TemplateResult {
    const { say, unread } = this;
    return html`
      ${this.open ? this.panel() : nothing}
      <button class="launcher" type="button" aria-expanded=${this.open} aria-haspopup="dialog" @click=${() => (this.open ? this.hide() : this.show())}
        aria-label=${this.open ? say("close") : unread ? say("openUnread", { count: unread }) : say("open")}>
        ${this.open ? icon("close") : mark()}${unread ? html`<span class="badge" aria-hidden="true">${unread}</span>` : nothing}</button>
      <div class="sr" role="status">${this.announced}</div>
      ${this.large ? this.largeView(this.large) : nothing}`;
  }

  private panel(): TemplateResult {
    const { say } = this;
    return html`<section class="panel ${this.dropping ? "dropping" : ""}" role="dialog" aria-label=${say("title")} data-drop=${say("drop")}
      @keydown=${this.keys} @dragover=${this.drag} @dragleave=${this.dragEnd} @drop=${this.drop}>
      ${this.header()}${this.state()}
      <div class="body">
        <div class="talking" ?inert=${Boolean(this.reading)}>
          <div class="scroll talk" role="log" aria-live="off" aria-label=${say("title")} tabindex="0" @scroll=${this.scrolled}><div class="items">${talk(this)}</div></div>
          <div class="foot">${this.following ? nothing : html`<button class="down" type="button" @click=${this.toEnd} aria-label=${say("toNewest")}>${icon("down")}</button>`}
          ${composer(this)}</div></div>
        ${this.reading ? html`<div class="scroll page" tabindex="0">${article(say, this.reading)}</div>` : nothing}
      </div>
    </section>`;
  }

  private header(): TemplateResult {
    const { say } = this;
    const { owner, who } = this.thread;
    const coming = owner === "waiting" || this.asked;
    const human = owner === "human" ? say(who ? "withPerson" : "ownerHumanUnnamed", { who: plain(who) }) : say(coming ? "personAsked" : "person");
    return html`<header class=${this.reading ? "reading" : ""}>
      ${this.reading
        ? html`<button class="tool back flip" type="button" @click=${this.closeArticle} aria-label=${say("back")}>${icon("back")}</button><h2>${say("article")}</h2>`
        : html`<h2>${mark()}${say("title")}</h2>`}
      <button class="human" type="button" ?disabled=${coming || owner === "human"} @click=${this.person}>${icon("person")}<span>${human}</span></button>
      <button class="tool" type="button" aria-expanded=${this.menu} @click=${this.toggleMenu} aria-label=${say("more")}>${icon("more")}</button>
      <button class="tool" type="button" @click=${() => this.hide()} aria-label=${say("close")}>${icon("close")}</button>
      ${this.menu ? this.menuList() : nothing}
    </header>`;
  }

  private toggleMenu = (): void => {
    this.menu = !this.menu;
    if (this.menu) this.client.earlier().then((list) => ((this.others = list.filter((c) => c.id !== this.client.current?.id ).slice(0, 8)), this.requestUpdate()), () => undefined);
    this.requestUpdate();
  };

  private menuList(): TemplateResult {
    const { say } = this;
    const go = (of?: Listed) => () => {
      Object.assign(this, { menu: false, reading: undefined, asked: false, following: true });
      this.client.change(of);
    };
    const erase = () => {
      this.menu = false;
      if (confirm(say("eraseSure"))) this.client.erase().catch(() => this.tellLine(say("offline")));
      this.requestUpdate();
    };
    return html`<div class="menu">
      <button type="button" @click=${go()}>${icon("plus")}${say("newConversation")}</button>
      ${this.client.current ? html`<button type="button" @click=${erase}>${icon("trash")}${say("erase")}</button>` : nothing}
      ${this.others.length ? html`<hr /><small>${say("earlier")}</small>` : nothing}
      ${this.others.map((of) => html`<button type="button" @click=${go(of)}><span><bdi>${plain(of.title || "…")}</bdi><small>${new Date(of.at).toLocaleDateString()}</small></span></button>`)}
    </div>`;
  }

  private state(): TemplateResult | typeof nothing {
    const words = { connecting: "reconnecting", offline: "offline", gone: "gone", refused: "signedOut", open: undefined } as const;
    const key = words[this.client.line] ?? (this.capturing ? "capturing" : undefined);
    return key ? html`<p class="state" role="status">${icon(this.capturing ? "page" : "warn")}${this.say(key)}</p>` : nothing;
  }

  private largeView({ picture, points }: Large): TemplateResult {
    const { say, zoom } = this;
    const shut = () => ((this.large = undefined), this.requestUpdate());
    const whole = { x: 0, y: 0, width: picture.width, height: picture.height };
    const shown = Math.min(innerWidth, ((innerHeight - 60) * picture.width) / Math.max(1, picture.height));
    const words = points.length ? say("ringed") : say("yourPicture", { name: plain(picture.name) });
    return html`<dialog class="large" aria-label=${words} @close=${shut}>
      <div class="view" tabindex="0" role="group" aria-label=${words} @keydown=${zoom.key} @wheel=${zoom.wheel} @dblclick=${zoom.twice} @pointerdown=${zoom.down} @pointermove=${zoom.move} @pointerup=${zoom.up} @pointercancel=${zoom.up}>
        <div class="zoom">${marked(picture, points, whole, shown, this.relink)}</div></div>
      <div class="bar"><p>${points.map((p) => (p.step ? say("step", { step: p.step, label: plain(p.label) }) : plain(p.label))).join(" · ")}</p>
        <button class="tool" type="button" @click=${() => zoom.by(1 / 1.5)} aria-label=${say("zoomOut")}>${icon("minus")}</button>
        <button class="tool" type="button" @click=${() => zoom.by(1.5)} aria-label=${say("zoomIn")}>${icon("plus")}</button>
        <button class="tool" type="button" @click=${(event: Event) => (event.target as HTMLElement).closest("dialog")!.close()} aria-label=${say("close")}>${icon("close")}</button></div>
      <ul class="sr">${described(picture, points, say).map((text) => html`<li>${text}</li>`)}</ul>
    </dialog>`;
  }

  private keys = (event: KeyboardEvent): void => {
    event.stopPropagation(); // the page's own shortcuts are not for what is typed here
    if (event.key !== "Escape") return;
    if (this.menu) this.menu = false;
    else if (this.reading) this.closeArticle();
    else this.hide();
    this.requestUpdate();
  };

  private scrolled = (event: Event): void => {
    const box = event.target as HTMLElement;
    const near = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END;
    // only who scrolls up leaves the end; a talk that grew has not been left
    const following = near || (this.following && box.scrollTop >= this.scrolledTo);
    this.scrolledTo = box.scrollTop;
    if (following === this.following) return;
    this.following = following;
    this.requestUpdate();
  };

  private toEnd = (): void => {
    this.following = true;
    this.requestUpdate();
  };

  private drag = (event: DragEvent): void => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.dropping = true;
    this.requestUpdate();
  };

  private dragEnd = (): void => {
    this.dropping = false;
    this.requestUpdate();
  };

  private drop = (event: DragEvent): void => {
    event.preventDefault();
    this.dropping = false;
    this.reading = undefined;
    this.addFiles(event.dataTransfer?.files ?? []);
  };
}

function chime(): void {
  const sound = new AudioContext();
  const tone = sound.createOscillator();
  const volume = sound.createGain();
  tone.frequency.setValueAtTime(660, 0);
  tone.frequency.setValueAtTime(880, sound.currentTime + 0.09);
  volume.gain.setValueAtTime(0.06, sound.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.0001, sound.currentTime + 0.4);
  tone.connect(volume).connect(sound.destination);
  tone.start();
  tone.stop(sound.currentTime + 0.42);
}
