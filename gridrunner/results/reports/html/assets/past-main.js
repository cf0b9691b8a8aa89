// What this page has beside the list of sites, and what of it is printed.

const TABS = [["overview", "Overview"], ["sites", "Sites"], ["rates", "Rates", drawRates], ["runs", "Runs", drawRuns]];
const KEYS = { h: () => stepCell(-1), l: () => stepCell(1) };
const PRINTED_SITES = 300;

function printAll() {
  at("overview").hidden = false;
  const shown = rows.filter((row) => !["steady", "new", "unjudged"].includes(row.verdict)).sort((one, other) => URGENCY[one.verdict] - URGENCY[other.verdict]);
  at("printed").replaceChildren(...shown.slice(0, PRINTED_SITES).map((row) => h("div", { class: "case v-" + row.verdict },
    h("div", { class: "what" }, badge(row.verdict), h("b", { text: row.id }), h("span", { class: "muted", text: row.url })), drawStrip(row), h("p", { class: "why", text: row.says }))),
  shown.length > PRINTED_SITES ? h("p", { text: "and " + (shown.length - PRINTED_SITES) + " more" }) : "");
}

drawTop();
drawOverview();
start();
