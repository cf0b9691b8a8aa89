// The runs, and which of their sites are shown, in which order.

const VERDICTS = ["newly-broken", "newly-blocked", "broken", "flapping", "list-rot", "blocked", "slower", "newly-mended", "new", "unjudged", "steady"];
const WORDS = Object.fromEntries(VERDICTS.map((standing) => [standing, standing.replaceAll("-", " ")]));
const GLYPHS = {
  "newly-broken": "✕", "newly-blocked": "⊘", broken: "✕", flapping: "≈", "list-rot": "∅", blocked: "⊘", slower: "◷",
  "newly-mended": "✓", new: "+", unjudged: "–", steady: "✓",
};
const URGENCY = Object.fromEntries(VERDICTS.map((standing, index) => [standing, index]));

const about = readData("about");
const runs = about.runs;
const rows = readData("rows");
rows.forEach((row, index) => {
  row.index = index;
  row.haystack = [row.id, row.url, row.says, row.why, row.locale, row.wall, ...(row.tags || [])].join("\n").toLowerCase();
});
const indexOf = new Map(rows.map((row) => [row.id, row.index]));

let notes = null;
function noteOf(row, run) {
  notes ??= readData("notes");
  const said = notes[row.index] && notes[row.index][run];
  return said ? { cause: said[0], why: said[1], shot: said[2] } : { cause: "", why: "", shot: "" };
}

const ABSENT = " ";
const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// A run of a site: null where it took no part.
function cellOf(row, run) {
  const letter = row.cells[run];
  if (letter === undefined || letter === ABSENT) return null;
  const [look, verdict, outcome, first, wall] = about.states[letter];
  return { look, verdict, outcome, first, wall, seconds: secondsOf(row, run) };
}

function secondsOf(row, run) {
  const level = BASE64.indexOf(row.seconds[2 * run]) * 64 + BASE64.indexOf(row.seconds[2 * run + 1]);
  return level ? 0.01 * Math.exp(((level - 1) / 4094) * Math.log(100000)) : null;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
function dayOf(run, isLong) {
  const at = new Date(runs[run].started);
  if (Number.isNaN(at.getTime())) return runs[run].started || runs[run].id;
  const day = at.getUTCDate() + " " + MONTHS[at.getUTCMonth()];
  return isLong ? day + " " + at.getUTCFullYear() + ", " + at.toISOString().slice(11, 16) + " UTC" : day;
}

const FILTERS = [
  { key: "tag", label: "tag", values: (row) => row.tags || [] },
  { key: "locale", label: "locale", values: (row) => (row.locale ? [row.locale] : []) },
  { key: "wall", label: "wall", values: (row) => (row.wall ? [row.wall] : []) },
  { key: "held", label: "quarantine", values: (row) => [row.held ? "in quarantine" : "not in quarantine"] },
];

const ORDERS = {
  standing: ["what to look at first", (one, other) => URGENCY[one.verdict] - URGENCY[other.verdict] || (other.since ?? -1) - (one.since ?? -1) || other.low - one.low],
  since: ["since when, newest first", (one, other) => (other.since ?? -1) - (one.since ?? -1) || URGENCY[one.verdict] - URGENCY[other.verdict]],
  flapping: ["how often it failed at first", (one, other) => other.low - one.low],
  slower: ["slowdown", (one, other) => (other.factor || 1) - (one.factor || 1)],
  list: ["the list's own", () => 0],
};

const state = { tab: "overview", verdicts: new Set(), text: "", chosen: {}, shown: [], open: -1, cell: -1, before: -1, order: "standing" };

const compareRows = (one, other) => ORDERS[state.order][1](one, other) || one.index - other.index;
