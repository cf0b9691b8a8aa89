// Which slot did what, and when: a lane a slot, on one canvas, because ten thousand visits are too many elements.

const GUTTER = 92;
const AXIS = 24;
let lanesDrawn = null;

function describeLanes(data) {
  const busy = data.lanes.map(() => ({ visits: 0, total: 0 }));
  for (const [lane, , , total] of data.visits) { busy[lane].visits += 1; busy[lane].total += total; }
  return h("details", { class: "card" }, h("summary", { text: "The same as a table" }), h("div", { class: "scroll" }, h("table", {},
    h("thead", {}, h("tr", {}, ["hub", "slot", "visits", "visiting", "busy"].map((text) => h("th", { scope: "col", text })))),
    h("tbody", {}, data.lanes.map((lane, index) => h("tr", {}, h("td", { text: lane.hub }), h("td", { text: lane.slot }), h("td", { class: "num", text: String(busy[index].visits) }),
      h("td", { class: "num", text: seconds(busy[index].total) }), h("td", { class: "num", text: data.wall ? percent(busy[index].total / data.wall) : "" })))))));
}

function niceStep(span, count) {
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough);
}

function paintTimeline(canvas, data, laneHeight) {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth;
  const height = AXIS + data.lanes.length * laneHeight + 6;
  canvas.style.height = height + "px";
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  pen.font = "11px system-ui, sans-serif";
  pen.textBaseline = "middle";
  const span = Math.max(data.wall, 0.001);
  const scale = (width - GUTTER - 12) / span;
  const x = (time) => GUTTER + time * scale;
  pen.fillStyle = color("--muted");
  pen.strokeStyle = color("--line");
  const step = niceStep(span, Math.max(2, width / 130));
  for (let time = 0; time <= span; time += step) {
    if (x(time) + 40 < width) pen.fillText(seconds(time), x(time) + 3, AXIS / 2);
    pen.beginPath(); pen.moveTo(x(time) + 0.5, 4); pen.lineTo(x(time) + 0.5, height); pen.stroke();
  }
  const pad = laneHeight > 12 ? 3 : 1;
  data.lanes.forEach((lane, index) => {
    if (laneHeight < 12 && index % 4) return;
    pen.fillStyle = color("--muted");
    pen.fillText(lane.slot.slice(-14) || "slot", 8, AXIS + (index + 0.5) * laneHeight, GUTTER - 14);
  });
  pen.fillStyle = color("--line-strong");
  for (const [lane, start, lasted] of data.openings) pen.fillRect(x(start), AXIS + lane * laneHeight + pad + 2, Math.max(1, lasted * scale), laneHeight - 2 * pad - 4);
  const colors = Object.fromEntries(VERDICTS.map((verdict) => [verdict, color("--" + verdict)]));
  for (const [lane, site, start, total] of data.visits) {
    pen.fillStyle = colors[rows[site].verdict];
    pen.globalAlpha = rows[site].verdict === "passed" ? 0.55 : 0.95;
    pen.fillRect(x(start), AXIS + lane * laneHeight + pad, Math.max(1.5, total * scale - 0.75), laneHeight - 2 * pad);
  }
  pen.globalAlpha = 1;
  return (event) => {
    const box = canvas.getBoundingClientRect();
    const time = (event.clientX - box.left - GUTTER) / scale;
    const lane = Math.floor((event.clientY - box.top - AXIS) / laneHeight);
    return data.visits.find((visit) => visit[0] === lane && time >= visit[2] && time <= visit[2] + Math.max(visit[3], 2 / scale));
  };
}

function drawTimeline() {
  const data = lanesDrawn ? lanesDrawn.data : readData("timeline");
  const laneHeight = data.lanes.length > 120 ? 9 : 22;
  const canvas = h("canvas", { role: "img", "aria-label": "Timeline of " + plural(data.visits.length, "visit") + " in " + plural(data.lanes.length, "slot") + "; the table below says the same" });
  const hover = h("p", { class: "hover muted num", role: "status", text: "Point at a visit to see it, click to open its site." });
  const present = VERDICTS.filter((verdict) => run.sites[verdict] && verdict !== "not-run");
  at("timeline").replaceChildren(
    h("div", {}, h("h2", { text: plural(data.lanes.length, "slot") + ", " + plural(data.visits.length, "visit") + ", " + seconds(data.wall) + (run.utilisation === null ? "" : ", " + percent(run.utilisation) + " busy") }),
      h("ul", { class: "legend" }, present.map((verdict) => h("li", { class: "v-" + verdict }, h("i", { vars: { "--c": "var(--v)" } }), WORDS[verdict])), h("li", {}, h("i", { vars: { "--c": "var(--line-strong)" } }), "session opens"))),
    hover, h("div", { class: "lanes" }, canvas), h("div", { class: "block" }, describeLanes(data)));
  const find = paintTimeline(canvas, data, laneHeight);
  canvas.addEventListener("mousemove", (event) => {
    const visit = find(event);
    hover.textContent = visit ? rows[visit[1]].id + " · " + WORDS[rows[visit[1]].verdict] + " · visit " + visit[4] + " · from " + seconds(visit[2]) + ", took " + seconds(visit[3]) : "Point at a visit to see it, click to open its site.";
  });
  canvas.addEventListener("click", (event) => { const visit = find(event); if (visit) openSite(visit[1]); });
  lanesDrawn = { data };
}
