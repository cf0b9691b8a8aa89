// The user's own detectors: what each of them said, in its own colour, and how well they do.

const YOURS_COLORS = ["--yours-1", "--yours-2", "--yours-3", "--yours-4"];
const STATE_GLYPHS = { right: "✓", wrong: "✕", missed: "∅", broken: "!", uncompared: "·" };
const STATE_WORDS = { right: "right", wrong: "wrong", missed: "missed", broken: "no usable answer", uncompared: "nothing to compare" };
const STATE_CLASS = { right: "v-passed", wrong: "v-failed", missed: "v-flaky", broken: "v-error", uncompared: "v-skipped" };
const ROLE_WORDS = { login: "login form", username: "username", password: "password" };

const detectorNames = run.detectors.map((score) => score.name);
const colorOf = (name) => "var(" + YOURS_COLORS[Math.max(0, detectorNames.indexOf(name)) % YOURS_COLORS.length] + ")";
const shortName = (name) => (detectorNames.length < 2 ? "yours" : name.replace(/\.js$/, "").slice(-14));
const stateOf = (row, name) => (row.yours && row.yours[name] ? row.yours[name][0] : "");

function stateChip(name, state, text) {
  return h("span", { class: "state " + (STATE_CLASS[state] || "v-skipped"), title: name + ": " + (STATE_WORDS[state] || state) },
    text ? null : h("i", { "aria-hidden": "true", vars: { "--c": colorOf(name) } }), text || shortName(name), " ",
    h("b", { "aria-hidden": "true", text: STATE_GLYPHS[state] || "·" }), h("span", { class: "skip", text: STATE_WORDS[state] || state }));
}

const rowStates = (row) => detectorNames.filter((name) => stateOf(row, name)).map((name) => stateChip(name, stateOf(row, name)));

const pointOf = (answer, what) => answer.points.find((point) => point.what === what);

// One cell of "Expected and found": what a detector said of a role, marked where someone knows better.
function answerCell(answer, what) {
  const point = pointOf(answer, what);
  if (answer.error || answer.mistakes.length) return h("td", { class: "muted", text: what === "login" ? "no usable answer" : "" });
  const said = what === "login" ? (answer.login ? "yes" : "no") : answer.leads[what] || answer.said[what] || "–";
  const isLost = what !== "login" && answer.said[what] && !answer.leads[what];
  if (!point) return h("td", { class: "mono", text: said });
  const isRight = point.mark === "right";
  const by = point.by === "gridrunner" ? "compared with gridrunner, as the list says nothing" : "compared with the site list";
  return h("td", { class: "mono" + (isRight ? " is-ok" : " is-off"), title: by, text: (isRight ? "✓ " : "✕ ") + said + (isLost ? " (matches nothing)" : "") });
}

function describeYours(page, row) {
  if (!page || !page.yours.length) return null;
  return panel(page.yours.length > 1 ? "Your detectors" : "Your detector", page.yours.map((answer) => {
    const said = row.yours && row.yours[answer.name];
    return h("div", { class: "case yours" },
      h("div", { class: "what" }, h("i", { class: "swatch", "aria-hidden": "true", vars: { "--c": colorOf(answer.name) } }), h("b", { text: answer.name }),
        said ? stateChip(answer.name, said[0], STATE_WORDS[said[0]]) : null,
        answer.took === null ? null : h("span", { class: "muted num", text: seconds(answer.took) })),
      answer.error ? h("p", { class: "why is-off", text: answer.error }) : null,
      answer.mistakes.length ? h("p", { class: "why is-off", text: "not understood: " + answer.mistakes.join("; ") }) : null,
      said && !["right", "uncompared"].includes(said[0]) && !answer.error && !answer.mistakes.length ? h("p", { class: "why", text: said[1] }) : null,
      answer.reason ? h("p", { class: "why", text: "its reason: " + answer.reason }) : null,
      answer.more.length ? h("div", { class: "scroll why" }, h("table", {}, h("tbody", {}, answer.more.map(([name, value]) => h("tr", {}, h("th", { scope: "row", text: name }), h("td", { class: "mono", text: value })))))) : null);
  }));
}

// Boxes of what the detectors found, a little outside of ours, so that both are seen where they agree.
function listYourMarks(page) {
  return page.yours.flatMap((answer) => Object.entries(answer.boxes).map(([role, box]) => {
    const point = pointOf(answer, role);
    const sign = point && point.mark !== "right" ? " ✕" : "";
    return { key: "yours", color: YOURS_COLORS[Math.max(0, detectorNames.indexOf(answer.name)) % YOURS_COLORS.length], label: shortName(answer.name) + ": " + role + sign, legend: answer.name, box };
  }));
}

function countCell([role, right, wrong, missed], score) {
  const off = (count, word, state) => (count ? h("button", { type: "button", class: "more", text: count + " " + word, onclick: () => showFiltered({ ["yours:" + score.name]: state }) }) : null);
  return h("td", { class: "num" }, h("b", { text: right + "/" + (right + wrong + missed) }), " ", off(wrong, "wrong", "wrong"), " ", off(missed, "missed", "missed"));
}

function describeGroups(score) {
  const groups = score.groups.filter(([, , sites]) => sites);
  if (!groups.length) return null;
  return h("details", {}, h("summary", { text: "by locale and tag" + (detectorNames.length > 1 ? ": " + score.name : "") }), h("div", { class: "groups" }, ["locale", "tag"].map((kind) => {
    const members = groups.filter(([of]) => of === kind);
    return members.length ? h("table", {}, h("tbody", {}, members.map(([, name, sites, right]) => h("tr", {}, h("th", { scope: "row" }, h("button", { type: "button", class: "more", text: name, onclick: () => showFiltered({ [kind]: name }) })),
      h("td", { class: "num" + (right === sites ? " is-ok" : ""), text: right + "/" + sites }),
      h("td", { class: "share" }, h("div", { class: "meter", role: "img", "aria-label": percent(right / sites) + " right", vars: { width: Math.max(1, (100 * right) / sites) + "%" } })))))) : null;
  })));
}

function describeDifferences() {
  const differing = rows.filter((row) => new Set(detectorNames.map((name) => (row.yours && row.yours[name] ? row.yours[name][1] : ""))).size > 1);
  if (detectorNames.length < 2) return null;
  if (!differing.length) return h("p", { class: "muted", text: "They said the same on every site." });
  const shown = differing.slice(0, 50);
  return h("details", { open: differing.length <= 12 }, h("summary", { text: "where they differ: " + plural(differing.length, "site") }), h("div", { class: "scroll" }, h("table", {},
    h("thead", {}, h("tr", {}, h("td", {}), detectorNames.map((name) => h("th", { scope: "col", text: name })))),
    h("tbody", {}, shown.map((row) => h("tr", {}, h("th", { scope: "row" }, h("button", { type: "button", class: "more", text: row.id, onclick: () => openSite(row.index) })),
      detectorNames.map((name) => { const [state, text] = (row.yours && row.yours[name]) || ["", "–"]; return h("td", { class: state === "right" ? "is-ok" : state === "uncompared" ? "muted" : "is-off", text: (STATE_GLYPHS[state] || "") + " " + text }); })))))),
  differing.length > shown.length ? h("p", { class: "muted", text: "and " + plural(differing.length - shown.length, "further site") }) : null);
}

function describeScores() {
  if (!run.detectors.length) return null;
  const roles = ["login", "username", "password"].filter((role) => run.detectors.some((score) => score.roles.some(([name]) => name === role)));
  const mended = rows.filter((row) => row.yoursChange === "fixed");
  const broken = rows.filter((row) => row.yoursChange === "broken");
  const list = (title, members) => (members.length ? h("p", {}, title + " since " + run.previous + ": ", members.slice(0, 24).map((row) => h("button", { type: "button", class: "small", text: row.id, onclick: () => openSite(row.index) }))) : null);
  return h("div", { class: "block" }, h("h2", {}, run.detectors.length > 1 ? "Your detectors" : "Your detector", h("span", { class: "muted", text: "against the site list, and against gridrunner where it says nothing" })),
    h("div", { class: "card" }, h("div", { class: "scroll" }, h("table", { class: "scores" },
      h("thead", {}, h("tr", {}, h("td", {}), ["sites right", ...roles.map((role) => ROLE_WORDS[role]), "answered", "per page"].map((text) => h("th", { scope: "col", text })))),
      h("tbody", {}, run.detectors.map((score) => h("tr", {}, h("th", { scope: "row" }, h("i", { class: "swatch", "aria-hidden": "true", vars: { "--c": colorOf(score.name) } }), score.name),
        h("td", { class: "num" }, h("b", { text: score.right + "/" + score.compared })),
        roles.map((role) => { const counts = score.roles.find(([name]) => name === role); return counts ? countCell(counts, score) : h("td", { class: "muted", text: "–" }); }),
        h("td", { class: "num" + (score.answered < score.asked ? " is-off" : "") }, score.answered + "/" + score.asked, " ", score.answered < score.asked ? h("button", { type: "button", class: "more", text: "show", onclick: () => showFiltered({ ["yours:" + score.name]: "broken" }) }) : null),
        h("td", { class: "num", title: score.slowest === null ? null : "at most " + seconds(score.slowest), text: score.mean === null ? "–" : seconds(score.mean) })))))),
    run.detectors.map(describeGroups), describeDifferences(), list("Broken", broken), list("Mended", mended)));
}
