// What this page has beside the list of sites, and what of it is printed.

const TABS = [["overview", "Overview"], ["sites", "Sites"], ["timeline", "Timeline", drawTimeline]];
const KEYS = { o: toggleMarks };
const PRINTED_SITES = 300;

function resetSite() { state.page = 0; }

function printAll() {
  at("overview").hidden = false;
  const red = rows.filter((row) => !["passed", "skipped"].includes(row.verdict));
  at("printed").replaceChildren(...red.slice(0, PRINTED_SITES).map((row) => h("div", { class: "case v-" + row.verdict },
    h("div", { class: "what" }, badge(row.verdict), h("b", { text: row.id }), h("span", { class: "muted", text: row.url })), row.why ? h("p", { class: "why", text: row.cause + ": " + row.why }) : null)),
  red.length > PRINTED_SITES ? h("p", { text: "and " + (red.length - PRINTED_SITES) + " more" }) : "");
}

drawTop();
drawOverview();
start();
