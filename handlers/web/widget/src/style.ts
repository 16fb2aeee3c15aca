// How the widget looks. Colours follow the page's own `color-scheme`, so a dark page gets a dark panel.
//
// A site themes it by: --helplens-accent, --helplens-on-accent, --helplens-font, --helplens-radius,
// --helplens-offset-bottom, --helplens-offset-side, --helplens-z.

import { css } from "lit";

export const style = css`
:host {
  --hl-accent: var(--helplens-accent, #3d4fd6); --hl-on-accent: var(--helplens-on-accent, #fff); --hl-radius: var(--helplens-radius, 20px);
  --hl-ground: light-dark(#fff, #191c22); --hl-sunk: light-dark(#f4f5f8, #12141a); --hl-ink: light-dark(#191d26, #eceef3); --hl-soft: light-dark(#5b6372, #a3abba);
  --hl-line: light-dark(#e3e5eb, #31363f); --hl-tint: color-mix(in srgb, var(--hl-accent) 12%, var(--hl-ground)); --hl-link: color-mix(in srgb, var(--hl-accent) 72%, var(--hl-ink));
  --hl-ring: #e0401f; --hl-bad: light-dark(#a8281c, #ff9d92); --hl-good: light-dark(#1c6b3c, #83d9a5); --hl-bad-ground: light-dark(#fdf0ee, #34211f);
  all: initial; color: var(--hl-ink); font: 15px/1.5 var(--helplens-font, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif);
  color-scheme: inherit; direction: inherit; position: fixed; z-index: var(--helplens-z, 2147483000); inset-block-end: var(--helplens-offset-bottom, 20px); inset-inline-end: var(--helplens-offset-side, 20px);
  -webkit-text-size-adjust: 100%;
}
:host([hidden]) { display: none; } :host([theme="light"]) { color-scheme: light; } :host([theme="dark"]) { color-scheme: dark; }
@media print { :host { display: none; } }
*, *::before, *::after { box-sizing: border-box; }
h2, h3, h4, p, ul, ol, dl, dd, figure { margin: 0; padding: 0; }
button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; border-radius: 8px; }
button:disabled { cursor: default; opacity: .55; }
:focus-visible { outline: 3px solid var(--hl-link); outline-offset: 2px; }
.sr { position: absolute !important; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.icon { width: 20px; height: 20px; flex: none; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
:host([dir="rtl"]) .flip .icon { transform: scaleX(-1); }

.launcher { display: grid; place-items: center; width: 58px; height: 58px; border-radius: 50%; background: var(--hl-accent); color: var(--hl-on-accent); box-shadow: 0 2px 6px rgb(10 15 30 / .18), 0 10px 28px rgb(10 15 30 / .22); position: relative; }
.launcher:focus-visible { outline-color: var(--hl-ink); outline-offset: 3px; }
.mark { width: 32px; height: 32px; fill: none; stroke: currentColor; stroke-width: 2.6; stroke-linecap: round; stroke-linejoin: round; } .mark .in { stroke-width: 2.2; }
.badge { position: absolute; inset-block-start: -4px; inset-inline-end: -4px; min-width: 22px; height: 22px; padding: 0 6px; border-radius: 11px; background: var(--hl-ring); color: #fff; font-size: 13px; font-weight: 700; line-height: 22px; text-align: center; }

.panel { position: absolute; inset-block-end: 72px; inset-inline-end: 0; width: min(400px, calc(100vw - 12px - var(--helplens-offset-side, 20px))); height: min(700px, calc(100dvh - 92px - var(--helplens-offset-bottom, 20px))); display: flex; flex-direction: column; background: var(--hl-ground);
  border: 1px solid var(--hl-line); border-radius: var(--hl-radius); box-shadow: 0 4px 12px rgb(10 15 30 / .1), 0 24px 64px rgb(10 15 30 / .22); overflow: hidden; }
header { display: flex; align-items: center; gap: 6px; padding: 12px 10px 12px 16px; border-bottom: 1px solid var(--hl-line); }
:host([dir="rtl"]) header { padding: 12px 16px 12px 10px; }
header h2 { font-size: 17px; font-weight: 700; flex: 1; min-width: 0; display: flex; gap: 10px; align-items: center; } header h2 { overflow: hidden; white-space: nowrap; } header h2 .mark { flex: none; width: 26px; height: 26px; color: var(--hl-link); }
.tool { display: grid; place-items: center; width: 36px; height: 36px; border-radius: 10px; color: var(--hl-soft); } .tool:hover { background: var(--hl-sunk); color: var(--hl-ink); }
.human { white-space: nowrap; flex: 0 1 auto; min-width: 0; overflow: hidden; display: inline-flex; gap: 6px; align-items: center; font-size: 13.5px; font-weight: 600; padding: 7px 10px; border: 1px solid var(--hl-line); border-radius: 99px; } .human:hover:not(:disabled) { background: var(--hl-sunk); } .human .icon { width: 17px; height: 17px; } .human span { overflow: hidden; text-overflow: ellipsis; }
.menu { position: absolute; inset-block-start: 54px; inset-inline-end: 10px; background: var(--hl-ground); border: 1px solid var(--hl-line); border-radius: 14px; padding: 6px; z-index: 3; box-shadow: 0 12px 40px rgb(10 15 30 / .2); max-width: 300px; max-height: 60%; overflow: auto; }
.menu button { display: flex; gap: 10px; width: 100%; padding: 9px 12px; text-align: start; border-radius: 9px; align-items: center; } .menu button:hover { background: var(--hl-sunk); } .menu hr { border: 0; border-top: 1px solid var(--hl-line); margin: 6px; } .menu small { color: var(--hl-soft); display: block; }
.menu bdi { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; display: block; max-width: 220px; }

.body { flex: 1; min-height: 0; position: relative; } .talking { height: 100%; display: flex; flex-direction: column; } .page { position: absolute; inset: 0; background: var(--hl-ground); }
.scroll { flex: 1; overflow-y: auto; overscroll-behavior: contain; padding: 18px 16px; scrollbar-width: thin; } .items { display: flex; flex-direction: column; gap: 14px; }
.welcome { color: var(--hl-soft); font-size: 14px; } .hello { font-size: 21px; font-weight: 700; color: var(--hl-ink); letter-spacing: -.01em; margin-bottom: 4px; }
.notice-model { margin-top: 10px; padding: 8px 12px; background: var(--hl-sunk); border-radius: 10px; font-size: 13px; }
.said { display: flex; flex-direction: column; gap: 6px; align-items: flex-start; max-width: 100%; min-width: 0; }
.own { align-items: flex-end; } .who { font-size: 12.5px; font-weight: 600; color: var(--hl-soft); }
.bubble { background: var(--hl-sunk); border-radius: 16px; border-end-start-radius: 5px; padding: 10px 14px; max-width: 100%; overflow-wrap: anywhere; }
.own .bubble { background: var(--hl-accent); color: var(--hl-on-accent); border-radius: 16px; border-end-end-radius: 5px; max-width: 88%; white-space: pre-wrap; }
.agent .bubble { background: var(--hl-tint); }
.bubble > * + * , .article > * + * { margin-top: 10px; }
ol, .bubble ul, .article ul { padding-inline-start: 24px; display: grid; gap: 6px; } .bubble li::marker { font-weight: 700; color: var(--hl-link); }
strong { font-weight: 700; } code { font: .92em ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; background: color-mix(in srgb, var(--hl-ink) 8%, transparent); border-radius: 5px; padding: 1px 5px; }
pre { margin: 0; overflow-x: auto; background: var(--hl-sunk); border-radius: 10px; padding: 10px 12px; } pre code { background: none; padding: 0; }
a { color: var(--hl-link); } .link { color: var(--hl-link); font-size: 13px; font-weight: 600; text-decoration: underline; text-underline-offset: 2px; min-height: 24px; } .receipt .link { white-space: nowrap; }
.cite { font-size: 11.5px; font-weight: 700; min-width: 24px; min-height: 24px; border-radius: 8px; background: var(--hl-tint); color: var(--hl-link); margin-inline: 2px; vertical-align: 1px; line-height: 24px; } .kept { white-space: nowrap; }
.running > :last-child::after { content: ""; display: inline-block; width: 8px; height: 15px; border-radius: 2px; background: var(--hl-link); margin-inline-start: 4px; vertical-align: -2px; }
.receipt { display: flex; gap: 4px 8px; align-items: flex-start; font-size: 13px; color: var(--hl-soft); } .receipt .icon { width: 16px; height: 16px; margin-top: 2px; } .receipt.read .icon { color: var(--hl-good); } .receipt.unreadable, .receipt.partly, .receipt.refused { color: var(--hl-bad); } .receipt span { min-width: 0; } .unsent .receipt { flex-wrap: wrap; align-items: baseline; justify-content: flex-end; }
.sent { display: flex; flex-direction: column; align-items: flex-end; gap: 4px; max-width: 78%; }
.thumb { display: block; position: relative; border: 1px solid var(--hl-line); border-radius: 14px; overflow: hidden; background: var(--hl-sunk); max-width: 100%; } .thumb img { display: block; max-width: 100%; max-height: 190px; width: auto; height: auto; object-fit: cover; object-position: top; }
.sent .thumb .icon { margin: 24px; }
.card { align-self: stretch; border: 1px solid var(--hl-line); border-radius: 14px; padding: 10px 14px 8px; font-size: 13.5px; background: var(--hl-ground); } .card h3 { font-size: 12.5px; color: var(--hl-soft); font-weight: 600; margin-bottom: 4px; }
dl { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 3px 12px; } dt { color: var(--hl-soft); } dd { overflow-wrap: anywhere; } q { quotes: none; font-weight: 600; white-space: pre-line; }
.chips { display: flex; flex-wrap: wrap; gap: 4px; } .chips bdi { background: var(--hl-sunk); border-radius: 6px; padding: 0 7px; font-variant-numeric: tabular-nums; } .hint { color: var(--hl-soft); font-size: 12.5px; margin-top: 4px; }
.card label { display: block; font-weight: 600; margin-top: 6px; } .card input, .card textarea { width: 100%; font: inherit; color: inherit; background: var(--hl-sunk); border: 1px solid var(--hl-line); border-radius: 8px; padding: 6px 10px; resize: vertical; } .card textarea { field-sizing: content; min-height: 58px; max-height: 160px; }
.row { display: flex; gap: 8px; margin-top: 8px; flex-wrap: wrap; } .small { font-size: 13.5px; font-weight: 600; border: 1px solid var(--hl-line); border-radius: 10px; padding: 6px 12px; display: inline-flex; gap: 6px; align-items: center; min-height: 34px; } .small:hover { background: var(--hl-sunk); } .small[aria-pressed="true"] { background: var(--hl-tint); border-color: var(--hl-link); }
.small.main, .feedback .main { background: var(--hl-accent); color: var(--hl-on-accent); border-color: transparent; }
.ringed { align-self: stretch; } .ringed .thumb { width: 100%; } .marked { display: block; width: 100%; height: auto; max-height: 340px; background: var(--hl-sunk); }
.halo { fill: none; stroke: #fff; stroke-opacity: .9; } .ring { fill: none; stroke: var(--hl-ring); } .number { fill: var(--hl-ring); stroke: #fff; } .marked text { fill: #fff; font-weight: 700; font-family: inherit; }
.over { position: absolute; inset: 0; width: 100%; border-radius: 14px; } .over:focus-visible { outline-offset: -4px; }
.corner { position: absolute; inset-block-end: 8px; inset-inline-end: 8px; display: grid; place-items: center; width: 32px; height: 32px; border-radius: 50%; background: rgb(20 22 30 / .72); color: #fff; }
.ringed figcaption { display: flex; flex-wrap: wrap; gap: 4px 12px; margin-top: 6px; font-size: 13.5px; } .legend { display: inline-flex; gap: 6px; align-items: center; } .legend b { background: var(--hl-ring); color: #fff; border-radius: 50%; min-width: 20px; height: 20px; line-height: 20px; text-align: center; font-size: 12px; }
.choices { display: grid; gap: 8px; align-self: stretch; } .choices button { border: 1px solid var(--hl-link); color: var(--hl-link); border-radius: 14px; padding: 10px 14px; font-weight: 600; text-align: start; } .choices button:hover:not(:disabled) { background: var(--hl-tint); }
.sources { list-style: none; display: grid; gap: 4px; align-self: stretch; } .sources { margin-inline: -8px; } .sources b { font-size: 11.5px; min-width: 20px; padding-inline: 5px; border-radius: 7px; background: var(--hl-tint); color: var(--hl-link); display: inline-block; text-align: center; line-height: 20px; margin-inline-end: 2px; }
.sources button { display: flex; gap: 8px; align-items: center; width: 100%; text-align: start; padding: 6px 8px; font-size: 13.5px; color: var(--hl-soft); min-height: 32px; } .sources button:hover { background: var(--hl-sunk); color: var(--hl-ink); } .sources .icon { width: 17px; height: 17px; }
.feedback { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; } .feedback button { display: inline-flex; gap: 6px; align-items: center; border: 1px solid var(--hl-line); border-radius: 17px; padding: 5px 12px; font-size: 13.5px; min-height: 34px; text-align: start; } .feedback button:hover { background: var(--hl-sunk); } .feedback [aria-pressed="true"] { background: var(--hl-tint); border-color: var(--hl-link); } .feedback .icon { width: 17px; height: 17px; } .feedback p { font-size: 13.5px; color: var(--hl-soft); }
.notice { text-align: center; font-size: 13px; color: var(--hl-soft); padding: 2px 12px; }
.working { display: flex; gap: 5px; align-items: center; color: var(--hl-soft); font-size: 13.5px; min-height: 28px; } .working i { width: 7px; height: 7px; border-radius: 50%; background: var(--hl-link); } .working span { margin-inline-start: 6px; }
.state { display: flex; gap: 8px; align-items: center; padding: 7px 16px; background: var(--hl-sunk); font-size: 13px; color: var(--hl-soft); border-bottom: 1px solid var(--hl-line); } .state .icon { width: 17px; height: 17px; }
.unsent .bubble { opacity: .75; }
.down { position: absolute; inset-inline: 0; margin: auto; width: 36px; height: 36px; border-radius: 50%; background: var(--hl-ground); border: 1px solid var(--hl-line); display: grid; place-items: center; box-shadow: 0 4px 14px rgb(10 15 30 / .16); inset-block-end: 100%; translate: 0 -10px; }

.foot { position: relative; border-top: 1px solid var(--hl-line); } .composer { padding: 10px 12px max(12px, env(safe-area-inset-bottom)); display: grid; gap: 8px; max-height: 60dvh; overflow-y: auto; }
.field { display: flex; align-items: flex-end; gap: 4px; border: 1px solid var(--hl-line); background: var(--hl-sunk); border-radius: 18px; padding: 5px 6px 5px 14px; } :host([dir="rtl"]) .field { padding: 5px 14px 5px 6px; } .field:focus-within { border-color: var(--hl-link); box-shadow: 0 0 0 1px var(--hl-link); }
.field textarea { flex: 1; min-width: 0; font: inherit; font-size: 16px; color: inherit; background: none; border: 0; outline: 0; resize: none; padding: 7px 0; max-height: 140px; field-sizing: content; } .field textarea::placeholder { color: var(--hl-soft); opacity: 1; }
.tools { display: flex; align-items: center; } .field .tool:hover { background: var(--hl-ground); } .send { width: 38px; height: 38px; border-radius: 50%; background: var(--hl-accent); color: var(--hl-on-accent); display: grid; place-items: center; margin-inline-start: 4px; }
.offer { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 2px 8px; background: var(--hl-tint); border-radius: 14px; padding: 6px 6px 10px 14px; font-size: 13.5px; } :host([dir="rtl"]) .offer { padding: 6px 14px 10px 6px; } .offer p { align-self: center; } .offer .main { grid-area: 2 / 1; justify-self: start; } .offer .tool { grid-area: 1 / 2; }
.line { display: flex; gap: 8px; font-size: 13.5px; color: var(--hl-bad); background: var(--hl-bad-ground); border-radius: 12px; padding: 8px 12px; } .line .icon { width: 18px; height: 18px; margin-top: 1px; }
.uploads { display: grid; gap: 6px; } .upload { display: flex; gap: 10px; align-items: center; border: 1px solid var(--hl-line); border-radius: 14px; padding: 6px; } .preview { flex: none; width: 54px; height: 54px; border-radius: 9px; overflow: hidden; background: var(--hl-sunk); color: var(--hl-soft); display: grid; place-items: center; } .preview > * { grid-area: 1 / 1; } .preview img { width: 100%; height: 100%; object-fit: cover; object-position: top; background: var(--hl-ground); } .upload figcaption { flex: 1; min-width: 0; } .upload small { color: var(--hl-soft); font-size: 13px; display: block; } progress { width: 100%; height: 6px; accent-color: var(--hl-link); } .buttons { display: flex; }
.dropping::after { content: attr(data-drop); position: absolute; inset: 8px; border: 2px dashed var(--hl-link); border-radius: 14px; background: color-mix(in srgb, var(--hl-ground) 88%, transparent); display: grid; place-items: center; font-weight: 700; font-size: 17px; z-index: 4; }

.article h2 { font-size: 20px; line-height: 1.25; letter-spacing: -.01em; } .article h3 { font-size: 16px; margin-top: 18px; } .mind { border-inline-start: 4px solid var(--hl-ring); padding: 8px 12px; background: var(--hl-sunk); border-start-end-radius: 10px; border-end-end-radius: 10px; } .wide { overflow-x: auto; } table { border-collapse: collapse; font-size: 14px; } th, td { text-align: start; padding: 6px 12px 6px 0; border-bottom: 1px solid var(--hl-line); vertical-align: top; } th { color: var(--hl-soft); font-weight: 600; }

.large { border: 0; padding: 0; margin: 0; width: 100vw; height: 100dvh; max-width: none; max-height: none; background: #0c0e14; color: #fff; overflow: hidden; } .large::backdrop { background: none; }
.large .view { position: absolute; inset: 60px 0 0; touch-action: none; overflow: hidden; cursor: grab; } .large .zoom { transform-origin: 0 0; width: 100%; height: 100%; display: grid; place-items: center; } .large .marked { background: none; width: 100%; height: 100%; max-height: none; } 
.large .bar { position: absolute; inset: 0 0 auto; display: flex; gap: 6px; padding: 12px; justify-content: flex-end; align-items: center; height: 60px; } .large .tool { color: #fff; } .large .tool:hover { background: rgb(255 255 255 / .14); } .large p { margin-inline-end: auto; font-weight: 600; padding-inline-start: 8px; } .large :focus-visible { outline-color: #fff; }

@media (max-width: 480px), (max-height: 480px) {
  :host([open]) { inset: 0; } :host([open]) .launcher { display: none; }
  .panel { position: fixed; inset: 0; width: auto; height: 100dvh; border: 0; border-radius: 0; padding-top: env(safe-area-inset-top); }
  .tool { width: 40px; height: 40px; }
}
@media (max-width: 360px) { .human .icon { display: none; } header { padding-inline: 12px 4px !important; } header h2 .mark { width: 22px; } .reading .human { display: none; } }
.welcome p, .offer p, .receipt span, .state, .feedback p, .hint { unicode-bidi: plaintext; text-align: match-parent; }
@media (prefers-reduced-motion: no-preference) {
  .panel { animation: rise .18s ease-out; } @keyframes rise { from { opacity: 0; transform: translateY(10px) scale(.98); } }
  .launcher { transition: transform .15s; } .launcher:hover { transform: scale(1.05); }
  .working i, .receipt.busy .icon { animation: pulse 1.2s infinite ease-in-out; } .working i:nth-child(2) { animation-delay: .15s; } .working i:nth-child(3) { animation-delay: .3s; } @keyframes pulse { 50% { opacity: .25; } }
}
@media (forced-colors: active) { .launcher, .send, .bubble, .panel { border: 1px solid; } }
`;
