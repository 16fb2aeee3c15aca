// A picture of the page as the customer sees it, made from its elements: no permission dialog, no screen recording.
//
// What is private is covered before there are pixels: password and card fields, everything under [data-private], and
// what the site names. What is marked [data-helplens-ignore] and pictures of other sites are left out, never fetched.

import { domToCanvas } from "modern-screenshot";

export class EmptyCapture extends Error {}

const BLOCK = "\u2588";
const SECRET_FIELDS = [
  'input[type="password"]', 'input[autocomplete^="cc-"]', 'input[autocomplete="one-time-code"]', 'input[autocomplete$="-password"]',
  'input[name*="card" i]', 'input[name*="cvc" i]', 'input[name*="cvv" i]', 'input[name*="iban" i]', 'input[name*="passw" i]',
].join(",");
const LEFT_OUT = "[data-helplens-ignore]";
const PRIVATE = "[data-private], [data-helplens-private]";

/** The part of the page that is on screen. Rejects with EmptyCapture when nothing was drawn. */
export async function capture(leaveOut: Element, extra = ""): Promise<Blob> {
  const page = document.documentElement;
  const hidden = extra ? `${PRIVATE}, ${extra}` : PRIVATE;
  const still = markStill(leaveOut);
  try {
    const scale = Math.min(2, window.devicePixelRatio || 1);
    const canvas = await domToCanvas(document.body, {
      width: innerWidth, height: innerHeight, scale,
      backgroundColor: background(page),
      style: { position: "absolute", inset: "auto", left: `${-scrollX}px`, top: `${-scrollY}px`, width: `${document.body.offsetWidth}px`, height: `${document.body.offsetHeight}px`, margin: "0" },
      font: false,
      features: { restoreScrollPosition: true },
      timeout: 4000,
      fetch: { requestInit: { mode: "same-origin", credentials: "same-origin", cache: "force-cache" }, placeholderImage: TRANSPARENT },
      filter: (node) => node !== leaveOut && !(node instanceof Element && node.matches(LEFT_OUT)) && !foreign(node),
      onCloneEachNode: (clone) => (cover(clone, hidden), hideScrollbars(clone)),
      onCloneNode: (clone) => place(clone as Element, still),
    });
    if (empty(canvas)) throw new EmptyCapture("nothing was drawn");
    return await new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new EmptyCapture("no picture"))), "image/png"));
  } finally {
    for (const { element } of still.values()) element.removeAttribute(MARK);
  }
}

const TRANSPARENT = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";

function background(page: Element): string {
  for (const element of [document.body, page]) {
    const colour = getComputedStyle(element).backgroundColor;
    if (colour && colour !== "transparent" && !/, 0\)$/.test(colour)) return colour;
  }
  return getComputedStyle(page).colorScheme.includes("dark") && matchMedia("(prefers-color-scheme: dark)").matches ? "#121212" : "#ffffff";
}

/** Pictures and frames of other sites: their bytes are theirs. */
function foreign(node: Node): boolean {
  if (!(node instanceof Element)) return false;
  if (["IFRAME", "VIDEO", "OBJECT", "EMBED"].includes(node.tagName)) return true;
  const address = node instanceof HTMLImageElement ? node.currentSrc || node.src : node instanceof SVGImageElement ? node.href.baseVal : "";
  if (!address || address.startsWith("data:") || address.startsWith("blob:")) return false;
  return new URL(address, location.href).origin !== location.origin;
}

function cover(clone: Node, hidden: string): void {
  if (!(clone instanceof Element)) return;
  if (clone.matches(hidden)) blank(clone);
  if (clone.matches(SECRET_FIELDS)) blankField(clone);
}

function blank(element: Element): void {
  blankField(element);
  for (const field of element.querySelectorAll("input, textarea, select")) blankField(field);
  const words = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) words.currentNode.nodeValue = (words.currentNode.nodeValue ?? "").replace(/\S/g, BLOCK);
  for (const picture of element.querySelectorAll("img, svg, canvas, picture")) picture.replaceChildren();
  for (const picture of element.querySelectorAll("img")) picture.src = TRANSPARENT;
}

function blankField(field: Element): void {
  if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement || field instanceof HTMLSelectElement)) return;
  if (field instanceof HTMLSelectElement) return field.replaceChildren();
  const covered = field.value ? BLOCK.repeat(8) : "";
  if (field instanceof HTMLInputElement) field.type = "text";
  field.value = covered;
  field.setAttribute("value", covered);
  if (field instanceof HTMLTextAreaElement) field.textContent = covered;
}

/** The browser draws the copy with scrollbars that take room, even where the page's own lie over its content. */
function hideScrollbars(clone: Node): void {
  if (clone instanceof HTMLElement) clone.style.scrollbarWidth = "none";
}

const MARK = "data-helplens-still";
type Still = { element: HTMLElement; fixed: DOMRect } | { element: HTMLElement; moved: { x: number; y: number } };

/** What stands still while the page, or a part of it, scrolls: in the copy it has to be put where it is seen. */
function markStill(leaveOut: Element): Map<string, Still> {
  const found = new Map<string, Still>();
  for (const element of document.body.querySelectorAll<HTMLElement>("*")) {
    const { position } = getComputedStyle(element);
    if (element === leaveOut || (position !== "fixed" && position !== "sticky")) continue;
    const name = String(found.size);
    found.set(name, position === "fixed" ? { element, fixed: element.getBoundingClientRect() } : { element, moved: moved(element) });
    element.setAttribute(MARK, name);
  }
  return found;
}

/** How far a sticky element is from its own place in the text. */
function moved(element: HTMLElement): { x: number; y: number } {
  const seen = element.getBoundingClientRect();
  const own = element.style.cssText;
  element.style.setProperty("position", "static", "important");
  const place = element.getBoundingClientRect();
  element.style.cssText = own;
  return { x: seen.x - place.x, y: seen.y - place.y };
}

function place(clone: Element, still: Map<string, Still>): void {
  for (const element of clone.querySelectorAll<HTMLElement>(`[${MARK}]`)) {
    const found = still.get(element.getAttribute(MARK)!);
    if (found && "moved" in found) Object.assign(element.style, { position: "relative", inset: `${found.moved.y}px auto auto ${found.moved.x}px` });
    if (!found || !("fixed" in found)) continue;
    const box = found.fixed;
    Object.assign(element.style, {
      position: "absolute", inset: "auto", left: `${box.left + scrollX}px`, top: `${box.top + scrollY}px`,
      width: `${box.width}px`, height: `${box.height}px`, margin: "0", transform: "none", translate: "none",
    });
  }
}

/** Whether a picture has (nearly) one colour only: some browsers and policies give back such a one. */
function empty(canvas: HTMLCanvasElement): boolean {
  if (!canvas.width || !canvas.height) return true;
  const small = new OffscreenCanvas(64, 64);
  const context = small.getContext("2d", { willReadFrequently: true })!;
  context.drawImage(canvas, 0, 0, 64, 64);
  const { data } = context.getImageData(0, 0, 64, 64);
  let different = 0;
  for (let i = 4; i < data.length; i += 4) {
    if (Math.abs(data[i]! - data[0]!) + Math.abs(data[i + 1]! - data[1]!) + Math.abs(data[i + 2]! - data[2]!) > 24) different++;
  }
  return different < 8;
}
