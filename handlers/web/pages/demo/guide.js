// The guide at the side: plays the demo through in two minutes.

import { html, icon } from "/demo/html.js";
import { FAULTS } from "/demo/store.js";

export function guide(s, current) {
  if (!s.guide) return html`<button class="guide-tab" data-do="guide">${icon("guide")}Guide</button>`;
  const solved = FAULTS.filter((f) => f.over(s)).length;
  return html`<div class="guide-head"><h2>Two minutes with HelpLens</h2>
      <button class="plain" data-do="guide" aria-label="Hide the guide">${icon("close")}</button></div>
    <p>Tallybarn is made up, and eight things in it are broken on purpose. Show HelpLens one of them.</p>
    <ol class="how"><li>Choose a problem below.</li><li>Choose <b>Ask for help</b> and send a picture of the page.</li>
      <li>Do what the ring shows, then answer “Did it work?” with a second picture.</li>
      <li>Or choose <b>Talk to a person</b>, and be that person at the <a href="/desk" target="_blank" rel="noopener">desk</a>: the terminal shows its password.</li></ol>
    <ol class="faults">${FAULTS.map((fault) => html`<li class="${fault.over(s) ? "done" : ""} ${fault.id === current ? "here" : ""}">
      <button data-fault="${fault.id}">${icon(fault.over(s) ? "check" : "circle")}<span>${fault.title}</span></button>
      ${fault.id === current && !fault.over(s) ? html`<button class="main ask" data-ask="${fault.ask}">Ask for help</button>` : ""}</li>`)}</ol>
    <p class="quiet">${solved} of ${FAULTS.length} solved · <button class="link" data-do="startOver">Start over</button></p>`;
}
