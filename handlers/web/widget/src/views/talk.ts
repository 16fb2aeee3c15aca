// The talk itself: messages, answers, notices, and messages that are still on their way.

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { icon } from "../icons";
import { blocks, plain } from "../text";
import type { Waiting } from "../talk/outbox";
import type { Answer, Item, Notice, Picture, Said } from "../talk/thread";
import { card, receipt } from "./card";
import type { Parts } from "./parts";
import { described, frame, marked } from "./picture";

const PANEL_WIDTH = 300;

export function talk(parts: Parts): TemplateResult {
  const { say, thread, client } = parts;
  return html`
    <div class="welcome"><p class="hello">${say("greeting")}</p><p>${say("intro")}</p>
      ${client.config.notice ? html`<p class="notice-model" dir="auto">${plain(client.config.notice)}</p>` : nothing}</div>
    ${repeat(thread.items, keyOf, (item) => one(parts, item))}
    ${repeat(client.outbox.waiting, (message) => message.key, (message) => unsent(parts, message))}`;
}

const keyOf = (item: Item): string => (item.kind === "message" ? item.id : item.kind === "answer" ? `turn ${item.turn}` : `notice ${item.at}`);

function one(parts: Parts, item: Item): TemplateResult {
  if (item.kind === "message") return said(parts, item);
  return item.kind === "answer" ? answer(parts, item) : notice(parts, item);
}

function said(parts: Parts, message: Said): TemplateResult {
  const { say } = parts;
  const own = message.sender === "customer";
  const who = own ? say("you") : message.who || say("bot");
  return html`<article class="said ${own ? "own" : message.sender}" data-id=${message.id}>
    <h3 class=${own ? "sr" : "who"}>${plain(who)}</h3>
    ${message.pictures.map((id) => sent(parts, parts.thread.pictures.get(id)))}
    ${message.text ? html`<div class="bubble" dir="auto">${own ? html`<p dir="auto">${plain(message.text)}</p>` : blocks(message.text)}</div>` : nothing}
  </article>`;
}

function sent(parts: Parts, picture: Picture | undefined): TemplateResult | typeof nothing {
  if (!picture) return nothing;
  const name = parts.say("yourPicture", { name: plain(picture.name) });
  return html`<figure class="sent">
    <button class="thumb" type="button" @click=${() => parts.enlarge(picture, [])} aria-label=${name}>
      ${picture.url ? html`<img src=${picture.url} alt="" width=${picture.width} height=${picture.height} @error=${parts.relink} />` : icon("picture")}</button>
    <figcaption>${receipt(parts, picture.seen)}</figcaption>
  </figure>${card(parts, picture.seen)}`;
}

function answer(parts: Parts, turn: Answer): TemplateResult {
  const { say, client } = parts;
  const byNumber = new Map(turn.citations.map((citation) => [citation.n, citation]));
  const links = {
    cite: (n: number) => {
      const citation = byNumber.get(n);
      return citation && (() => parts.openArticle(citation));
    },
    label: (n: number) => `${say("sources")} ${plain(byNumber.get(n)?.title ?? "")}`,
    allowed: new Set(turn.citations.flatMap((citation) => (citation.url ? [citation.url] : []))),
  };
  const last = client.thread.items.at(-1) === turn || client.thread.items.findLast((i) => i.kind === "answer") === turn;
  const asks = turn.choices.length > 0 && !turn.answered; // beside an answer choices are further articles
  return html`<article class="said bot" aria-busy=${turn.running} data-turn=${turn.turn}>
    <h3 class="who">${say("bot")}</h3>
    ${turn.restarted ? html`<p class="receipt">${icon("retry")}<span>${say("restarted", { reason: plain(turn.restarted) })}</span></p>` : nothing}
    ${turn.text ? html`<div class="bubble ${turn.running ? "running" : ""}">${blocks(turn.text, links)}</div>` : nothing}
    ${turn.running && !turn.text ? html`<p class="working"><i></i><i></i><i></i><span>${plain(turn.step) || say("working")}</span></p>` : nothing}
    ${turn.stopped ? html`<p class="receipt">${say("stopped")}</p>` : nothing}
    ${turn.pointed.map(({ picture, points }) => rings(parts, parts.thread.pictures.get(picture), points))}
    ${asks ? choices(parts, turn, last) : nothing}
    ${turn.citations.length && !turn.running ? sources(parts, turn) : nothing}
    ${!turn.running && !turn.stopped && !asks && client.thread.owner !== "human" ? feedback(parts, turn, last) : nothing}
    ${turn.choices.length && !asks && !turn.running && last && client.thread.owner !== "human" ? html`<p class="hint next">${say("orThese")}</p>${choices(parts, turn, last)}` : nothing}
  </article>`;
}

function rings(parts: Parts, picture: Picture | undefined, points: Answer["pointed"][number]["points"]): TemplateResult | typeof nothing {
  if (!picture?.width) return nothing;
  const { say } = parts;
  const part = frame(picture, points.map((point) => point.box));
  return html`<figure class="ringed">
    <div class="thumb">${marked(picture, points, part, PANEL_WIDTH, parts.relink)}<span class="corner">${icon("enlarge")}</span>
      <button type="button" class="over" @click=${() => parts.enlarge(picture, points)} aria-label=${say("enlarge")}></button></div>
    <figcaption>${points.map((p) => html`<span class="legend">${p.step ? html`<b>${p.step}</b>` : nothing}<bdi>${plain(p.label)}</bdi></span>`)}</figcaption>
    <ul class="sr">${described(picture, points, say).map((text) => html`<li>${text}</li>`)}</ul>
  </figure>`;
}

function choices(parts: Parts, turn: Answer, last: boolean): TemplateResult {
  return html`<div class="choices" role="group">${turn.choices.map(({ text }) => html`
    <button type="button" ?disabled=${!last} @click=${() => parts.choose(text)}><bdi>${plain(text)}</bdi></button>`)}</div>`;
}

function sources(parts: Parts, turn: Answer): TemplateResult {
  return html`<ul class="sources" aria-label=${parts.say("sources")}>${turn.citations.map((citation) => html`<li>
    <button type="button" @click=${() => parts.openArticle(citation)}>${icon("article")}<span><b>${citation.n}</b> <bdi>${plain(citation.title)}</bdi></span></button></li>`)}</ul>`;
}

function feedback(parts: Parts, turn: Answer, last: boolean): TemplateResult {
  const { say, client } = parts;
  const press = (helped: boolean) => () => parts.rate(turn, helped);
  return html`<div class="feedback" role="group">
    ${turn.answered ? html`<button type="button" aria-pressed=${turn.rated === true} @click=${press(true)}>${icon("yes")}${say("helped")}</button>
      <button type="button" aria-pressed=${turn.rated === false} @click=${press(false)}>${icon("no")}${say("notHelped")}</button>` : nothing}
    ${last && turn.rated !== undefined ? html`<p>${say(turn.rated ? "thanks" : "sorry")}</p>` : nothing}
    ${last && turn.pointed.length ? html`<button type="button" @click=${parts.captureAgain}>${icon("page")}${say("again")}</button>` : nothing}
    ${last && client.thread.owner === "bot" && (turn.handoff || turn.rated === false) ? html`<button type="button" class="main" @click=${parts.person}>${icon("person")}${say("person")}</button>` : nothing}
  </div>`;
}

/** When the team is back by the customer's own clock; empty where the words, which name the team's, say the same. */
function local(parts: Parts, text: string, back?: number): string {
  if (!back) return "";
  const time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" }).format(back);
  if (text.includes(time)) return "";
  return parts.say("backAt", { when: new Intl.DateTimeFormat(parts.locale, { weekday: "long", hour: "2-digit", minute: "2-digit" }).format(back) });
}

function notice(parts: Parts, { owner, who, text, mail, back }: Notice): TemplateResult {
  const { say } = parts;
  const words = {
    waiting: say("ownerWaiting"), bot: say("ownerBot"), closed: say("ownerClosed"),
    human: who ? say("ownerHuman", { who: plain(who) }) : say("ownerHumanUnnamed"),
  };
  return html`<p class="notice" dir="auto">${[plain(text) || words[owner], local(parts, text, back)].filter(Boolean).join(" ")}</p>${mail ? address(parts) : nothing}`;
}

/** Where to write to when the answer comes; asked for only where the server says that it can. */
function address(parts: Parts): TemplateResult {
  const { say } = parts;
  if (parts.client.reached) return html`<p class="notice" dir="auto">${say("mailKept")}</p>`;
  const save = (event: Event) => {
    event.preventDefault();
    parts.reach(event.target as HTMLFormElement);
  };
  return html`<form class="card" @submit=${save}>
    <label>${say("mailAsk")}<input name="email" type="email" required maxlength="254" autocomplete="email" /></label>
    <div class="row"><button class="small main">${say("mailSend")}</button></div>
  </form>`;
}

function unsent(parts: Parts, message: Waiting): TemplateResult {
  const { say, client } = parts;
  const seconds = Math.max(1, Math.round((message.next - Date.now()) / 1000));
  const line = { sending: say("sending"), refused: say("notSent"), waiting: message.next ? say("waitingSeconds", { seconds }) : say("waitingForNetwork") };
  return html`<article class="said own unsent">
    <h3 class="sr">${say("you")}</h3>
    ${message.pictures.map((id) => sent(parts, parts.thread.pictures.get(id)))}
    ${message.text ? html`<div class="bubble"><p dir="auto">${plain(message.text)}</p></div>` : nothing}
    <p class="receipt ${message.state}"><span>${line[message.state]} ${plain(message.detail)}</span>
      ${message.state === "sending" ? nothing : html`<button class="link" type="button" @click=${() => parts.editUnsent(message.key)}>${say("editAgain")}</button>`}
      ${message.state === "waiting" ? html`<button class="link" type="button" @click=${client.outbox.now}>${say("retry")}</button>` : nothing}</p>
  </article>`;
}
