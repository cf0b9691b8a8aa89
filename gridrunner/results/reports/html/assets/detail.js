// Everything about one site.

const PHASE_COLORS = { context: "#8b95a7", navigate: "#3b76d6", ready: "#e0a030", steps: "#8a62d0", probe: "#2e9e78", detect: "#c9558e", evidence: "#6f7a55" };

const panel = (title, ...children) => h("section", { class: "panel" }, h("h3", { text: title }), children);
const badge = (verdict) => h("span", { class: "badge v-" + verdict, text: GLYPHS[verdict] + " " + WORDS[verdict] });
const bullets = (lines) => h("ul", { class: "evidence" }, lines.map((text) => h("li", { text })));

function describeHead(row, detail) {
  return h("header", { class: "head v-" + row.verdict },
    h("button", { type: "button", class: "small back", text: "← All sites", onclick: closeSite }),
    h("div", { class: "meta" }, badge(row.verdict), row.locale ? h("span", { text: row.locale }) : null,
      (row.tags || []).length ? h("span", { text: row.tags.join(", ") }) : null,
      row.change ? h("span", { text: row.change === "broken" ? "newly broken" : "newly fixed" }) : null,
      detail && detail.source ? h("span", { class: "mono", text: detail.source }) : null),
    h("h2", { text: row.id }),
    h("p", {}, link(row.url)),
    detail && detail.pages.length && detail.pages[0].title ? h("p", { class: "muted", text: "“" + detail.pages[0].title + "”" }) : null);
}

function describeChecks(detail) {
  return panel("Checks", detail.checks.map((one, index) => h("div", { class: "case v-" + one.verdict },
    h("div", { class: "what" }, h("span", { class: "glyph", "aria-hidden": "true", text: GLYPHS[one.verdict] }),
      h("span", { text: run.checks[index].name, title: run.checks[index].id }), h("span", { class: "muted", text: WORDS[one.verdict] })),
    one.why ? h("p", { class: "why", text: one.why }) : null,
    one.tries.map((tried) => (tried.noted.length ? h("p", { class: "why mono", text: tried.noted.map(([name, value]) => name + "=" + value).join("  ") }) : null)),
    one.tries.map((tried) => tried.noted.filter(([name, value]) => name === "screenshot" && value.startsWith("evidence/")).map(([, value]) => h("img", { class: "why own-shot", alt: "What the check's own browser showed", src: pictureOf(value) }))),
    one.tries.filter((tried) => tried.details).map((tried) => h("details", { class: "why" },
      h("summary", { text: "Attempt " + tried.attempt + ": " + tried.status }), h("pre", { text: tried.details }))))));
}

const LOGIN_WORDS = new Map([[true, "yes"], [false, "no"], [null, "unknown"]]);

function describeExpectation(detail, shown) {
  const { expect } = detail;
  const found = shown && shown.found;
  const yours = shown ? shown.yours : [];
  const form = found && (found.forms.find((one) => one.isLogin) || found.forms[0]);
  const part = (key) => (form && form[key] ? form[key].selector : "–");
  const tries = detail.tries;
  const lines = [];
  const tried = tries.find((one) => shown && one.attempt === shown.attempt);
  const outcome = tried ? tried.outcome : "never visited";
  lines.push(["visit", expect.outcome || "observed", outcome, outcome === (expect.outcome || "observed")]);
  if (found) {
    const word = LOGIN_WORDS.get(found.login);
    lines.push(["login form", expect.login || "not said", word + " (" + percent(found.confidence) + ")", expect.login ? expect.login === word : null, "login"]);
    for (const key of ["username", "password", "submit"]) {
      const isNamed = yours.some((answer) => answer.said[key]);
      if (!expect[key] && part(key) === "–" && !isNamed) continue;
      const leads = shown.matches[key];
      const isLost = expect[key] && leads === null;
      // Elements are compared and not spellings: the list's selector leads to one, and so does ours.
      const isRight = expect[key] ? part(key) !== "–" && (leads === undefined || leads === part(key)) : null;
      lines.push([key, (expect[key] || "not said") + (isLost ? " (matches nothing)" : ""), part(key), isRight, key]);
    }
    if ((expect.sso || []).length || found.sso.length) {
      const wanted = expect.sso || [];
      lines.push(["other ways in", wanted.join(", ") || "not said", found.sso.join(", ") || "–", wanted.length ? wanted.every((name) => found.sso.includes(name)) : null]);
    }
  }
  const ours = yours.length ? "gridrunner" : "found";
  return panel("Expected and found" + (tries.length > 1 && shown ? " on visit " + shown.attempt : ""), h("div", { class: "scroll" }, h("table", {},
    h("thead", {}, h("tr", {}, h("td", {}), ["expected", ours].map((text) => h("th", { scope: "col", text })),
      yours.map((answer) => h("th", { scope: "col" }, h("i", { class: "swatch", "aria-hidden": "true", vars: { "--c": colorOf(answer.name) } }), answer.name)))),
    h("tbody", {}, lines.map(([name, wanted, got, isRight, role]) => h("tr", {}, h("th", { scope: "row", text: name }),
      h("td", { class: wanted === "not said" ? "muted" : "mono", text: wanted }),
      h("td", { class: "mono" + (isRight === false ? " is-off" : isRight ? " is-ok" : ""), text: (isRight === false ? "✕ " : isRight ? "✓ " : "") + got }),
      yours.map((answer) => (role && role !== "submit" ? answerCell(answer, role) : h("td", {})))))))));
}

function describeForm(form) {
  return [h("p", {}, h("b", { text: form.kind }), " ", h("span", { class: "muted num", text: percent(form.score) + " sure, " + percent(form.loginScore) + " a login" + (form.step ? ", step: " + form.step : "") })),
    form.frame ? h("p", { class: "muted mono", text: "in frame " + form.frame }) : null,
    bullets(form.evidence),
    form.fields.length ? h("details", {}, h("summary", { text: plural(form.fields.length, "field") }), h("div", { class: "scroll" }, h("table", {}, h("tbody", {},
      form.fields.map((field) => h("tr", {}, h("th", { scope: "row", text: field.role }), h("td", { class: "num", text: percent(field.score) }), h("td", { class: "mono", text: field.selector }))))))) : null];
}

function describeDecision(found) {
  const { point } = found;
  return panel("Why",
    bullets(found.evidence),
    found.hidden.length ? [h("p", { class: "muted", text: "Could not be looked into:" }), bullets(found.hidden)] : null,
    found.forms.map(describeForm),
    found.moreForms ? h("p", { class: "muted", text: "and " + plural(found.moreForms, "further form") }) : null,
    point ? [h("p", {}, h("b", { text: "insertion point" }), " ", h("span", { class: point.usable ? "muted" : "is-off", text: (point.usable ? "usable, " : "not usable, ") + point.side + " of " }), h("code", { text: point.anchor })),
      bullets([...point.evidence, ...point.covers.map((name) => "covers " + name)])] : null);
}

function describeTry(tried) {
  const where = [tried.hub, tried.node, tried.slot, tried.session].filter(Boolean).join(" · ");
  const facts = [tried.ready ? "ready by " + tried.ready : "", tried.status ? "HTTP " + tried.status : "", "at " + seconds(tried.at), "took " + seconds(tried.total)].filter(Boolean).join(" · ");
  const phases = tried.phases.filter(([, lasted]) => lasted > 0);
  return h("div", { class: "attempt" },
    h("p", {}, h("b", { text: "Visit " + tried.attempt + ": " + tried.outcome }), tried.fault ? h("span", { class: "muted", text: " (ours, not the site's)" }) : null, tried.detail ? ", " + tried.detail : ""),
    h("p", { class: "muted num", text: facts }),
    phases.length ? h("div", { class: "phases", role: "img", "aria-label": phases.map(([name, lasted]) => name + " " + seconds(lasted)).join(", ") },
      phases.map(([name, lasted]) => h("i", { title: name + " " + seconds(lasted), vars: { "flex-grow": String(lasted), background: PHASE_COLORS[name] } }))) : null,
    phases.length ? h("ul", { class: "legend num" }, phases.map(([name, lasted]) => h("li", {}, h("i", { vars: { "--c": PHASE_COLORS[name] } }), name + " " + seconds(lasted)))) : null,
    tried.visitor.length ? h("p", { class: "muted", text: "visited as " + tried.visitor.join(" · ") }) : null,
    tried.waits.length ? h("p", { class: "muted num", text: "waited for " + tried.waits.map(([cause, lasted]) => cause + " " + seconds(lasted)).join(", ") }) : null,
    where ? h("p", { class: "muted mono", text: where }) : null);
}

function describeEvents(shown) {
  const ours = shown.events.filter((event) => event.kind === "extension-error");
  const own = ours.length ? panel("Errors of your extension", bullets(ours.map((event) => event.text))) : null;
  const events = shown.events.filter((event) => event.kind !== "extension-error");
  return [own, events.length ? listEvents(shown, events) : null];
}

function listEvents(shown, events) {
  return panel("What the page did", h("div", { class: "scroll" }, h("table", {}, h("tbody", {},
    events.map((event) => h("tr", {}, h("th", { scope: "row", text: event.kind.replaceAll("-", " ") }), h("td", { class: "mono", text: event.text })))))),
  shown.moreEvents ? h("p", { class: "muted", text: "and " + plural(shown.moreEvents, "further event") }) : null);
}

function describeAgain(row, detail) {
  const words = ["gridrunner", "run", "--sites", detail.list || "LIST", "--select", "id:" + row.id, ...run.again];
  const command = words.map(quoteShell).join(" ");
  const copy = h("button", { type: "button", class: "small", text: "Copy" });
  copy.addEventListener("click", () => copyText(command, copy));
  return panel("Run just this one again", h("div", { class: "run-again" }, h("pre", { text: command }), copy));
}

function describeFiles(shown) {
  const files = [["screenshot", shown.shot], ["page as captured", shown.capture], ["facts", shown.facts]].filter(([, path]) => path);
  // Shown, not linked: a captured page is hostile until a person opens it knowing that.
  return files.length ? panel("Files in the run folder", h("table", {}, h("tbody", {}, files.map(([name, path]) => h("tr", {}, h("th", { scope: "row", text: name }), h("td", { class: "mono", text: path })))))) : null;
}

function describeSite(row) {
  const detail = detailOf(row);
  if (!detail) {
    return [describeHead(row, null), row.why ? h("p", { class: "reason v-" + row.verdict, text: row.why }) : null,
      h("p", { class: "muted", text: "Details of this site were left out to keep the file small; the journal in the run folder has them." })];
  }
  const shown = detail.pages[state.page] || detail.pages[0];
  return [describeHead(row, detail),
    row.why ? h("p", { class: "reason v-" + row.verdict }, h("b", { text: row.cause }), row.cause ? ": " : "", row.why) : null,
    detail.pages.length > 1 ? chooseVisit(detail) : null,
    shown ? drawPicture(shown, detail.tries.length, ["passed", "skipped"].includes(row.verdict)) : null,
    detail.before && shown ? describeBefore(row, detail, shown) : null,
    describeExpectation(detail, shown),
    describeYours(shown, row),
    describeChecks(detail),
    shown && shown.found ? describeDecision(shown.found) : null,
    detail.tries.length ? panel("Visits", detail.tries.map(describeTry)) : null,
    ...(shown && shown.events.length ? describeEvents(shown) : []),
    describeAgain(row, detail),
    shown ? describeFiles(shown) : null];
}

// Which visit is looked at: what is below shows that one. The one that the verdict is told of comes first.
function chooseVisit(detail) {
  const failed = new Set(detail.tries.filter((tried) => tried.failed).map((tried) => tried.attempt));
  return h("div", { class: "chips", role: "group", "aria-label": "Visit" }, detail.pages.map((page, index) => h("button", {
    type: "button", class: "chip " + (failed.has(page.attempt) ? "v-failed" : "v-passed"), id: "visit-" + page.attempt, "aria-pressed": String(index === state.page),
    text: "Visit " + page.attempt + (failed.has(page.attempt) ? " ✕ failed" : " ✓"),
    onclick: () => { state.page = index; drawDetail(); at("visit-" + page.attempt).focus(); },
  })));
}

function drawDetail(isSamePlace) {
  const box = at("detail");
  const row = rows[state.open];
  at("sites").classList.toggle("is-open", Boolean(row));
  box.replaceChildren(...(row ? describeSite(row) : [h("p", { class: "empty", text: "Choose a site to see what was found there, and why." })]).filter(Boolean));
  if (!isSamePlace) box.scrollTop = 0;
}
