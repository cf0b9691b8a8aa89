// What is new, how it went over time, by what sites have in common, and run by run.

const SHOWN_SITES = 8;
const TITLES = {
  "newly-broken": ["Newly broken", "failed in the newest run, and not before"], "newly-blocked": ["Newly blocked", "behind a wall since the newest run"],
  broken: ["Broken", "newest first"], flapping: ["Flapping", "first attempts that fail now and then"], slower: ["Slower", "since a run that can be named"],
  "list-rot": ["List rot", "addresses that lead nowhere"], blocked: ["Blocked", "behind a wall for some time"], "newly-mended": ["Newly mended", "red before, and passed in the newest run"],
};

function showFiltered(chosen, verdicts) {
  clearFilters();
  Object.assign(state.chosen, chosen);
  for (const verdict of verdicts || []) state.verdicts.add(verdict);
  go("sites");
}

function countStandings() {
  const counts = Object.fromEntries(VERDICTS.map((standing) => [standing, 0]));
  for (const row of rows) counts[row.verdict] += 1;
  return counts;
}

function describeFigures(counts) {
  const present = VERDICTS.filter((standing) => counts[standing]);
  return h("div", { class: "card" },
    h("div", { class: "figures" }, present.map((standing) => h("div", { class: "figure v-" + standing },
      h("button", { type: "button", onclick: () => showFiltered({}, [standing]) }, h("b", { vars: { color: "var(--v)" }, text: counts[standing].toLocaleString("en") }), h("span", { text: WORDS[standing] }))))),
    h("div", { class: "bar", role: "img", "aria-label": present.map((standing) => counts[standing] + " " + WORDS[standing]).join(", ") },
      present.map((standing) => h("i", { class: "v-" + standing, vars: { "flex-grow": String(counts[standing]) } }))));
}

function siteLine(row) {
  return h("li", {}, h("button", { type: "button", class: "line with-strip v-" + row.verdict, onclick: () => openSite(row.index) },
    h("b", { text: row.id }), drawStrip(row), h("em", { text: row.since === undefined ? row.locale || "" : dayOf(row.since) }), h("span", { text: [row.why, row.says].filter(Boolean).join(" · ") })));
}

function describeStanding(standing) {
  const members = rows.filter((row) => row.verdict === standing).sort((one, other) => (other.since ?? 0) - (one.since ?? 0) || other.low - one.low);
  if (!members.length) return null;
  const [title, note] = TITLES[standing];
  return h("div", { class: "block" }, h("h2", {}, title, h("span", { class: "muted", text: note })),
    h("div", { class: "card" }, h("ul", { class: "rows" }, members.slice(0, SHOWN_SITES).map(siteLine)),
      members.length > SHOWN_SITES ? h("button", { type: "button", class: "more", text: "All " + members.length.toLocaleString("en") + " →", onclick: () => showFiltered({}, [standing]) }) : null));
}

const shareOf = (count, of) => (of ? count / of : null);
const fine = (value) => (100 * value).toFixed(1).replace(/\.0$/, "") + "%";

function describeTrends() {
  return h("div", { class: "trends" },
    drawTrend("Sites that passed", [{ name: "passed", values: runs.map((run) => shareOf(run.passed, run.judged)) }], fine, 1),
    drawTrend("First attempts that failed", [{ name: "all", values: runs.map((run) => shareOf(run.failedFirst, run.judged)) }, { name: "false alarms, passed when tried again", values: runs.map((run) => shareOf(run.flaky, run.judged)) }], fine),
    drawTrend("Behind a wall", [{ name: "sites", values: runs.map((run) => shareOf(run.walled, run.judged + run.walled)) }], fine),
    drawTrend("Seconds of a visit", [{ name: "median", values: runs.map((run) => run.median || null) }, { name: "90th percentile", values: runs.map((run) => run.p90 || null) }], seconds));
}

function drawOverview() {
  at("overview").replaceChildren(...[
    describeFigures(countStandings()),
    h("div", { class: "block" }, h("h2", {}, "Over time", h("span", { class: "muted", text: plural(runs.length, "run") })), describeTrends()),
    ...Object.keys(TITLES).map(describeStanding),
    h("div", { class: "block" }, h("h2", { text: "How to read a strip" }), h("div", { class: "card" }, h("p", { class: "muted", text: "One bar for each run, the newest on the right; the higher, the worse." }), drawStripLegend())),
  ].filter(Boolean));
}

const headRow = (titles) => h("thead", {}, h("tr", {}, titles.map((text, place) => (text ? h("th", { scope: "col", text }) : h("td", { class: place ? "bounds" : null })))));

function describeRate(table, rate) {
  const isFilter = table.filter && rows.some((row) => FILTERS.find((one) => one.key === table.filter).values(row).includes(rate.name));
  const name = h("th", { scope: "row" }, isFilter ? h("button", { type: "button", class: "plain-link", text: rate.name, onclick: () => showFiltered({ [table.filter]: rate.name }) }) : rate.name);
  const figure = (text) => h("td", { class: "num", text });
  if (table.filter === "wall") return h("tr", {}, name, figure(rate.sites.toLocaleString("en")), figure(rate.visits.toLocaleString("en")), figure(rate.median ? seconds(rate.median) : "–"));
  return h("tr", {}, name, figure(rate.sites.toLocaleString("en")), figure(rate.judged ? fine(rate.passed / rate.judged) : "–"),
    h("td", { class: "bounds" }, rate.judged ? h("div", { class: "bound", role: "img", "aria-label": "between " + fine(rate.low) + " and " + fine(rate.high) }, h("i", { vars: { left: 100 * rate.low + "%", width: 100 * (rate.high - rate.low) + "%" } })) : null),
    figure(rate.judged ? fine(rate.failedFirst / rate.judged) : "–"), figure(rate.walled ? fine(rate.walled / rate.visits) : "–"), figure(rate.median ? seconds(rate.median) : "–"));
}

function drawRates() {
  at("rates").replaceChildren(...about.rates.map((table) => h("div", { class: "block" },
    h("h2", {}, table.title, h("span", { class: "muted", text: table.since ? "the last " + plural(about.lately, "run") : "all runs" })),
    h("div", { class: "card scroll" }, h("table", { class: "rates" },
      headRow(table.filter === "wall" ? ["", "sites", "visits", "median"] : ["", "sites", "passed", "", "failed at first", "behind a wall", "median"]),
      h("tbody", {}, table.rows.map((rate) => describeRate(table, rate))))))),
  h("p", { class: "muted block", text: "The bar is where the share that passed lies with 95% confidence, from 0% on the left to 100% on the right." }));
}

const CASES = ["failed", "error", "not-run", "flaky", "passed", "skipped"];

function drawRuns() {
  at("runs").replaceChildren(h("div", { class: "card scroll" }, h("table", { class: "rates" },
    headRow(["run", "", "passed", "failed", "failed at first", "walls", "median", "wall time", "gridrunner", "detector"]),
    h("tbody", {}, runs.map((run, place) => [run, place]).reverse().map(([run, place]) => h("tr", {},
      h("th", { scope: "row", title: run.id }, run.report ? h("a", { href: run.report, text: dayOf(place, true) }) : dayOf(place, true), run.missing ? h("span", { class: "is-off", text: " " + plural(run.missing, "shard") + " missing" }) : null),
      h("td", { class: "cases" }, h("div", { class: "bar", role: "img", "aria-label": CASES.filter((word) => run.verdicts[word]).map((word) => run.verdicts[word] + " " + word).join(", ") },
        CASES.filter((word) => run.verdicts[word]).map((word) => h("i", { class: "v-" + word, vars: { "flex-grow": String(run.verdicts[word]) } })))),
      h("td", { class: "num", text: run.judged ? fine(run.passed / run.judged) : "–" }),
      h("td", { class: "num", text: (run.verdicts.failed || 0).toLocaleString("en") }),
      h("td", { class: "num", text: run.failedFirst.toLocaleString("en") }), h("td", { class: "num", text: run.walled.toLocaleString("en") }),
      h("td", { class: "num", text: run.median ? seconds(run.median) : "–" }), h("td", { class: "num", text: seconds(run.wall) }),
      h("td", { text: run.version || "–" }), h("td", { text: run.detector || "–" })))))));
}

function drawTop() {
  const counts = countStandings();
  const red = ["newly-broken", "newly-blocked", "broken", "flapping"].filter((standing) => counts[standing]);
  const words = red.map((standing) => counts[standing].toLocaleString("en") + " " + WORDS[standing]).join(", ");
  at("run-title").textContent = words ? "History: " + words : "History: all steady";
  document.title = (words || "All steady") + " · gridrunner history";
  at("run-meta").textContent = [plural(rows.length, "site"), plural(runs.length, "run"), runs.length ? dayOf(0, true) + " to " + dayOf(runs.length - 1, true) : ""].filter(Boolean).join(" · ");
}
