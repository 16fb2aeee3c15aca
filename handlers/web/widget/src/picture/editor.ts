// A small editor: crop, draw an arrow, black out with solid colour, undo. Loaded when it is first opened.

import type { Box } from "../net/wire";
import type { Say } from "../words";

type Tool = "crop" | "arrow" | "black";
interface Act { tool: Tool; from: Spot; to: Spot }
interface Spot { x: number; y: number }

const STYLE = `
dialog { border: 0; padding: 0; margin: auto; width: min(960px, 100vw); height: min(720px, 100dvh); max-width: none; max-height: none; border-radius: 16px;
  background: var(--hl-ground); color: var(--hl-ink); font: inherit; overflow: hidden; }
dialog::backdrop { background: rgb(10 12 16 / .6); }
.editor { display: grid; grid-template-rows: auto 1fr auto; height: 100%; }
.bar { display: flex; gap: 8px; align-items: center; padding: 10px 14px; flex-wrap: wrap; } .bar h2 { font-size: 16px; margin: 0; margin-inline-end: auto; }
.stage { min-height: 0; display: grid; grid-template: minmax(0, 1fr) / minmax(0, 1fr); place-items: center; background: var(--hl-sunk); padding: 14px; overflow: hidden; }
canvas { max-width: 100%; max-height: 100%; touch-action: none; cursor: crosshair; border-radius: 4px; box-shadow: 0 1px 8px rgb(0 0 0 / .25); }
canvas:focus-visible { outline: 3px solid var(--hl-accent); outline-offset: 2px; }
.help { font-size: 13px; color: var(--hl-soft); margin: 0; flex: 1 1 260px; } .bar:last-child { justify-content: flex-end; }
@media (max-width: 520px) { .editor .bar h2, .editor .help { flex-basis: 100%; } .editor .bar .small { flex: 1 1 auto; justify-content: center; } }
`;

export interface Editing {
  picture: Blob;
  say: Say;
  root: ShadowRoot;
  /** Private places, in pixels of a picture that is `width` wide: it may have been made smaller on its way. */
  found?: readonly Box[];
  width?: number;
  note?: string;
}

/** Opens the editor over `root`; resolves with the new picture, or with null when it was closed without one. */
export function edit(editing: Editing): Promise<Blob | null> {
  return new Promise((resolve, reject) => {
    createImageBitmap(editing.picture).then((bitmap) => new Editor(editing, bitmap, resolve), reject);
  });
}

class Editor {
  private readonly dialog = document.createElement("dialog");
  private readonly canvas = document.createElement("canvas");
  private readonly acts: Act[] = [];
  private tool: Tool = "black";
  private draft?: Act;

  constructor(
    private readonly editing: Editing,
    private readonly bitmap: ImageBitmap,
    private readonly resolve: (picture: Blob | null) => void,
  ) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    const { root } = editing;
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
    this.build();
    root.append(this.dialog);
    this.dialog.addEventListener("close", () => {
      this.dialog.remove();
      root.adoptedStyleSheets = root.adoptedStyleSheets.filter((other) => other !== sheet);
      resolve(null);
    });
    this.dialog.showModal();
    this.canvas.focus();
    this.draw();
  }

  private button(label: string, press: () => void, kind = "small"): HTMLButtonElement {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: label, className: kind, onclick: press });
    return button;
  }

  private build(): void {
    const { say, found, note } = this.editing;
    const box = Object.assign(document.createElement("div"), { className: "editor" });
    const top = Object.assign(document.createElement("div"), { className: "bar" });
    top.append(Object.assign(document.createElement("h2"), { textContent: say("editTitle") }));
    const tools = new Map<Tool, HTMLButtonElement>();
    const choose = (tool: Tool) => {
      this.tool = tool;
      for (const [name, button] of tools) button.setAttribute("aria-pressed", String(name === tool));
    };
    for (const [tool, label] of [["black", say("toolBlack")], ["arrow", say("toolArrow")], ["crop", say("toolCrop")]] as const) {
      tools.set(tool, this.button(label, () => choose(tool)));
      top.append(tools.get(tool)!);
    }
    choose("black");
    top.append(this.button(say("undo"), () => (this.acts.pop(), this.draw())));
    if (found?.length) top.append(this.button(say("hideFound"), () => this.hide(found)));
    const stage = Object.assign(document.createElement("div"), { className: "stage" });
    stage.append(this.canvas);
    const keys = matchMedia("(hover: none) and (pointer: coarse)").matches ? "" : say("editKeys");
    const bottom = Object.assign(document.createElement("div"), { className: "bar" });
    bottom.append(
      Object.assign(document.createElement("p"), { className: "help", textContent: [note, say("editHelp"), keys].filter(Boolean).join(" ") }),
      this.button(say("cancel"), () => this.dialog.close()),
      this.button(say("use"), () => void this.finish(), "small main"),
    );
    box.append(top, stage, bottom);
    this.dialog.append(box);
    this.dialog.setAttribute("aria-label", say("editTitle"));
    Object.assign(this.canvas, { tabIndex: 0, onpointerdown: this.down, onpointermove: this.move, onpointerup: this.up, onkeydown: this.key });
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", `${say("editHelp")} ${say("editKeys")}`);
  }

  private hide(boxes: readonly Box[]): void {
    const scale = this.bitmap.width / (this.editing.width || this.bitmap.width);
    for (const box of boxes) {
      const [left, top, right, bottom] = box.map((value) => value * scale) as Box;
      this.acts.push({ tool: "black", from: { x: left - 2, y: top - 2 }, to: { x: right + 2, y: bottom + 2 } });
    }
    this.draw();
  }

  /** The part of the picture that is left after cropping. */
  private get part(): { x: number; y: number; width: number; height: number } {
    const crop = this.acts.findLast((act) => act.tool === "crop");
    if (!crop) return { x: 0, y: 0, width: this.bitmap.width, height: this.bitmap.height };
    const [x, y] = [Math.min(crop.from.x, crop.to.x), Math.min(crop.from.y, crop.to.y)];
    return { x, y, width: Math.max(1, Math.abs(crop.to.x - crop.from.x)), height: Math.max(1, Math.abs(crop.to.y - crop.from.y)) };
  }

  private draw(): void {
    const { x, y, width, height } = this.part;
    Object.assign(this.canvas, { width, height });
    const context = this.canvas.getContext("2d")!;
    context.translate(-x, -y);
    context.drawImage(this.bitmap, 0, 0);
    for (const act of this.acts) paint(context, act, this.bitmap.width);
    if (this.draft?.tool === "crop") dashed(context, this.draft, this.bitmap.width);
    else if (this.draft) paint(context, this.draft, this.bitmap.width);
  }

  private spot(event: PointerEvent): Spot {
    const shown = this.canvas.getBoundingClientRect();
    const { x, y, width, height } = this.part;
    const clamp = (value: number, most: number) => Math.max(0, Math.min(most, value));
    return {
      x: Math.round(x + clamp(((event.clientX - shown.left) / shown.width) * width, width)),
      y: Math.round(y + clamp(((event.clientY - shown.top) / shown.height) * height, height)),
    };
  }

  private down = (event: PointerEvent): void => {
    this.canvas.setPointerCapture(event.pointerId);
    const from = this.spot(event);
    this.draft = { tool: this.tool, from, to: from };
  };

  private move = (event: PointerEvent): void => {
    if (!this.draft || !(event.buttons & 1)) return;
    this.draft.to = this.spot(event);
    this.draw();
  };

  private up = (): void => this.settle();

  private settle(): void {
    const { draft } = this;
    this.draft = undefined;
    if (draft && Math.hypot(draft.to.x - draft.from.x, draft.to.y - draft.from.y) > 4) this.acts.push(draft);
    this.draw();
  }

  /** Arrow keys move a box, with Shift they size it, Enter sets it. */
  private key = (event: KeyboardEvent): void => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.key === "Enter" && this.draft) this.settle();
    else if ((event.ctrlKey || event.metaKey) && event.key === "z") this.acts.pop();
    else if (way) {
      const { x, y, width, height } = this.part;
      this.draft ??= {
        tool: this.tool, from: { x: x + Math.round(width * 0.4), y: y + Math.round(height * 0.45) },
        to: { x: x + Math.round(width * 0.6), y: y + Math.round(height * 0.55) },
      };
      const [dx, dy] = [way[0]! * Math.ceil(width / 60), way[1]! * Math.ceil(height / 60)];
      for (const spot of event.shiftKey ? [this.draft.to] : [this.draft.from, this.draft.to]) Object.assign(spot, { x: spot.x + dx, y: spot.y + dy });
    } else return;
    event.preventDefault();
    this.draw();
  };

  private async finish(): Promise<void> {
    this.draft = undefined;
    this.draw();
    const blob = await new Promise<Blob | null>((done) => this.canvas.toBlob(done, "image/png"));
    this.resolve(blob);
    this.dialog.close();
  }
}

function paint(context: CanvasRenderingContext2D, { tool, from, to }: Act, wide: number): void {
  if (tool === "black") {
    context.fillStyle = "#000";
    context.fillRect(Math.min(from.x, to.x), Math.min(from.y, to.y), Math.abs(to.x - from.x), Math.abs(to.y - from.y));
  } else if (tool === "arrow") arrow(context, from, to, Math.max(4, wide / 240));
}

function arrow(context: CanvasRenderingContext2D, from: Spot, to: Spot, thick: number): void {
  const angle = Math.atan2(to.y - from.y, to.x - from.x);
  const head = thick * 4;
  Object.assign(context, { strokeStyle: "#e5301f", lineWidth: thick, lineCap: "round", lineJoin: "round" });
  context.beginPath();
  context.moveTo(from.x, from.y);
  context.lineTo(to.x, to.y);
  for (const turn of [2.6, -2.6]) {
    context.moveTo(to.x, to.y);
    context.lineTo(to.x + head * Math.cos(angle + turn), to.y + head * Math.sin(angle + turn));
  }
  context.stroke();
}

function dashed(context: CanvasRenderingContext2D, { from, to }: Act, wide: number): void {
  for (const [colour, offset] of [["#000", 0], ["#fff", 6]] as const) {
    Object.assign(context, { strokeStyle: colour, lineWidth: Math.max(2, wide / 500), lineDashOffset: offset });
    context.setLineDash([6, 6]);
    context.strokeRect(Math.min(from.x, to.x), Math.min(from.y, to.y), Math.abs(to.x - from.x), Math.abs(to.y - from.y));
  }
  context.setLineDash([]);
}
