// A site in the list.

const ROW_PX = 58;

function makeRow(row, place) {
  const why = row.why || row.title || row.url;
  return h("div", {
    class: "row v-" + row.verdict, role: "option", id: "row-" + row.index, "aria-selected": String(row.index === state.open),
    "aria-setsize": state.shown.length, "aria-posinset": place + 1, vars: { top: place * ROW_PX + "px" },
    onclick: () => openSite(row.index),
  },
  h("span", { class: "glyph", "aria-hidden": "true", text: GLYPHS[row.verdict] }),
  h("b", { text: row.id }, h("span", { class: "skip", text: " " + WORDS[row.verdict] })),
  h("span", { class: "side" }, rowStates(row), [row.locale, row.busy ? seconds(row.busy) : "", row.tries > 1 ? row.tries + " visits" : ""].filter(Boolean).join(" · ")),
  h("span", { class: "sub", text: why }));
}
