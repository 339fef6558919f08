// The page: logs in, listens to the stream, and draws what changed, at most once a frame.

import { EquityChart, PriceChart } from "./chart.js";
import { ConfigPanel } from "./config.js";
import { ACTS, ask, confirmAct } from "./controls.js";
import { byId, clock, el, fill, keepFocus } from "./dom.js";
import * as panels from "./panels.js";
import { Stream } from "./stream.js";

const KEPT = 500;
const TABS = { orders: "Orders", fills: "Fills", events: "Events", guards: "Why not", latency: "Latency", links: "Links", audit: "Audit", config: "Config", runs: "Runs" };
const CATEGORIES = ["market", "order", "risk", "link", "config", "security", "system"];

const state = { token: sessionStorage.getItem("genesis"), tab: "orders", stream: null, overview: null, health: null, orders: new Map(), fills: [], events: [], configEvents: [], quiet: null, stalledSince: null, latency: [], audit: [], runs: [], shown: new Set(), severity: "" };
const price = new PriceChart(byId("price"), byId("price-tip"));
const equity = new EquityChart(byId("equity"));
const due = new Set();

// Drawing

function draw(...names) {
  if (!due.size) requestAnimationFrame(() => { const now = [...due]; due.clear(); for (const name of now) DRAWN[name](); });
  for (const name of names) due.add(name);
}

// Nobody reads a table that changes twenty times a second.
const TABLE_MS = 200;
let tableTimer = 0;
function drawTableSoon() {
  tableTimer ||= setTimeout(() => { tableTimer = 0; draw("table"); }, TABLE_MS);
}

const DRAWN = {
  overview() {
    const { overview, health } = state;
    drawStale();
    if (!overview) return;
    fill(byId("headline"), panels.headline(overview));
    fill(byId("account"), panels.account(overview.portfolio));
    fill(byId("positions"), panels.positions(overview.positions));
    fill(byId("limits"), panels.limits(overview.limits));
    keepFocus(byId("strategies"), (node) => fill(node, panels.strategies(overview.strategies, switchStrategy)));
    byId("mode").textContent = overview.mode;
    byId("price-title").textContent = overview.symbol;
    byId("price-note").textContent = overview.timeframe;
    const gone = NO_STATUS[state.quiet?.how];
    const status = gone ?? (overview.is_halted && health?.status !== "stalled" ? "halted" : health?.status ?? "running");
    byId("status").className = `pill ${gone ? "stopping" : status}`;
    byId("status-text").textContent = status + (overview.is_reduce_only && !overview.is_halted && !gone ? ", reduce only" : "");
    byId("status").title = (gone ? state.quiet.why : health?.reason) ?? "";
    document.title = `${overview.portfolio ? Math.round(Number(overview.portfolio.equity)).toLocaleString("en") : ""} ${status} · Genesis`;
    price.orders = [...state.orders.values()].filter((order) => order.is_open && (order.price || order.stop_price) && order.symbol === overview.symbol);
    price.draw();
  },
  table() {
    const { tab } = state;
    byId("table").classList.toggle("tall", tab === "config");
    if (tab === "config") return; // it draws itself, and not while somebody writes
    const made = {
      orders: () => panels.orders(shownOrders(), openOrder),
      fills: () => panels.fills(state.fills.slice(0, 200), openOrder),
      events: () => panels.events(state.events.filter((each) => (!state.shown.size || state.shown.has(each.category)) && (!state.severity || each.severity === state.severity)).slice(0, 200)),
      guards: () => panels.guards(state.overview?.guards ?? []),
      latency: () => panels.latency(state.latency),
      links: () => panels.links(state.overview?.links ?? []),
      audit: () => panels.audit(state.audit),
      runs: () => panels.runs(state.runs),
    }[tab]();
    keepFocus(byId("table"), (node) => panels.showTable(node, made));
  },
};

const QUIET = {
  ended: (time, why) => `The session ended at ${time}${why ? `: ${why}` : ""}`,
  unreached: (time) => `Nothing answers since ${time}: the session is gone, or the way to it`,
  silent: (time) => `Stale since ${time}: the session does not answer`,
  stalled: (time) => `Stale since ${time}: its trading loop stands still`,
};
const NO_STATUS = { ended: "ended", unreached: "not reached" };

// What is shown is old where the session has ended or cannot be reached, the session is silent, and where it answers while its trading loop stands still.
function drawStale() {
  const stalledS = state.health?.stalled_s ?? 0;
  state.stalledSince = stalledS ? state.stalledSince ?? Date.now() - 1000 * stalledS : null;
  const quiet = state.quiet ?? (state.stalledSince === null ? null : { how: "stalled", sinceMs: state.stalledSince });
  const text = quiet === null ? "" : `${QUIET[quiet.how](clock(quiet.sinceMs), quiet.why)}. What you see is old.`;
  byId("stale").hidden = quiet === null;
  if (byId("stale").textContent !== text) byId("stale").textContent = text; // it is read out when it changes
  document.body.classList.toggle("old", quiet !== null);
}

const youngestFirst = (a, b) => b.created_mts - a.created_mts || b.cid - a.cid;
function shownOrders() {
  const all = [...state.orders.values()].sort(youngestFirst);
  return [...all.filter((order) => order.is_open), ...all.filter((order) => !order.is_open).slice(0, 200)];
}

function tabs() {
  keepFocus(byId("tabs"), drawTabs);
  keepFocus(byId("filters"), drawFilters);
}

function drawTabs(node) {
  fill(node, Object.entries(TABS).map(([name, title]) => {
    const tab = el("button", { role: "tab", id: `tab-${name}`, "data-key": name, "aria-selected": name === state.tab, "aria-controls": "table", tabindex: name === state.tab ? 0 : -1, onclick: () => open(name) }, title, name === "config" && handEdits().length ? el("span", { class: "warning" }, " edited by hand") : null);
    tab.addEventListener("keydown", (event) => {
      const names = Object.keys(TABS), way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (way) { open(names[(names.indexOf(name) + way + names.length) % names.length]); byId(`tab-${state.tab}`).focus(); }
    });
    return tab;
  }));
  byId("table").setAttribute("aria-labelledby", `tab-${state.tab}`);
}

function drawFilters(node) {
  const chip = (name) => el("button", { class: "filter", "data-key": name, "aria-pressed": state.shown.has(name), onclick: () => { if (!state.shown.delete(name)) state.shown.add(name); tabs(); draw("table"); } }, name);
  const severities = el("select", { "data-key": "severity", "aria-label": "Severity", onchange: (event) => { state.severity = event.target.value; draw("table"); } }, ["", "info", "warning", "error"].map((name) => el("option", { value: name, selected: name === state.severity }, name || "every severity")));
  fill(node, state.tab === "events" ? [...CATEGORIES.map(chip), severities] : []);
}

function open(name) {
  state.tab = name;
  return refresh();
}

// Draws the open tab and its title anew, and asks for what the stream does not tell.
async function refresh() {
  const name = state.tab;
  tabs();
  draw("table");
  if (name === "audit" || name === "runs") {
    const path = name === "audit" ? "/api/v1/audit?limit=100" : "/api/v1/runs";
    await tell(async () => { state[name] = (await get(path)).items; draw("table"); });
  }
  if (name === "config") showConfig();
}

function showConfig() {
  config.edits = handEdits();
  if (!config.isShown) config.draw(byId("table"));
  return tell(() => config.load(byId("table")));
}

// What was edited by hand since a version was applied last: it does not count, and whoever did it may believe it does.
function handEdits() {
  const last = state.configEvents.findIndex((each) => each.name === "config.applied");
  return (last < 0 ? state.configEvents : state.configEvents.slice(0, last)).filter((each) => each.name === "config.drift").slice(0, 3);
}

// Asking

const get = (path) => ask(state.token, "GET", path);
const send = (path, body, key) => ask(state.token, "POST", `/api/v1/control/${path}`, body, key);

const config = new ConfigPanel({ get, send, say, tell, post: (path, body) => ask(state.token, "POST", path, body), renew: (code) => ask(state.token, "POST", "/api/v1/session/renew", { code }) });

async function tell(work) {
  try { await work(); } catch (error) { if (error.status === 401) ended("The session ended. Log in again."); else say(error.message); }
}

let sayTimer = 0;
function say(text) {
  byId("toast").textContent = text;
  clearTimeout(sayTimer);
  sayTimer = setTimeout(() => { byId("toast").textContent = ""; }, 6000);
}

const act = (name) => confirmAct(ACTS[name], send, say);
const switchStrategy = (each) => confirmAct({ title: `${each.label}: ${each.is_on ? "off" : "on"}`, says: each.is_on ? "It decides no more; what it holds stays as it is." : "It decides again at its next close.", path: `strategy/${each.name}`, body: { on: !each.is_on }, label: each.is_on ? "Switch off" : "Switch on" }, send, say);

function openOrder(cid) {
  const dialog = byId("detail");
  tell(async () => {
    const cancel = (order) => { dialog.close(); confirmAct({ title: "Cancel the order", says: `${order.side} ${order.amount} ${order.symbol}`, path: `cancel/${order.cid}`, label: "Cancel it" }, send, say); };
    fill(dialog, panels.orderDetail(await get(`/api/v1/orders/${cid}`), cancel));
    dialog.showModal();
  });
}

let loadedMs = 0;
async function loadCharts() {
  loadedMs = Date.now();
  await tell(async () => {
    const [candles, points] = await Promise.all([get("/api/v1/candles?limit=10000"), get("/api/v1/equity?limit=4000")]);
    price.load(candles.items);
    equity.load(points.items);
    byId("equity-note").textContent = points.currency;
  });
}

// Listening

// Open orders stay for as long as they are open; of those that ended the oldest leave.
function dropEnded() {
  if (state.orders.size <= 2 * KEPT) return;
  const ended = [...state.orders.values()].filter((order) => !order.is_open).sort(youngestFirst);
  for (const order of ended.slice(KEPT)) state.orders.delete(order.cid);
}

const heard = {
  snapshot(frame) {
    Object.assign(state, { overview: frame.overview, health: frame.health, latency: frame.latency, events: [...frame.events].reverse(), fills: [...frame.fills] });
    state.orders = new Map(frame.orders.map((order) => [order.cid, order]));
    price.fills = [...state.fills].reverse();
    state.configEvents = state.events.filter((each) => each.category === "config");
    loadCharts();
    draw("overview");
    refresh();
  },
  delta(frame) {
    if (frame.overview) state.overview = frame.overview;
    if (frame.health) state.health = frame.health;
    if (frame.latency) state.latency = frame.latency;
    for (const order of frame.orders ?? []) state.orders.set(order.cid, order);
    dropEnded();
    const known = state.fills[0]?.seq ?? 0;
    for (const each of frame.fills ?? []) if (each.seq > known) { state.fills.unshift(each); price.fills.push(each); }
    const seen = state.events[0]?.seq ?? 0;
    for (const each of frame.events ?? []) {
      if (each.seq <= seen) continue;
      state.events.unshift(each);
      if (each.category === "config") state.configEvents.unshift(each); // of which none is pushed out by others
    }
    if (frame.events?.some((each) => each.category === "config")) { tabs(); if (state.tab === "config") showConfig(); }
    state.configEvents.length = Math.min(state.configEvents.length, KEPT);
    state.fills.length = Math.min(state.fills.length, KEPT);
    state.events.length = Math.min(state.events.length, KEPT);
    if (price.fills.length > 4 * KEPT) price.fills.splice(0, KEPT);
    if (frame.reload && Date.now() - loadedMs > 3000) loadCharts();
    price.add(frame.candles ?? []);
    equity.add(frame.equity ?? []);
    const tables = { orders: frame.orders, fills: frame.fills, events: frame.events, latency: frame.latency, guards: frame.overview, links: frame.overview };
    if (frame.overview || frame.health || frame.orders) draw("overview");
    if (tables[state.tab]) drawTableSoon();
  },
  quiet(how) {
    state.quiet = how;
    drawStale();
    draw("overview");
  },
  refused() { ended("The session does not know you any more. Log in again."); },
};

// Logging in and out

async function login(code) {
  const answer = await fetch("/api/v1/session", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ code }), credentials: "omit", cache: "no-store" });
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.error.message);
  state.token = found.token;
  sessionStorage.setItem("genesis", found.token);
  begin();
}

function begin() {
  byId("login").hidden = true;
  document.body.classList.remove("out");
  state.stream?.end();
  state.stream = new Stream(state.token, heard);
}

function ended(why) {
  state.stream?.end();
  state.token = null;
  sessionStorage.removeItem("genesis");
  document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());
  byId("login-why").textContent = why;
  byId("login").hidden = false;
  document.body.classList.add("out");
  byId("code").focus();
}

byId("login-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const code = byId("code").value.trim().split("#").at(-1);
  byId("code").value = "";
  login(code).catch((error) => { byId("login-why").textContent = error.message; });
});
byId("logout").addEventListener("click", () => tell(async () => { await ask(state.token, "DELETE", "/api/v1/session"); ended("Logged out."); }));
for (const name of Object.keys(ACTS)) byId(`act-${name}`).addEventListener("click", () => act(name));

function theme(name) {
  document.documentElement.dataset.theme = name;
  localStorage.setItem("genesis-theme", name);
  price.draw();
  equity.draw();
}
byId("theme").addEventListener("click", () => {
  const isDark = (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  theme(isDark ? "light" : "dark");
});
if (localStorage.getItem("genesis-theme")) document.documentElement.dataset.theme = localStorage.getItem("genesis-theme");
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { price.draw(); equity.draw(); });

fill(byId("ranges"), [[60, "60"], [240, "240"], [1000, "1k"], [10000, "All"]].map(([count, title]) => el("button", { class: "filter", "aria-label": `The last ${title} candles`, onclick: () => price.show(count) }, title)));
tabs();
draw("table");

const code = location.hash.slice(1);
if (code) {
  history.replaceState(null, "", "/"); // the code was for once, and does not belong into the history
  login(code).catch((error) => ended(error.message));
} else if (state.token) begin();
else ended("Log in with the one-time link of the session.");
