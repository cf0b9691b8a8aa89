// One site through all runs, and two of its runs beside one another.

const panel = (title, ...children) => h("section", { class: "panel" }, h("h3", { text: title }), children);
const badge = (verdict) => h("span", { class: "badge v-" + verdict, text: GLYPHS[verdict] + " " + WORDS[verdict] });
const presentRuns = (row) => runs.map((_, run) => run).filter((run) => row.cells[run] !== ABSENT);

function resetSite(part) {
  const wanted = part ? runs.findIndex((run) => run.id === part) : -1;
  state.cell = wanted;
  state.before = -1;
}

// What is compared unless something is chosen: the newest run, and the last one in which all was well.
function chooseCells(row) {
  const present = presentRuns(row);
  const cell = present.includes(state.cell) ? state.cell : present.at(-1);
  const isWell = (run) => cellOf(row, run).look === "passed";
  const earlier = present.filter((run) => run < cell);
  const since = row.since === undefined ? earlier : earlier.filter((run) => run < row.since);
  const before = present.includes(state.before) ? state.before : since.findLast(isWell) ?? earlier.findLast(isWell) ?? earlier.at(-1);
  return { cell, before };
}

function chooseCell(row, run, isBefore) {
  if (isBefore) state.before = run;
  else state.cell = run;
  setAddress("site/" + encodeURIComponent(row.id) + "@" + encodeURIComponent(runs[chooseCells(row).cell].id));
  redrawChosen(row);
}

function stepCell(by) {
  const row = rows[state.open];
  if (!row) return;
  const present = presentRuns(row);
  const next = present[present.indexOf(chooseCells(row).cell) + by];
  if (next !== undefined) chooseCell(row, next, false);
}

function describeCell(row, run) {
  const cell = cellOf(row, run);
  const said = noteOf(row, run);
  return [dayOf(run), LOOKS[cell.look][0], cell.wall, cell.outcome === "observed" ? "" : cell.outcome.replaceAll("-", " "), said.cause, cell.seconds === null ? "" : seconds(cell.seconds)].filter(Boolean).join(", ");
}

function drawCells(row) {
  const { cell, before } = chooseCells(row);
  return h("div", { class: "cells", vars: { "--n": String(runs.length) }, role: "group", "aria-label": "Runs, oldest first" }, runs.map((_, run) => {
    const present = cellOf(row, run);
    if (!present) return h("span", { class: "cell is-absent", title: dayOf(run) + ", took no part" });
    return h("button", {
      type: "button", class: "cell" + (run === before ? " is-before" : ""), "aria-pressed": String(run === cell), tabindex: run === cell ? 0 : -1,
      title: describeCell(row, run), "aria-label": describeCell(row, run), onclick: (event) => chooseCell(row, run, event.shiftKey),
      onkeydown: (event) => {
        const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        if (!by) return;
        event.preventDefault();
        event.stopPropagation();
        stepCell(by);
      },
    }, h("i", { class: "k-" + present.look, vars: { height: 100 * LOOKS[present.look][1] + "%" } }));
  }));
}

function drawSide(row, run, title, isBefore) {
  if (run === undefined) return h("div", { class: "side-run" }, h("h4", { text: title }), h("p", { class: "muted", text: "There is no earlier run of this site." }));
  const cell = cellOf(row, run);
  const said = noteOf(row, run);
  const of = runs[run];
  const select = h("select", { "aria-label": title + ": run", onchange: (event) => chooseCell(row, Number(event.target.value), isBefore) },
    presentRuns(row).reverse().map((other) => h("option", { value: other, text: dayOf(other) + " · " + LOOKS[cellOf(row, other).look][0] })));
  select.value = run;
  const facts = [
    ["run", of.report ? h("a", { href: of.report + "#site/" + encodeURIComponent(row.id), text: of.id }) : h("span", { text: of.id })],
    ["when", dayOf(run, true)], ["verdict", cell.verdict], ["outcome", cell.outcome || "–"], cell.wall ? ["wall", cell.wall] : null,
    ["first attempt", cell.first || "not judged"], ["took", cell.seconds === null ? "–" : seconds(cell.seconds)],
    ["versions", ["gridrunner " + of.version, "detector " + of.detector].filter((text) => !text.endsWith(" ")).join(", ") || "–"],
    of.report || !of.place ? null : ["kept at", h("span", { class: "mono", text: of.place })],
  ].filter(Boolean);
  const shot = said.shot && of.shots ? h("a", { href: of.shots + said.shot.split("/").map(encodeURIComponent).join("/") },
    h("img", { loading: "lazy", alt: "What the browser saw at " + row.id + " on " + dayOf(run), src: of.shots + said.shot.split("/").map(encodeURIComponent).join("/") })) : null;
  if (shot) shot.firstChild.addEventListener("error", () => shot.replaceWith(h("p", { class: "muted no-shot", text: "The picture is not there any more." })));
  return h("div", { class: "side-run" }, h("h4", { text: title }), select,
    said.why || said.cause ? h("p", { class: "reason k-text-" + cell.look }, h("b", { text: said.cause }), said.cause && said.why ? ": " : "", said.why) : null,
    shot || h("p", { class: "muted no-shot", text: said.shot ? "The picture is in the run folder, which is not beside this page." : "No picture was kept of this run." }),
    h("table", {}, h("tbody", {}, facts.map(([name, value]) => h("tr", {}, h("th", { scope: "row", text: name }), h("td", {}, value))))));
}

function drawSeconds(row) {
  const values = runs.map((_, run) => (row.cells[run] === ABSENT ? null : secondsOf(row, run)));
  return drawTrend("Seconds of a visit", [{ name: "newest", values }], seconds);
}

function describeAgain(row) {
  const command = "gridrunner run --sites LIST --select " + quoteShell("id:" + row.id);
  const copy = h("button", { type: "button", class: "small", text: "Copy" });
  copy.addEventListener("click", () => copyText(command, copy));
  return panel("Run just this one again", h("div", { class: "run-again" }, h("pre", { text: command }), copy));
}

function drawChosen(row) {
  const { cell, before } = chooseCells(row);
  return h("div", { id: "chosen" },
    panel("Runs, oldest first", drawCells(row),
      h("div", { class: "axis muted num" }, h("span", { text: dayOf(0) }), h("span", { class: "hint", text: "click: the right side; with Shift: the left" }), h("span", { text: dayOf(runs.length - 1) })), drawStripLegend()),
    panel("Two runs beside one another", h("div", { class: "two" }, drawSide(row, before, "Before", true), drawSide(row, cell, "Then", false))));
}

function redrawChosen(row) {
  const hadFocus = document.activeElement.classList.contains("cell");
  at("chosen").replaceWith(drawChosen(row));
  if (hadFocus) document.querySelector(".cell[aria-pressed=true]").focus();
}

function describeSite(row) {
  const share = (value) => (100 * value).toFixed(1).replace(/\.0$/, "") + "%";
  return [h("header", { class: "head v-" + row.verdict },
    h("button", { type: "button", class: "small back", text: "← All sites", onclick: closeSite }),
    h("div", { class: "meta" }, badge(row.verdict), row.since === undefined ? null : h("span", { text: "since " + dayOf(row.since) }), row.held ? h("span", { text: "in quarantine" }) : null,
      row.locale ? h("span", { text: row.locale }) : null, (row.tags || []).length ? h("span", { text: row.tags.join(", ") }) : null),
    h("h2", { text: row.id }), h("p", {}, row.url ? link(row.url) : null)),
  h("p", { class: "reason v-" + row.verdict }, h("b", { text: WORDS[row.verdict] }), row.says ? ": " + row.says : "", row.why ? h("span", { class: "muted", text: " · " + row.why }) : null),
  drawChosen(row), drawSeconds(row),
  panel("How sure that is", h("p", { text: "Its first attempts failed in " + row.failed + " of " + plural(row.judged, "run") + " that could say anything of it: with 99% confidence, in " + share(row.low) + " to " + share(row.high) + " of all." })),
  describeAgain(row)];
}

function drawDetail() {
  const box = at("detail");
  const row = rows[state.open];
  at("sites").classList.toggle("is-open", Boolean(row));
  box.replaceChildren(...(row ? describeSite(row) : [h("p", { class: "empty", text: "Choose a site to see its runs, and two of them beside one another." })]).filter(Boolean));
  box.scrollTop = 0;
}
