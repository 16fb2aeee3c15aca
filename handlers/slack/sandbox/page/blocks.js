// Block Kit and mrkdwn -> DOM. Text only ever becomes text nodes: nothing that is said here can become markup.

import { icon } from "/page/icons.js";

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((c) => c != null));
  return node;
}

const unescape = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

export function inline(text, users) {
  // Markers first, in one pass; what is between them is plain text.
  const out = [];
  const pattern = /<([^<>]+)>|`([^`\n]+)`|\*\*([^*\n]+)\*\*|\*([^*\n]+)\*|(?<![A-Za-z0-9_])_([^_\n]+)_(?![A-Za-z0-9_])|~([^~\n]+)~|:([a-z_]+):/g;
  let last = 0;
  for (const m of text.matchAll(pattern)) {
    out.push(unescape(text.slice(last, m.index)));
    last = m.index + m[0].length;
    if (m[1] !== undefined) out.push(angle(m[1], users));
    else if (m[2] !== undefined) out.push(el("code", {}, unescape(m[2])));
    else if (m[3] ?? m[4]) out.push(el("strong", {}, ...inline(m[3] ?? m[4], users)));
    else if (m[5] !== undefined) out.push(el("em", {}, ...inline(m[5], users)));
    else if (m[6] !== undefined) out.push(el("s", {}, ...inline(m[6], users)));
    else out.push(icon(m[7]) ?? m[0]);
  }
  out.push(unescape(text.slice(last)));
  return out;
}

function angle(body, users) {
  const [target, label] = body.split("|");
  if (target.startsWith("@")) return el("span", { class: "mention" }, "@" + (users[target.slice(1)]?.name ?? target.slice(1)));
  if (target.startsWith("#")) return el("span", { class: "mention" }, "#" + (label ?? target.slice(1)));
  if (target.startsWith("!date")) return label ?? target;
  if (target.startsWith("!")) return el("span", { class: "mention loud" }, "@" + (label ?? target.slice(1).split("^")[0]));
  if (/^(https?|mailto):/.test(target)) return el("a", { href: target, target: "_blank", rel: "noopener noreferrer" }, unescape(label ?? target));
  return "<" + body + ">";
}

export function rich(text, users) {
  const box = el("div");
  for (const part of text.split(/(```[\s\S]*?```)/)) {
    if (part.startsWith("```")) { box.append(el("pre", {}, unescape(part.slice(3, -3).replace(/^\n/, "")))); continue; }
    for (const line of part.split("\n")) {
      const quote = line.match(/^(?:&gt;|>)\s?(.*)$/);
      const item = line.match(/^\s*(?:[-•]|\d+\.)\s+/);
      if (quote) box.append(el("blockquote", {}, ...inline(quote[1], users)));
      else if (line.trim()) box.append(el("div", { style: item ? "padding-left:14px" : null }, ...inline(line.replace(/^#+\s+/, ""), users)));
      else box.append(el("div", { style: "height:6px" }));
    }
  }
  return box;
}

const words = (text, users) => (text?.type === "plain_text" ? [text.text] : inline(text?.text ?? "", users));

export function render(blocks, context) {
  return blocks.map((block) => one(block, context)).filter(Boolean);
}

function one(block, context) {
  const { users } = context;
  switch (block.type) {
    case "header": return el("div", { class: "block header" }, block.text.text);
    case "divider": return el("hr");
    case "markdown": return el("div", { class: "block" }, rich(block.text, users));
    case "section": {
      const text = el("div");
      if (block.text) text.append(block.text.type === "plain_text" ? block.text.text : rich(block.text.text, users));
      if (block.fields) text.append(el("div", { class: "fields" }, ...block.fields.map((f) => rich(f.text, users))));
      return el("div", { class: "block section" }, text, block.accessory ? element(block.accessory, context) : null);
    }
    case "context": return el("div", { class: "block context" }, ...block.elements.map((e) => (e.type === "image" ? element(e, context) : el("span", {}, ...words(e, users)))));
    case "image": return el("div", { class: "block" }, block.title ? el("div", { class: "when" }, block.title.text) : null, element(block, context));
    case "actions": case "context_actions": return el("div", { class: "block actions" }, ...block.elements.flatMap((e) => element(e, context)));
    default: return el("div", { class: "block context" }, `[${block.type}]`);
  }
}

function element(e, context) {
  const { act } = context;
  switch (e.type) {
    case "image": return el("img", { class: "picture", src: e.image_url ?? `/files/${e.slack_file.id}/x?ui`, alt: e.alt_text });
    case "button": return el("button", { class: `button ${e.style ?? ""}`, on: { click: () => (e.url ? window.open(e.url, "_blank", "noopener") : act(e.action_id)) } }, e.text.text);
    case "feedback_buttons": return ["positive_button", "negative_button"].map((b) => el("button", { class: "button", title: e[b].text.text, "aria-label": e[b].text.text, on: { click: () => act(e.action_id, { button: b }) } }, b === "positive_button" ? "👍" : "👎"));
    case "icon_button": return el("button", { class: "button", on: { click: () => act(e.action_id) } }, e.text.text);
    case "static_select": case "overflow": {
      const choose = (event) => act(e.action_id, { selected_option: { value: event.target.value } });
      return el("select", { class: "button", "aria-label": e.placeholder?.text ?? "More", on: { change: choose } }, el("option", { value: "" }, e.placeholder?.text ?? "⋯"), ...e.options.map((o) => el("option", { value: o.value }, o.text.text)));
    }
    case "users_select": {
      const choose = (event) => act(e.action_id, { selected_user: event.target.value });
      return el("select", { class: "button", "aria-label": e.placeholder?.text ?? "Person", on: { change: choose } }, el("option", { value: "" }, e.placeholder?.text ?? "Choose a person"), ...Object.values(context.users).filter((u) => !u.bot).map((u) => el("option", { value: u.id }, u.name)));
    }
    default: return el("span", {}, `[${e.type}]`);
  }
}
