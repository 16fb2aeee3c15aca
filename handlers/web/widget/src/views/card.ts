// What became of a picture: one line under it, and the "what I see" card, which the customer can correct.

import { html, nothing, type TemplateResult } from "lit";
import { icon } from "../icons";
import { plain } from "../text";
import type { Seen } from "../talk/thread";
import type { Parts } from "./parts";

const SHOWN = ["code", "order", "invoice", "ticket", "amount", "version", "url"];

export function receipt(parts: Parts, seen: Seen | undefined): TemplateResult {
  const { say } = parts;
  if (!seen) return html`<p class="receipt busy">${icon("eye")}${say("looking")}</p>`;
  const good = seen.outcome === "read";
  const reason = seen.reason && !good ? `: ${plain(seen.reason)}` : "";
  return html`<p class="receipt ${seen.outcome}" dir="auto">${icon(good ? "check" : "warn")}<span>${say(seen.outcome)}${reason}</span></p>`;
}

/** The card; `hide` is given while what is private can still be blacked out. */
export function card(parts: Parts, seen: Seen | undefined, hide?: () => void): TemplateResult | typeof nothing {
  if (!seen || !(seen.where || seen.error || seen.entities.length || seen.private)) return nothing;
  const { say } = parts;
  if (parts.correcting === seen.attachment_id) return correction(parts, seen);
  const exact = [...new Set(seen.entities.filter((e) => SHOWN.includes(e.kind)).map((e) => plain(e.text)))].slice(0, 6);
  return html`<section class="card" aria-label=${say("see")}>
    <h3>${say("see")}</h3>
    <dl>
      ${seen.where ? html`<dt>${say("where")}</dt><dd dir="auto">${plain(seen.where)}</dd>` : nothing}
      ${seen.error ? html`<dt>${say("error")}</dt><dd dir="auto"><q>${plain(seen.error)}</q></dd>` : nothing}
      ${exact.length ? html`<dt>${say("found")}</dt><dd class="chips">${exact.map((text) => html`<bdi>${text}</bdi>`)}</dd>` : nothing}
    </dl>
    ${seen.private ? html`<p class="hint">${say("privateFound", { count: seen.private })}
      ${hide && seen.private_boxes?.length ? html`<button class="link" type="button" @click=${hide}>${say("hideFound")}</button>` : nothing}</p>` : nothing}
    <button class="link" type="button" @click=${() => parts.correct(seen.attachment_id)}>${say("wrong")}</button>
  </section>`;
}

function correction(parts: Parts, seen: Seen): TemplateResult {
  const { say } = parts;
  const save = (event: Event) => {
    event.preventDefault();
    parts.saveCorrection(seen.attachment_id, event.target as HTMLFormElement);
  };
  return html`<form class="card" @submit=${save}>
    <h3>${say("see")}</h3>
    <label>${say("where")}<input name="where" .value=${seen.where} maxlength="500" dir="auto" /></label>
    <label>${say("error")}<textarea name="error" rows="2" maxlength="2000" dir="auto" .value=${seen.error}></textarea></label>
    <div class="row"><button class="small main">${say("save")}</button>
      <button class="small" type="button" @click=${() => parts.correct("")}>${say("cancel")}</button></div>
  </form>`;
}
