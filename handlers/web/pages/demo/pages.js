// The pages of the demo product: state in, markup out. What a click does is in app.js, what a dialog shows in dialogs.js.

import { html, icon } from "/demo/html.js";
import { alert, chip, good, head, table, tabs } from "/demo/parts.js";
import { settings } from "/demo/settings.js";

export const PLACES = [
  ["home", "Home"], ["orders", "Orders"], ["invoices", "Invoices"], ["files", "Files"],
  ["reports", "Reports"], ["team", "Team"], ["settings", "Settings"],
];
export const PEOPLE = { mara: { name: "Mara Fenwick", role: "Member" }, jonas: { name: "Jonas Adler", role: "Owner" } };

const ORDERS = [
  ["ORD-7731", "Harbour Joinery", "Oak staircase, 14 treads", "$3,480.00", "In work"],
  ["ORD-7728", "Café Lindgren", "Counter top, ash", "$1,260.00", "In work"],
  ["ORD-7725", "R. Okafor", "Two bookcases", "$940.00", "Finished"],
  ["ORD-7719", "Milltown School", "Repair of 22 stools", "$610.00", "Finished"],
  ["ORD-7714", "Harbour Joinery", "Window frames", "$2,155.00", "Delivered"],
];

function home(s) {
  const waiting = [
    [!s.card.paid, "card", "Invoice INV-20418 for your plan is open", "#/settings/billing"],
    [!s.order.synced, "sync", "Order ORD-7731 was changed in two places", "#/orders/ORD-7731"],
    [s.email.paused, "mail", "Email is paused for your address", "#/settings/notifications"],
    [!s.invoiceSent, "invoices", "Draft INV-20431 for Harbour Joinery is not sent", "#/invoices/INV-20431"],
  ].filter(([still]) => still);
  return html`${head("Good morning, Mara")}
    <div class="tiles">
      <div class="card tile"><span>Orders in work</span><b>12</b><small>3 due this week</small></div>
      <div class="card tile"><span>Open invoices</span><b>$8,214</b><small>2 overdue</small></div>
      <div class="card tile"><span>Hours this week</span><b>146</b><small>of 190 planned</small></div>
    </div>
    <div class="columns"><section class="card"><h2>Needs your attention</h2>
      ${waiting.length ? html`<ul class="list">${waiting.map(([, image, text, href]) => html`
        <li><a href="${href}">${icon(image)}<span>${text}</span></a></li>`)}</ul>` : html`<p class="quiet">Nothing. Enjoy the sawdust.</p>`}
    </section><section class="card"><h2>Recent orders</h2>
      <ul class="list">${ORDERS.slice(0, 4).map(([number, who, what]) => html`
        <li><a href="#/orders/${number}"><span><b>${number}</b> ${who}<small>${what}</small></span></a></li>`)}</ul></section></div>`;
}

function orders() {
  return html`${head("Orders", html`<button class="main" data-do="later">New order</button>`)}
    <section class="card">${table(["Order", "Customer", "Work", "Total", "State"], ORDERS.map(([n, who, what, sum, how]) =>
      [html`<a href="#/orders/${n}">${n}</a>`, who, what, sum, chip(how, how === "In work" ? "busy" : "")]))}</section>`;
}

function order(s, number) {
  const [, who, what, sum, how] = ORDERS.find(([n]) => n === number) ?? ORDERS[0];
  const clash = number === "ORD-7731" && !s.order.synced;
  return html`<p class="crumbs"><a href="#/orders">Orders</a> › ${number}</p>
    ${head(`Order ${number}`, html`<button data-do="later">More</button><button class="main" data-do="later">Make invoice</button>`)}
    ${clash ? alert("Sync stopped for this order", "ORD-7731 was changed here and on Workshop tablet while it was offline. Error TB-5090",
      html`<button data-dialog="review">Review changes</button>`) : ""}
    ${number === "ORD-7731" && s.order.synced ? good("Synced", "ORD-7731 is the same on all devices.") : ""}
    <div class="columns"><section class="card"><h2>Lines</h2>
      ${table(["Line", "Quantity", "Price"], [[what, "1", sum], ["Delivery and fitting", "1", "included"]])}</section>
    <section class="card"><h2>Details</h2><dl><dt>Customer</dt><dd>${who}</dd><dt>State</dt><dd>${chip(how, "busy")}</dd>
      <dt>Due</dt><dd>4 December 2026</dd><dt>Last change</dt><dd>${s.order.kept === "tablet" ? "Workshop tablet, version 15" : "Mara Fenwick, version 14"}</dd></dl></section></div>`;
}

const INVOICES = [
  ["INV-20431", "Harbour Joinery", "24 Nov 2026", "$3,480.00", "Draft"],
  ["INV-20429", "Milltown School", "19 Nov 2026", "$610.00", "Open"],
  ["INV-20427", "R. Okafor", "17 Nov 2026", "$940.00", "Open"],
  ["INV-20422", "Café Lindgren", "9 Nov 2026", "$420.00", "Paid"],
];

function invoices(s) {
  const shown = (row) => (row[0] === "INV-20431" && s.invoiceSent ? [...row.slice(0, 4), "Sent"] : row);
  return html`${head("Invoices", html`<button data-dialog="export">Export</button><button class="main" data-do="later">New invoice</button>`)}
    ${tabs("all", [["all", "All", "#/invoices"], ["drafts", "Drafts", "#/invoices"], ["open", "Open", "#/invoices"], ["paid", "Paid", "#/invoices"]])}
    <section class="card">${table(["Invoice", "Customer", "Date", "Total", "State"], INVOICES.map(shown).map(([n, who, when, sum, how]) =>
      [html`<a href="#/invoices/${n}">${n}</a>`, who, when, sum, chip(how, { Open: "busy", Paid: "fine", Sent: "fine" }[how] ?? "")]))}</section>`;
}

function invoice(s, number) {
  const [, who, when, sum] = INVOICES.find(([n]) => n === number) ?? INVOICES[0];
  const ready = Boolean(s.company.tax);
  const item = (done, text) => html`<li class="${done ? "done" : "open"}">${icon(done ? "check" : "circle")}${text}</li>`;
  return html`<p class="crumbs"><a href="#/invoices">Invoices</a> › ${number}</p>
    ${head(`Invoice ${number}`, html`<button data-do="later">Preview</button>
      <button class="main" data-do="sendInvoice" ${ready && !s.invoiceSent ? "" : html`disabled`}>Send invoice</button>`)}
    ${s.invoiceSent ? good("Sent", `${number} went to Harbour Joinery.`) : ""}
    <div class="columns"><section class="card paper"><div class="letter"><b>${s.company.name}</b><small>${s.company.street}</small>
      ${ready ? html`<small>Tax number ${s.company.tax}</small>` : ""}</div>
      <p>${who}<br>3 Quay Road, Whitby</p>${table(["Line", "Quantity", "Total"], [["Oak staircase, 14 treads", "1", sum]])}
      <p class="sum">Total <b>${sum}</b></p></section>
    <section class="card"><h2>Before you can send</h2><ul class="checks">${item(true, "Customer address")}${item(true, "At least one line")}
      ${item(ready, ready ? "Your tax number" : "Your tax number is missing")}</ul>
      <dl><dt>Date</dt><dd>${when}</dd><dt>State</dt><dd>${chip(s.invoiceSent ? "Sent" : "Draft", s.invoiceSent ? "fine" : "")}</dd></dl></section></div>`;
}

function files(s) {
  const own = s.upload.done ? [["bench-plan.jpg", "4.2 MB", "today", "Mara Fenwick"]] : [];
  return html`${head("Files", html`<button data-dialog="options">Upload options</button>
      <button class="main" data-do="upload">${icon("upload")}Upload file</button>`)}
    ${s.upload.refused ? alert("bench-plan.tiff was not uploaded", "The file has 31.4 MB, the limit for one file is 25 MB. Error TB-6010",
      html`<button data-do="uploadAgain">Try again</button>`) : ""}
    ${s.upload.done ? good("bench-plan.jpg is uploaded", "Made smaller from 31.4 MB to 4.2 MB.") : ""}
    <section class="card">${table(["Name", "Size", "Changed", "By"], [...own,
      ["staircase-harbour.pdf", "1.8 MB", "23 Nov 2026", "Jonas Adler"], ["ash-counter.dxf", "640 kB", "20 Nov 2026", "Mara Fenwick"],
      ["stools-before.jpg", "3.1 MB", "18 Nov 2026", "Ida Moen"], ["price-list-timber.csv", "22 kB", "2 Nov 2026", "Jonas Adler"]])}
      <p class="quiet">11.2 GB of 50 GB used</p></section>`;
}

function reports(s) {
  if (!s.reports.allowed && s.viewer !== "jonas") {
    return html`${head("Reports")}<section class="card empty">${icon("lock")}<h2>You no longer have access to Reports</h2>
      <p>Your role was changed to Member on 12 November 2026. Error TB-4030</p>
      ${s.reports.requested ? html`<p class="chip busy">Request sent to Jonas Adler</p>` : html`<button class="main" data-do="requestAccess">Request access</button>`}</section>`;
  }
  const bars = [42, 55, 48, 71, 66, 83, 62, 90, 78, 96, 88];
  return html`${head("Reports")}${tabs("sales", [["sales", "Sales", "#/reports"], ["hours", "Hours", "#/reports"]])}
    <section class="card"><h2>Sales by month</h2><svg class="chart" viewBox="0 0 440 130" role="img" aria-label="Sales rose from 42 to 88 thousand dollars">
      ${bars.map((b, i) => html`<rect x="${i * 40 + 8}" y="${120 - b}" width="24" height="${b}" rx="4"/>`)}</svg></section>`;
}

function team(s, tab = "people") {
  const owner = s.viewer === "jonas";
  const asked = s.reports.requested && !s.reports.allowed;
  const body = tab === "requests"
    ? asked ? html`<ul class="list"><li><span><b>Mara Fenwick</b> asks for access to Reports<small>today</small></span>
        <button class="main" data-do="approve" ${owner ? "" : html`disabled`}>Approve</button></li></ul>
        ${owner ? "" : html`<p class="quiet">Only an owner can approve. In this demo: your name, top right, then View as Jonas.</p>`}`
      : html`<p class="quiet">No requests are waiting.</p>`
    : table(["Name", "Role", "Last seen"], [["Jonas Adler", "Owner", "today"], ["Mara Fenwick", s.reports.allowed ? "Bookkeeper" : "Member", "now"], ["Ida Moen", "Member", "yesterday"]]);
  return html`${head("Team", html`<button class="main" data-do="later">Invite people</button>`)}
    ${tabs(tab, [["people", "People", "#/team"], ["requests", asked ? "Requests (1)" : "Requests", "#/team/requests"]])}
    <section class="card">${body}</section>`;
}

const PAGES = { home, orders, invoices, files, reports, team, settings };
const PARTS = { orders: order, invoices: invoice, team, settings };

export function page(s, [name = "home", part] = []) {
  if (part && PARTS[name]) return PARTS[name](s, decodeURIComponent(part));
  return (PAGES[name] ?? home)(s);
}
