// A site that failed beside what the run before saw of it: what differs comes first.

function factsOf(page, tried) {
  const { found } = page;
  const form = found && (found.forms.find((one) => one.isLogin) || found.forms[0]);
  const part = (key) => (form && form[key] ? form[key].selector : "–");
  const count = (kind) => String(page.events.filter((event) => event.kind === kind).length);
  return [
    ["outcome", tried.outcome + (tried.detail ? ", " + tried.detail : "")], ["HTTP status", tried.status ? String(tried.status) : "–"],
    ["address", page.url || "–"], ["title", page.title || "–"],
    ["login form", found ? LOGIN_WORDS.get(found.login) : "–"], ["forms", found ? String(found.forms.length + found.moreForms) : "–"],
    ["username", part("username")], ["password", part("password")], ["submit", part("submit")],
    ["other ways in", found && found.sso.length ? found.sso.join(", ") : "–"],
    ["ready by", tried.ready || "–"], ["requests that failed", count("network-failure")], ["errors of the console", count("console-error")],
    ["took", seconds(tried.total)],
  ];
}

// Two visits are never equally long: their times are shown, and are no difference.
const UNEQUAL = new Set(["took"]);

function beforePicture(page, title) {
  if (!page.shot) return h("p", { class: "muted no-shot", text: "No picture was kept." });
  const image = h("img", { alt: title, loading: "lazy", src: pictureOf(page.shot) });
  image.addEventListener("error", () => image.replaceWith(h("p", { class: "muted no-shot", text: "The picture is not there." })));
  return image;
}

function describeBefore(row, detail, shown) {
  const { before } = detail;
  const tried = detail.tries.find((one) => one.attempt === shown.attempt);
  const now = factsOf(shown, tried);
  const lines = factsOf(before.page, before.tried).map(([name, was], index) => ({ name, was, is: now[index][1], isSame: was === now[index][1] || UNEQUAL.has(name) }));
  const differing = lines.filter((line) => !line.isSame);
  const draw = (line) => h("tr", {}, h("th", { scope: "row", text: line.name }), h("td", { class: "mono", text: line.was }), h("td", { class: "mono" + (line.isSame ? "" : " is-off"), text: (line.isSame ? "" : "≠ ") + line.is }));
  const head = () => h("thead", {}, h("tr", {}, h("td", {}), h("th", { scope: "col", text: "before" }), h("th", { scope: "col", text: "now" })));
  const title = "Since the run before" + (Number.isNaN(Date.parse(before.started)) ? "" : ", of " + before.started.slice(0, 10));
  return panel(title,
    before.page.shot || shown.shot ? h("div", { class: "two" },
      h("figure", {}, h("figcaption", { class: "muted" }, "before: ", h("a", { href: before.report + "#site/" + encodeURIComponent(row.id), text: before.run })), beforePicture(before.page, "What the run before saw")),
      h("figure", {}, h("figcaption", { class: "muted", text: "now" }), beforePicture(shown, "What this run saw"))) : null,
    h("div", { class: "scroll" }, h("table", { class: "before" }, head(), h("tbody", {}, differing.map(draw)))),
    differing.length ? null : h("p", { class: "muted", text: "Nothing that is kept of both visits differs." }),
    h("details", {}, h("summary", { text: plural(lines.length - differing.length, "fact") + " that did not change" }), h("div", { class: "scroll" }, h("table", { class: "before" }, head(), h("tbody", {}, lines.filter((line) => line.isSame).map(draw))))));
}
