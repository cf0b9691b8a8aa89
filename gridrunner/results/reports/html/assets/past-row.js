// A site in the list, with its strip.

const ROW_PX = 78;

function makeRow(row, place) {
  return h("div", {
    class: "row past v-" + row.verdict, role: "option", id: "row-" + row.index, "aria-selected": String(row.index === state.open),
    "aria-setsize": state.shown.length, "aria-posinset": place + 1, vars: { top: place * ROW_PX + "px" },
    onclick: () => openSite(row.index),
  },
  h("span", { class: "glyph", "aria-hidden": "true", text: GLYPHS[row.verdict] }),
  h("b", { text: row.id }, h("span", { class: "skip", text: " " + WORDS[row.verdict] + ": " + describeStrip(row) })),
  h("span", { class: "side", text: [row.locale, row.since === undefined ? "" : "since " + dayOf(row.since)].filter(Boolean).join(" · ") }),
  drawStrip(row),
  h("span", { class: "sub", text: [row.why, row.says].filter(Boolean).join(" · ") }));
}

const order = at("order");
order.append(...Object.entries(ORDERS).map(([key, [name]]) => h("option", { value: key, text: "order: " + name })));
order.addEventListener("change", () => { state.order = order.value; refilter(); });
