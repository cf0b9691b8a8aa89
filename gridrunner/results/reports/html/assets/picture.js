// The screenshot of a visit with what was found drawn on it; without a screenshot, the boxes alone on an empty page.

const MARKS = [
  { key: "form", label: "form", color: "--mark-form" },
  { key: "user", label: "username", color: "--mark-user" },
  { key: "pass", label: "password", color: "--mark-pass" },
  { key: "submit", label: "submit", color: "--mark-submit" },
  { key: "point", label: "insertion point", color: "--mark-point" },
];

function listMarks(found) {
  const form = found && (found.forms.find((one) => one.isLogin) || found.forms[0]);
  const boxes = {
    form: form && form.box,
    user: form && form.username && form.username.box,
    pass: form && form.password && form.password.box,
    submit: form && form.submit && form.submit.box,
    point: found && found.point && found.point.box,
  };
  return MARKS.filter((mark) => boxes[mark.key]).map((mark) => ({ ...mark, box: boxes[mark.key], label: mark.key === "form" ? form.kind + " form" : mark.label }));
}

function drawMark(mark, unit, taken) {
  const [x, y, width, height] = mark.box;
  const color = "var(" + mark.color + ")";
  const isPoint = mark.key === "point";
  const isYours = mark.key === "yours";
  const around = isYours ? 4 * unit : 0; // outside of ours: both are seen where they agree
  const dashes = { form: [6, 4], yours: [9, 3] }[mark.key];
  const box = svg("rect", {
    x: x - around, y: y - around, width: Math.max(width, 2) + 2 * around, height: Math.max(height, 2) + 2 * around, rx: 3 * unit, fill: isPoint ? color : "none", "fill-opacity": isPoint ? 0.35 : null,
    stroke: color, "stroke-width": (mark.key === "form" ? 1.5 : 2.5) * unit, "stroke-dasharray": dashes ? dashes.map((length) => length * unit).join(" ") : null,
  });
  const size = 12 * unit;
  const labelWidth = mark.label.length * size * 0.66 + 10 * unit;
  const labelHeight = size + 6 * unit;
  const above = y - labelHeight - around;
  const below = y + height + around;
  const beside = x + width + 4 * unit + around;
  const spots = [[x, above], [x + width - labelWidth, above], [beside, y], [x, below], [x + width - labelWidth, below]];
  if (isYours) spots.unshift([beside, y + (height - labelHeight) / 2]);
  const isFree = ([left, top]) => top >= 0 && left >= 0 && !taken.some((other) => left < other[0] + other[2] && other[0] < left + labelWidth && top < other[1] + other[3] && other[1] < top + labelHeight);
  const [left, top] = spots.find(isFree) || [Math.max(0, x), Math.max(0, y)];
  taken.push([left, top, labelWidth, labelHeight]);
  return [box,
    svg("rect", { x: left, y: top, width: labelWidth, height: labelHeight, rx: 3 * unit, fill: color }),
    svg("text", { x: left + 5 * unit, y: top + labelHeight - 5 * unit, "font-size": size, "font-family": "system-ui, sans-serif", "font-weight": 600, fill: "#fff", text: mark.label })];
}

// What is looked at: all marks with room around them, where that is a small part of the page; else the whole page.
function chooseView(marks, width, height) {
  if (!marks.length) return null;
  const left = Math.min(...marks.map((mark) => mark.box[0]));
  const top = Math.min(...marks.map((mark) => mark.box[1]));
  const right = Math.max(...marks.map((mark) => mark.box[0] + mark.box[2]));
  const bottom = Math.max(...marks.map((mark) => mark.box[1] + mark.box[3]));
  const wide = Math.min(width, Math.max(width * 0.4, right - left + width * 0.16));
  const tall = Math.min(height, Math.max(height * 0.3, bottom - top + height * 0.16));
  if (wide * tall > 0.55 * width * height || left < 0 || top < 0 || bottom > height) return null;
  const x = Math.min(Math.max(0, (left + right - wide) / 2), width - wide);
  const y = Math.min(Math.max(0, (top + bottom - tall) / 2), height - tall);
  return [x, y, wide, tall];
}

function drawPicture(shown, tries, isGreen) {
  const marks = [...listMarks(shown.found), ...listYourMarks(shown)];
  if (!shown.shot && !marks.length) return null;
  const [width, height] = shown.viewport;
  const bottom = Math.max(0, ...marks.map((mark) => mark.box[1] + mark.box[3] + width / 40));
  const tall = shown.shot ? height : Math.min(height, Math.max(bottom, height / 3));
  const near = shown.shot ? chooseView(marks, width, height) : null;
  const [x, y, wide, high] = near && state.near ? near : [0, 0, width, tall];
  const unit = wide / (matchMedia("(max-width: 900px)").matches ? 560 : 900);
  const taken = [];
  const names = marks.map((mark) => mark.label).join(", ");
  const overlay = svg("svg", { viewBox: [x, y, wide, high].join(" "), role: "img", "aria-label": marks.length ? "Marked: " + names : "Nothing marked" },
    marks.map((mark) => drawMark(mark, unit, taken)));
  const frame = h("div", { class: "shot" + (shown.shot ? "" : " is-blank") + (state.marks ? "" : " is-plain"), vars: shown.shot ? { "aspect-ratio": wide + " / " + high } : {} });
  if (shown.shot) {
    const place = { width: (100 * width) / wide + "%", left: (-100 * x) / wide + "%", top: (-100 * y) / high + "%" };
    const image = h("img", { alt: "Screenshot of visit " + shown.attempt, width, height, src: pictureOf(shown.shot), vars: place });
    image.addEventListener("error", () => {
      image.replaceWith(h("p", { class: "empty", text: isGreen ? "No screenshot was kept." : "The screenshot is not beside this report: " + shown.shot }));
      frame.classList.add("is-blank");
    });
    frame.append(image);
  }
  frame.append(overlay);
  const zoom = near ? h("button", { type: "button", class: "small", id: "near", text: state.near ? "Whole page" : "Close up", onclick: () => { state.near = !state.near; drawDetail(true); at("near")?.focus(); } }) : null;
  return h("section", { class: "panel" },
    h("h3", {}, h("span", { text: shown.shot ? "What the browser saw" + (tries > 1 ? " on visit " + shown.attempt : "") : "Where it was found (no screenshot was kept)" }),
      h("span", {}, zoom, " ", shown.shot && marks.length ? h("button", { type: "button", class: "small", "aria-pressed": String(state.marks), text: "Marks", onclick: toggleMarks, id: "marks" }) : null)),
    frame,
    h("ul", { class: "legend" }, listLegend(marks).map(([color, label]) => h("li", {}, h("i", { vars: { "--c": "var(" + color + ")" } }), label))));
}

// Each colour once: a detector has one for all that it found.
function listLegend(marks) {
  return [...new Map(marks.map((mark) => [mark.color, mark.legend || mark.label]))];
}

function toggleMarks() {
  state.marks = !state.marks;
  document.querySelectorAll(".shot").forEach((node) => node.classList.toggle("is-plain", !state.marks));
  at("marks")?.setAttribute("aria-pressed", String(state.marks));
}
