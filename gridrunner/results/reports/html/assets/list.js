// The list of sites: only the rows in sight exist, so that ten thousand are as quick as ten.

const OVERSCAN = 8;
const list = at("list");
const spacer = at("spacer");
const drawn = new Map();

function applyFilters() {
  const words = state.text.toLowerCase().split(/\s+/).filter(Boolean);
  const chosen = FILTERS.filter((filter) => state.chosen[filter.key]);
  state.shown = rows
    .filter((row) => (!state.verdicts.size || state.verdicts.has(row.verdict))
      && chosen.every((filter) => filter.values(row).includes(state.chosen[filter.key]))
      && words.every((word) => row.haystack.includes(word)))
    .sort(compareRows);
}

function clearFilters() {
  state.verdicts.clear();
  state.text = "";
  state.chosen = {};
}

function drawRows() {
  const first = Math.max(0, Math.floor(list.scrollTop / ROW_PX) - OVERSCAN);
  const last = Math.min(state.shown.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW_PX) + OVERSCAN);
  for (const [place, node] of drawn) {
    if (place < first || place >= last) { node.remove(); drawn.delete(place); }
  }
  for (let place = first; place < last; place += 1) {
    if (!drawn.has(place)) {
      const node = makeRow(state.shown[place], place);
      drawn.set(place, node);
      spacer.append(node);
    }
  }
}

function redrawList() {
  for (const node of drawn.values()) node.remove();
  drawn.clear();
  spacer.style.height = state.shown.length * ROW_PX + "px";
  list.querySelector(".empty")?.remove();
  if (!state.shown.length) list.append(h("p", { class: "empty", text: "No site matches. Esc clears the filters." }));
  drawRows();
}

function revealOpen() {
  const place = state.shown.findIndex((row) => row.index === state.open);
  if (place < 0) return;
  const top = place * ROW_PX;
  if (top < list.scrollTop) list.scrollTop = top;
  else if (top + ROW_PX > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW_PX - list.clientHeight;
  list.setAttribute("aria-activedescendant", "row-" + state.open);
}

function stepSite(by) {
  if (!state.shown.length) return;
  const place = state.shown.findIndex((row) => row.index === state.open);
  const next = place < 0 ? 0 : Math.min(state.shown.length - 1, Math.max(0, place + by));
  openSite(state.shown[next].index);
}

function drawFilters() {
  const counts = Object.fromEntries(VERDICTS.map((verdict) => [verdict, 0]));
  for (const row of rows) counts[row.verdict] += 1;
  at("chips").replaceChildren(...VERDICTS.filter((verdict) => counts[verdict]).map((verdict) => h("button", {
    type: "button", class: "chip v-" + verdict, "aria-pressed": String(state.verdicts.has(verdict)),
    text: WORDS[verdict] + " " + counts[verdict].toLocaleString("en"),
    onclick: () => {
      if (!state.verdicts.delete(verdict)) state.verdicts.add(verdict);
      refilter();
    },
  })));
  at("selects").replaceChildren(...FILTERS.map((filter) => {
    const values = new Map();
    for (const row of rows) for (const value of filter.values(row)) values.set(value, (values.get(value) || 0) + 1);
    if (!values.size || (values.size < 2 && filter.key !== "cause")) return "";
    const names = [...values.keys()].sort((one, other) => one.localeCompare(other, "en"));
    const select = h("select", {
      "aria-label": "Filter by " + filter.label, class: state.chosen[filter.key] ? "is-set" : null,
      onchange: (event) => { state.chosen[filter.key] = event.target.value; refilter(); },
    },
    h("option", { value: "", text: "any " + filter.label }),
    names.map((value) => h("option", { value, text: (filter.name ? filter.name(value) : value) + " (" + values.get(value) + ")" })));
    select.value = state.chosen[filter.key] || "";
    return select;
  }).filter(Boolean));
  if (at("search").value !== state.text) at("search").value = state.text;
}

function refilter() {
  applyFilters();
  drawFilters();
  list.scrollTop = 0;
  redrawList();
  at("count").textContent = state.shown.length === rows.length
    ? plural(rows.length, "site")
    : state.shown.length.toLocaleString("en") + " of " + plural(rows.length, "site");
}

list.addEventListener("scroll", drawRows, { passive: true });
window.addEventListener("resize", drawRows);
at("search").addEventListener("input", (event) => { state.text = event.target.value; refilter(); });
