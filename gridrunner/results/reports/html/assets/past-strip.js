// A site's runs as a row of bars. Height says the same as colour: the higher, the worse.

const LOOKS = {
  passed: ["passed", 0.36], flaky: ["failed at first", 0.7], failed: ["failed", 1], held: ["failed, in quarantine", 1],
  blocked: ["behind a wall", 0.86], error: ["fault of ours", 0.56], "not-run": ["not run", 0.2], skipped: ["skipped", 0.2],
};
const BAR = 5;
const TALL = 20;

function drawStrip(row) {
  const paths = {};
  for (let run = 0; run < runs.length; run += 1) {
    const letter = row.cells[run];
    if (letter !== ABSENT) {
      const look = about.states[letter][0];
      const height = Math.round(TALL * LOOKS[look][1]);
      paths[look] = (paths[look] || "") + "M" + run * BAR + " " + (TALL - height) + "h" + (BAR - 1) + "v" + height + "h-" + (BAR - 1) + "z";
    }
  }
  return svg("svg", { class: "strip", viewBox: "0 0 " + runs.length * BAR + " " + TALL, preserveAspectRatio: "none", "aria-hidden": "true" },
    Object.entries(paths).map(([look, path]) => svg("path", { class: "k-" + look, d: path })));
}

function describeStrip(row) {
  const counts = {};
  for (const letter of row.cells) if (letter !== ABSENT) { const look = about.states[letter][0]; counts[look] = (counts[look] || 0) + 1; }
  return Object.entries(counts).map(([look, count]) => count + " " + LOOKS[look][0]).join(", ");
}

function drawStripLegend() {
  const present = new Set(Object.values(about.states).map(([look]) => look));
  return h("ul", { class: "legend" }, Object.entries(LOOKS).filter(([look]) => present.has(look)).map(([look, [name, height]]) =>
    h("li", {}, svg("svg", { viewBox: "0 0 8 14", "aria-hidden": "true" }, svg("rect", { class: "k-" + look, x: 1, y: 14 - 14 * height, width: 6, height: 14 * height })), name)));
}

// Figures of the runs, one line each; a mark where a version changed.
function drawTrend(title, lines, show, most) {
  const width = 560;
  const height = 120;
  const values = lines.flatMap((line) => line.values.filter((value) => value !== null));
  if (!values.length) return null;
  const top = most ?? (Math.max(...values) * 1.1 || 1);
  const low = most === 1 ? Math.max(0, Math.min(...values) - 0.02) : 0;
  const x = (run) => (runs.length < 2 ? width / 2 : (run * width) / (runs.length - 1));
  const y = (value) => 16 + (height - 22) * (1 - (value - low) / (top - low || 1));
  const changed = runs.map((run, place) => (place && (run.version !== runs[place - 1].version || run.detector !== runs[place - 1].detector) ? place : 0)).filter(Boolean);
  const path = (line) => line.values.map((value, run) => (value === null ? "" : (run && line.values[run - 1] !== null ? "L" : "M") + x(run).toFixed(1) + " " + y(value).toFixed(1))).join("");
  const last = (line) => line.values.findLast((value) => value !== null);
  return h("figure", { class: "card trend" },
    h("figcaption", {}, h("b", { text: title }), lines.map((line, place) => h("span", {}, h("i", { class: "line-" + place }), line.name + " ", h("b", { text: show(last(line)) })))),
    h("div", { class: "plot" },
      h("span", { class: "top-value muted num", text: show(top) }), h("span", { class: "low-value muted num", text: low ? show(low) : "0" }),
      svg("svg", { viewBox: "0 0 " + width + " " + height, preserveAspectRatio: "none", role: "img", "aria-label": title + ": " + lines.map((line) => line.name + " from " + show(line.values.find((value) => value !== null)) + " to " + show(last(line))).join("; ") },
        changed.map((run) => svg("line", { class: "mark", x1: x(run), x2: x(run), y1: 0, y2: height })),
        lines.map((line, place) => svg("path", { class: "trend-line line-" + place, d: path(line) })))),
    h("div", { class: "axis muted num" }, h("span", { text: dayOf(0) }),
      changed.length ? h("span", { text: "┊ a new version" }) : null, h("span", { text: dayOf(runs.length - 1) })));
}
