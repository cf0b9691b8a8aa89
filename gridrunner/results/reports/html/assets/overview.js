// The first thing that is seen: how it went, what went wrong, and what is getting slow or unsteady.

const SHOWN_SITES = 6;
const HEADLINES = { 0: "All passed", 1: "Failed", 3: "Incomplete", 4: "Nothing was run", 130: "Interrupted" };

function siteLine(row, text, side, extra) {
  return h("li", {}, h("button", { type: "button", class: "line", onclick: () => openSite(row.index) },
    h("b", { text: row.id }), h("span", { text }), h("em", { text: side || "" }), extra));
}

function showFiltered(chosen, verdicts) {
  clearFilters();
  Object.assign(state.chosen, chosen);
  for (const verdict of verdicts || []) state.verdicts.add(verdict);
  go("sites");
}

function describeFigures() {
  const present = VERDICTS.filter((verdict) => run.sites[verdict]);
  const total = rows.length || 1;
  const facts = [
    [seconds(run.wall), "wall time"], [seconds(run.busy), "of visits"],
    run.slots ? [run.slots, run.slots === 1 ? "slot" : "slots"] : null,
    run.utilisation === null ? null : [percent(run.utilisation), "busy"],
    [run.sessions, "sessions"], run.faults ? [run.faults, run.faults === 1 ? "fault of the grid" : "faults of the grid"] : null,
    [percent(run.failedFirst / total), "failed at first"],
    [Object.values(run.cases).reduce((sum, count) => sum + count, 0).toLocaleString("en"), "checks in all"],
  ].filter(Boolean);
  return h("div", { class: "card" },
    h("div", { class: "figures" }, present.map((verdict) => h("div", { class: "figure v-" + verdict },
      h("button", { type: "button", onclick: () => showFiltered({}, [verdict]) }, h("b", { vars: { color: "var(--v)" }, text: run.sites[verdict].toLocaleString("en") }), h("span", { text: WORDS[verdict] }))))),
    h("div", { class: "bar", role: "img", "aria-label": present.map((verdict) => run.sites[verdict] + " " + WORDS[verdict]).join(", ") },
      present.map((verdict) => h("i", { class: "v-" + verdict, vars: { "flex-grow": String(run.sites[verdict]) } }))),
    h("div", { class: "facts" }, facts.map(([value, name]) => h("span", {}, h("b", { text: String(value) }), " " + name))),
    run.warnings.map((text) => h("p", { class: "warn", text })));
}

function describeCause(cause) {
  const members = cause.sites.map((index) => rows[index]);
  const isSame = members.length > 1 && members.every((row) => row.why === members[0].why);
  const limit = isSame ? SHOWN_SITES * 4 : SHOWN_SITES;
  return h("section", { class: "cause v-" + cause.verdict },
    h("header", {}, h("h3", { text: cause.title }), h("span", { text: plural(members.length, "site") + " · " + WORDS[cause.verdict] })),
    isSame ? [h("p", { class: "muted", text: members[0].why }),
      h("ul", { class: "names" }, members.slice(0, limit).map((row) => h("li", {}, h("button", { type: "button", class: "small", text: row.id, onclick: () => openSite(row.index) }))))]
      : h("ul", {}, members.slice(0, limit).map((row) => siteLine(row, row.why || "", row.locale))),
    members.length > limit ? h("button", { type: "button", class: "more", text: "All " + members.length.toLocaleString("en") + " →", onclick: () => showFiltered({ cause: cause.key }) }) : null);
}

function describeList(title, note, members, line, onmore) {
  if (!members.length) return null;
  return h("div", { class: "block" }, h("h2", {}, title, h("span", { class: "muted", text: note })),
    h("div", { class: "card" }, h("ul", { class: "rows" }, members.slice(0, 10).map(line)),
      members.length > 10 && onmore ? h("button", { type: "button", class: "more", text: "All " + members.length.toLocaleString("en") + " →", onclick: onmore }) : null));
}

function describeNotes(title, notes) {
  if (!notes.length) return null;
  return h("div", { class: "block" }, h("details", { class: "card" }, h("summary", { text: title + " (" + notes.length + ")" }),
    h("div", { class: "scroll" }, h("table", {}, h("tbody", {}, notes.map((note) => h("tr", {}, h("th", { scope: "row", class: "num", text: seconds(note.at) }), h("td", { text: note.text }), note.where ? h("td", { class: "muted", text: note.where }) : null)))))));
}

function drawOverview() {
  const flaky = rows.filter((row) => row.verdict === "flaky");
  const slow = [...rows].filter((row) => row.busy > 0).sort((one, other) => other.busy - one.busy);
  const slowest = slow.length ? slow[0].busy : 1;
  const changed = (change) => rows.filter((row) => row.change === change);
  at("overview").replaceChildren(...[
    describeFigures(),
    describeScores(),
    run.previous ? h("div", { class: "columns" },
      describeList("Newly broken", "green in " + run.previous, changed("broken"), (row) => siteLine(row, row.why || "", row.locale), () => showFiltered({ change: "broken" })),
      describeList("Newly fixed", "red in " + run.previous, changed("fixed"), (row) => siteLine(row, row.title || row.url, row.locale), () => showFiltered({ change: "fixed" }))) : null,
    run.causes.length ? h("div", { class: "block" }, h("h2", {}, "What went wrong", h("span", { class: "muted", text: "by cause" })), run.causes.map(describeCause)) : null,
    h("div", { class: "columns" },
      describeList("Flaky", "passed after a failure in this run", flaky, (row) => siteLine(row, row.why || "", plural(row.tries, "visit")), () => showFiltered({}, ["flaky"])),
      describeList("Slowest", "seconds of a slot, all visits", slow.slice(0, 10), (row) => siteLine(row, row.title || row.url, seconds(row.busy), h("div", { class: "meter", vars: { width: Math.max(1, (100 * row.busy) / slowest) + "%" } })))),
    describeNotes("Faults of the grid", run.gridFaults),
    describeNotes("Decisions of the balancer", run.notes),
  ].filter(Boolean));
}

function drawTop() {
  const isExcused = run.exit === 0 && run.sites.failed > 0; // all failures are known to the baseline
  const word = isExcused ? "Nothing newly broken" : HEADLINES[run.exit] || "Ended with " + run.exit;
  document.title = word + " · gridrunner " + run.id;
  at("run-title").textContent = word + ": " + VERDICTS.filter((verdict) => run.sites[verdict]).map((verdict) => run.sites[verdict].toLocaleString("en") + " " + WORDS[verdict]).join(", ");
  const started = new Date(run.started);
  at("run-meta").textContent = [
    "run " + run.id, Number.isNaN(started.getTime()) ? run.started : started.toISOString().replace("T", " ").slice(0, 16) + " UTC",
    run.shard ? "shard " + run.shard.join("/") : "", run.merged.length ? "merged from " + plural(run.merged.length, "run") : "",
    run.reason, "plan " + run.plan, run.version ? "gridrunner " + run.version : "",
  ].filter(Boolean).join(" · ");
}
