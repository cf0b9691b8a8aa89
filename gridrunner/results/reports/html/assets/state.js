// The data, and which of its sites are shown.

const VERDICTS = ["failed", "error", "not-run", "flaky", "passed", "skipped"];
const WORDS = { failed: "failed", error: "error", "not-run": "not run", flaky: "flaky", passed: "passed", skipped: "skipped" };
const GLYPHS = { failed: "✕", error: "!", "not-run": "○", flaky: "≈", passed: "✓", skipped: "–" };
const URGENCY = Object.fromEntries(VERDICTS.map((verdict, index) => [verdict, index]));

const run = readData("run");
const rows = readData("rows");
rows.forEach((row, index) => {
  row.index = index;
  row.haystack = [row.id, row.url, row.title, row.why, row.cause, row.locale, ...(row.tags || [])].join("\n").toLowerCase();
});
const indexOf = new Map(rows.map((row) => [row.id, row.index]));

let details = null;
let pictures = null;
function detailOf(row) {
  details ??= readData("details");
  return details[row.index];
}
function pictureOf(path) {
  pictures ??= readData("pictures");
  if (Object.hasOwn(pictures, path)) return pictures[path];
  return path.split("/").map(encodeURIComponent).join("/");
}

const causeTitles = new Map(run.causes.map((cause) => [cause.key, cause.title]));
const FILTERS = [
  { key: "cause", label: "cause", values: (row) => (row.key ? [row.key] : []), name: (value) => causeTitles.get(value) || value },
  { key: "tag", label: "tag", values: (row) => row.tags || [] },
  { key: "locale", label: "locale", values: (row) => (row.locale ? [row.locale] : []) },
  { key: "kind", label: "form", values: (row) => (row.kind ? [row.kind] : []) },
  { key: "hub", label: "hub", values: (row) => row.hubs || [] },
];
for (const score of run.detectors) {
  FILTERS.push({ key: "yours:" + score.name, label: score.name, values: (row) => (row.yours && row.yours[score.name] ? [row.yours[score.name][0]] : []), name: (value) => (STATE_WORDS[value] || value) });
}
if (run.previous) FILTERS.push({ key: "change", label: "change", values: (row) => (row.change ? [row.change] : []) });

const state = { tab: "overview", verdicts: new Set(), text: "", chosen: {}, shown: [], open: -1, page: 0, marks: true, near: true };

const compareRows = (one, other) => URGENCY[one.verdict] - URGENCY[other.verdict] || one.index - other.index;
