// Where one is: parts, the open site, keys, theme, print. The address keeps it, so that a link leads to a site.
// The page itself says what its parts are (TABS, the first one is where it opens), its own KEYS, what opening a site
// resets (resetSite) and what is printed (printAll).

function showTab(tab) {
  state.tab = tab;
  for (const [name] of TABS) {
    at(name).hidden = name !== tab;
    at("tab-" + name).setAttribute("aria-selected", String(name === tab));
    at("tab-" + name).tabIndex = name === tab ? 0 : -1;
  }
  if (tab === "sites") { refilter(); redrawOpen(); }
  drawTab();
}

// Parts other than the list are drawn when they are looked at, and again when the window or the theme changes.
function drawTab() {
  const [, , draw] = TABS.find(([name]) => name === state.tab);
  if (draw) draw();
}

function redrawOpen() {
  drawDetail();
  revealOpen();
  for (const node of drawn.values()) node.setAttribute("aria-selected", String(node.id === "row-" + state.open));
}

function go(tab) { state.open = -1; setAddress(tab === "overview" ? "" : tab); showTab(tab); }

function openSite(index) {
  state.open = index;
  resetSite("");
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
  const [name, part] = hash.startsWith("site/") ? hash.slice(5).split("@") : ["", ""];
  const site = indexOf.get(name);
  state.open = site === undefined ? -1 : site;
  resetSite(part || "");
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
    "?": toggleKeys, ...KEYS, ...Object.fromEntries(TABS.map(([name], place) => [place + 1, () => go(name)])),
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
  drawTab();
}

function start() {
  const theme = readTheme();
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  at("tabs").append(...TABS.map(([name, title]) => h("button", { type: "button", role: "tab", id: "tab-" + name, "aria-controls": name, text: title, onclick: () => go(name), onkeydown: onTabKey })));
  at("theme").addEventListener("click", switchTheme);
  at("help").addEventListener("click", toggleKeys);
  document.addEventListener("keydown", onKey);
  window.addEventListener("hashchange", readAddress);
  window.addEventListener("beforeprint", printAll);
  window.addEventListener("afterprint", () => showTab(state.tab));
  window.addEventListener("resize", drawTab);
  readAddress();
}
