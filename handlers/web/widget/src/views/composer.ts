// Where the customer writes and shows: text, pictures on their way, and the offer to look at this page.

import { html, nothing, type TemplateResult } from "lit";
import { icon } from "../icons";
import { TYPES } from "../picture/shrink";
import { plain } from "../text";
import type { Upload } from "../talk/uploads";
import { card, receipt } from "./card";
import type { Parts } from "./parts";

export function composer(parts: Parts): TemplateResult {
  const { say, client } = parts;
  const { list } = client.uploads;
  const keys = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    parts.send();
  };
  const paste = (event: ClipboardEvent) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    parts.addFiles(files);
  };
  return html`<form class="composer" @submit=${(event: Event) => (event.preventDefault(), parts.send())}>
    ${parts.offer ? offer(parts) : nothing}
    ${parts.line ? html`<p class="line" role="alert" dir="auto">${icon("warn")}<span>${parts.line}</span></p>` : nothing}
    ${list.length ? html`<div class="uploads">${list.map((upload) => one(parts, upload))}</div>` : nothing}
    ${list.map((upload) => (upload.id ? card(parts, client.thread.pictures.get(upload.id)?.seen, upload.picture.size ? () => parts.editUpload(upload) : undefined) : nothing))}
    <div class="field">
      <textarea rows="1" dir="auto" aria-label=${say("placeholder")} placeholder=${say("placeholder")} .value=${client.session.memory.draft.text}
        maxlength=${client.config.text} @input=${(event: Event) => parts.typed((event.target as HTMLTextAreaElement).value)} @keydown=${keys} @paste=${paste}></textarea>
      <div class="tools">
        <button type="button" class="tool" @click=${parts.pickFile} aria-label=${say("attach")} title=${say("attach")}>${icon("picture")}</button>
        <button type="button" class="tool" @click=${parts.capture} aria-label=${say("capture")} title=${say("capture")}>${icon("page")}</button>
        <input class="sr" type="file" multiple tabindex="-1" aria-hidden="true" accept=${TYPES.join(",")}
          @change=${(event: Event) => {
            const input = event.target as HTMLInputElement;
            parts.addFiles(input.files ?? []);
            input.value = "";
          }} />
        <button class="send" aria-label=${say("send")} title=${say("send")}>${icon("send")}</button>
      </div>
    </div>
  </form>`;
}

function offer(parts: Parts): TemplateResult {
  const { say } = parts;
  return html`<div class="offer"><p>${say("captureOffer")}</p>
    <button type="button" class="small main" @click=${parts.capture}>${icon("page")}${say("capture")}</button>
    <button type="button" class="tool" @click=${parts.dismissOffer} aria-label=${say("close")}>${icon("close")}</button></div>`;
}

function one(parts: Parts, upload: Upload): TemplateResult {
  const { say, client } = parts;
  const percent = Math.round(upload.share * 100);
  const lost = upload.state === "failed" || upload.state === "refused";
  const seen = upload.id ? client.thread.pictures.get(upload.id)?.seen : undefined;
  return html`<figure class="upload ${upload.state}">
    <span class="preview">${icon("picture")}<img src=${upload.preview} alt=${say("yourPicture", { name: plain(upload.name) })} @error=${(event: Event) => ((event.target as HTMLElement).hidden = true)} /></span>
    <figcaption>
      ${upload.state === "sending" ? html`<progress max="100" value=${percent} aria-label=${say("uploading", { percent })}></progress><small>${say("uploading", { percent })}</small>` : nothing}
      ${upload.state === "there" ? receipt(parts, seen) : nothing}
      ${lost ? html`<p class="receipt unreadable" dir="auto">${icon("warn")}<span>${plain(upload.detail) || say("uploadFailed")}</span></p>` : nothing}
    </figcaption>
    <span class="buttons">
      ${upload.state === "failed" ? html`<button type="button" class="tool" @click=${() => client.uploads.retry(upload)} aria-label=${say("retry")} title=${say("retry")}>${icon("retry")}</button>` : nothing}
      ${upload.picture.size && upload.state !== "refused" ? html`<button type="button" class="tool" @click=${() => parts.editUpload(upload)} aria-label=${say("edit")} title=${say("edit")}>${icon("pen")}</button>` : nothing}
      <button type="button" class="tool" @click=${() => client.uploads.remove(upload)} title=${say("remove")}
        aria-label=${say(upload.state === "sending" ? "uploadCancel" : "remove")}>${icon("close")}</button>
    </span></figure>`;
}
