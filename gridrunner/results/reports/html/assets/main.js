// Where one is: parts, the open site, keys, theme, print. The address keeps it, so that a link leads to a site.

const TABS = [["overview", "Overview"], ["sites", "Sites"], ["timeline", "Timeline"]];
const PRINTED_SITES = 300;

function showTab(tab) {
  state.tab = tab;
  for (const [name] of TABS) {
    at(name).hidden = name !== tab;
    at("tab-" + name).setAttribute("aria-selected", String(name === tab));
    at("tab-" + name).tabIndex = name === tab ? 0 : -1;
  }
  if (tab === "sites") { refilter(); redrawOpen(); }
  if (tab === "timeline") drawTimeline();
}

function redrawOpen() {
  drawDetail();
  revealOpen();
  for (const node of drawn.values()) node.setAttribute("aria-selected", String(node.id === "row-" + state.open));
}

function go(tab) { state.open = -1; setAddress(tab === "overview" ? "" : tab); showTab(tab); }

function openSite(index) {
  state.open = index;
  state.page = 0;
  setAddress("site/" + encodeURIComponent(rows[index].id));
  if (state.tab !== "sites") showTab("sites");
  else redrawOpen();
}

function closeSite() { state.open = -1; setAddress("sites"); redrawOpen(); list.focus(); }

function setAddress(hash) {
  try { history.replaceState(null, "", hash ? "#" + hash : location.pathname + location.search); } catch { /* some viewers forbid it */ }
}

function readAddress() {
  let hash = "";
  try { hash = decodeURIComponent(location.hash.slice(1)); } catch { hash = ""; }
  const site = hash.startsWith("site/") ? indexOf.get(hash.slice(5)) : undefined;
  state.open = site === undefined ? -1 : site;
  state.page = 0;
  showTab(site !== undefined ? "sites" : TABS.some(([name]) => name === hash) ? hash : "overview");
}

function escapeOut() {
  if (!at("keys").hidden) { toggleKeys(); return; }
  if (document.activeElement === at("search")) { at("search").blur(); }
  if (state.open >= 0 && matchMedia("(max-width: 900px)").matches) { closeSite(); return; }
  clearFilters();
  if (state.tab === "sites") refilter();
}

function toggleKeys() {
  at("keys").hidden = !at("keys").hidden;
  at("help").setAttribute("aria-expanded", String(!at("keys").hidden));
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") { escapeOut(); return; }
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) return;
  const actions = {
    "/": () => { if (state.tab !== "sites") showTab("sites"); at("search").focus(); },
    j: () => { if (state.tab !== "sites") showTab("sites"); stepSite(1); },
    k: () => { if (state.tab !== "sites") showTab("sites"); stepSite(-1); },
    o: toggleMarks, "?": toggleKeys, 1: () => go("overview"), 2: () => go("sites"), 3: () => go("timeline"),
  };
  if (document.activeElement === list) Object.assign(actions, { ArrowDown: () => stepSite(1), ArrowUp: () => stepSite(-1) });
  if (Object.hasOwn(actions, event.key)) { event.preventDefault(); actions[event.key](); }
}

function onTabKey(event) {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!by) return;
  const place = TABS.findIndex(([name]) => name === state.tab);
  const [next] = TABS[(place + by + TABS.length) % TABS.length];
  go(next);
  at("tab-" + next).focus();
}

function readTheme() { try { return localStorage.getItem("gridrunner-theme"); } catch { return null; } }

function switchTheme() {
  const isDark = getComputedStyle(document.documentElement).colorScheme === "dark";
  document.documentElement.dataset.theme = isDark ? "light" : "dark";
  try { localStorage.setItem("gridrunner-theme", document.documentElement.dataset.theme); } catch { /* not kept */ }
  if (state.tab === "timeline") drawTimeline();
}

function printAll() {
  at("overview").hidden = false;
  const red = rows.filter((row) => !["passed", "skipped"].includes(row.verdict));
  at("printed").replaceChildren(...red.slice(0, PRINTED_SITES).map((row) => h("div", { class: "case v-" + row.verdict },
    h("div", { class: "what" }, badge(row.verdict), h("b", { text: row.id }), h("span", { class: "muted", text: row.url })), row.why ? h("p", { class: "why", text: row.cause + ": " + row.why }) : null)),
  red.length > PRINTED_SITES ? h("p", { text: "and " + (red.length - PRINTED_SITES) + " more" }) : "");
}

const theme = readTheme();
if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
at("tabs").append(...TABS.map(([name, title]) => h("button", { type: "button", role: "tab", id: "tab-" + name, "aria-controls": name, text: title, onclick: () => go(name), onkeydown: onTabKey })));
at("theme").addEventListener("click", switchTheme);
at("help").addEventListener("click", toggleKeys);
document.addEventListener("keydown", onKey);
window.addEventListener("hashchange", readAddress);
window.addEventListener("beforeprint", printAll);
window.addEventListener("afterprint", () => showTab(state.tab));
window.addEventListener("resize", () => { if (state.tab === "timeline") drawTimeline(); });
drawTop();
drawOverview();
readAddress();
