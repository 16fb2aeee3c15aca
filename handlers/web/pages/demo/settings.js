// The settings pages: company, plan and billing, notifications, security, devices.

import { html, icon } from "/demo/html.js";
import { alert, good, tabs } from "/demo/parts.js";

const TABS = [
  ["company", "Company"], ["billing", "Plan & billing"], ["notifications", "Notifications"],
  ["security", "Security"], ["devices", "Devices"],
].map(([key, label]) => [key, label, `#/settings/${key}`]);

function company(s) {
  return html`<form class="card form" data-form="company"><h2>Company</h2>
    <label>Company name<input name="name" value="${s.company.name}" required></label>
    <label>Address<input name="street" value="${s.company.street}" required></label>
    <label>Tax number<input name="tax" value="${s.company.tax}" placeholder="for example GB 123 4567 89"></label>
    <div class="actions"><button class="main">Save changes</button></div></form>`;
}

function billing(s) {
  const { card, coupon } = s;
  return html`
    ${card.refused && !card.paid ? alert("Your card was declined", "The bank refused $48.00 for invoice INV-20418. Error TB-4021") : ""}
    ${card.paid ? good("Invoice INV-20418 is paid", `$48.00 was taken from the card ending in ${card.last}.`) : ""}
    <div class="columns"><section class="card"><h2>Your plan</h2>
      <div class="line"><span><b>Workshop</b><small>10 people, 50 GB</small></span><span class="price">${coupon.applied ? html`<s>$48</s> $38.40` : "$48"}<small>a month</small></span></div>
      <div class="actions"><button data-do="later">Change plan</button><button data-do="later">Payment history</button></div></section>
    <section class="card"><h2>Payment method</h2>
      <div class="line">${icon("card")}<span><b>Card ending in ${card.last}</b><small>${card.replaced ? "expires 08/30" : "expires 10/26"}</small></span>
        <button data-dialog="card">Replace card</button></div></section></div>
    ${card.paid ? "" : html`<section class="card"><div class="line">${icon("invoices")}<span><b>Invoice INV-20418</b><small>Workshop, November 2026, due on 1 December</small></span>
      <span class="price">$48.00</span><button class="main" data-do="payNow">Pay now</button></div></section>`}
    <div class="columns"><form class="card form" data-form="coupon"><h2>Coupon</h2>
      <div class="row"><label class="grow">Coupon<input name="code" value="${coupon.code}" autocomplete="off" required></label><button>Apply coupon</button></div>
      ${coupon.refused ? html`<div class="alert bad small" role="alert">${icon("alert")}<div><strong>This coupon has expired</strong><p>${coupon.code} ended on 31 May 2026. Error TB-3107</p></div></div>` : ""}
      ${coupon.applied ? html`<p class="chip fine">WORKBENCH20 is active</p>` : ""}</form>
    <section class="card"><h2>Offers for you</h2><div class="line"><span><b>20 % off for three months</b><small>WORKBENCH20, until 31 December 2026</small></span>
      ${coupon.applied ? html`<span class="chip fine">In use</span>` : html`<button data-do="useOffer">Use this offer</button>`}</div></section></div>`;
}

function notifications(s) {
  const { email } = s;
  const kinds = ["An order is due", "An invoice is paid", "Somebody mentions me"];
  return html`
    ${email.paused ? alert("Email is paused", `3 mails to ${email.address} came back. Error TB-8002`,
      html`<button data-do="resumeEmail" ${email.saved ? "" : html`disabled`}>Resume email</button>`) : good("Email is on", `Mails go to ${email.address}.`)}
    <form class="card form" data-form="email"><h2>Email address</h2>
      <div class="row"><label class="grow">Email address<input name="address" type="email" value="${email.address}" required></label><button>Save address</button></div></form>
    <section class="card"><h2>What you hear of</h2><div class="scroll"><table><thead><tr><th>Event</th><th>In Tallybarn</th><th>Email</th></tr></thead>
      <tbody>${kinds.map((kind) => html`<tr><td>${kind}</td><td><input type="checkbox" checked aria-label="${kind}, in Tallybarn"></td><td><input type="checkbox" checked aria-label="${kind}, by email"></td></tr>`)}</tbody></table></div></section>`;
}

const security = () => html`<section class="card"><h2>Two-step sign-in</h2><div class="line">${icon("lock")}<span><b>On</b><small>Authenticator app, since March 2026</small></span>
  <button data-do="later">Show recovery codes</button></div></section>`;

const devices = (s) => html`<section class="card"><h2>Devices</h2><ul class="list">
  <li><span><b>This browser</b><small>now</small></span></li>
  <li><span><b>Workshop tablet</b><small>${s.order.synced ? "synced" : "1 order waits for you"}</small></span><button data-do="later">Sync now</button></li></ul></section>`;

const PARTS = { company, billing, notifications, security, devices };

export function settings(s, tab = "company") {
  const part = PARTS[tab] ? tab : "company";
  const title = TABS.find(([key]) => key === part)[1];
  return html`<p class="crumbs"><a href="#/settings">Settings</a> › ${title}</p><div class="head"><h1>${title}</h1></div>
    ${tabs(part, TABS)}${PARTS[part](s)}`;
}
