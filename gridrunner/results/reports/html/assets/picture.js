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
  const box = svg("rect", {
    x, y, width: Math.max(width, 2), height: Math.max(height, 2), rx: 3 * unit, fill: isPoint ? color : "none", "fill-opacity": isPoint ? 0.35 : null,
    stroke: color, "stroke-width": (mark.key === "form" ? 1.5 : 2.5) * unit, "stroke-dasharray": mark.key === "form" ? 6 * unit + " " + 4 * unit : null,
  });
  const size = 12 * unit;
  const labelWidth = mark.label.length * size * 0.6 + 10 * unit;
  const labelHeight = size + 6 * unit;
  const spots = [[x, y - labelHeight], [x + width - labelWidth, y - labelHeight], [x + width + 4 * unit, y], [x, y + height], [x + width - labelWidth, y + height]];
  const isFree = ([left, top]) => top >= 0 && left >= 0 && !taken.some((other) => left < other[0] + other[2] && other[0] < left + labelWidth && top < other[1] + other[3] && other[1] < top + labelHeight);
  const [left, top] = spots.find(isFree) || [Math.max(0, x), Math.max(0, y)];
  taken.push([left, top, labelWidth, labelHeight]);
  return [box,
    svg("rect", { x: left, y: top, width: labelWidth, height: labelHeight, rx: 3 * unit, fill: color }),
    svg("text", { x: left + 5 * unit, y: top + labelHeight - 5 * unit, "font-size": size, "font-family": "system-ui, sans-serif", "font-weight": 600, fill: "#fff", text: mark.label })];
}

function drawPicture(shown, tries) {
  const marks = listMarks(shown.found);
  if (!shown.shot && !marks.length) return null;
  const [width, height] = shown.viewport;
  const unit = width / 900;
  const bottom = Math.max(0, ...marks.map((mark) => mark.box[1] + mark.box[3] + 24 * unit));
  const tall = shown.shot ? height : Math.min(height, Math.max(bottom, height / 3));
  const taken = [];
  const names = marks.map((mark) => mark.label).join(", ");
  const overlay = svg("svg", { viewBox: "0 0 " + width + " " + tall, role: "img", "aria-label": marks.length ? "Marked: " + names : "Nothing marked" },
    marks.map((mark) => drawMark(mark, unit, taken)));
  const frame = h("div", { class: "shot" + (shown.shot ? "" : " is-blank") + (state.marks ? "" : " is-plain") });
  if (shown.shot) {
    const image = h("img", { alt: "Screenshot of visit " + shown.attempt, width, height, src: pictureOf(shown.shot) });
    image.addEventListener("error", () => {
      image.replaceWith(h("p", { class: "empty", text: "The screenshot is not beside this report: " + shown.shot }));
      frame.classList.add("is-blank");
    });
    frame.append(image);
  }
  frame.append(overlay);
  return h("section", { class: "panel" },
    h("h3", {}, h("span", { text: shown.shot ? "What the browser saw" + (tries > 1 ? " on visit " + shown.attempt : "") : "Where it was found (no screenshot was kept)" }),
      shown.shot && marks.length ? h("button", { type: "button", class: "small", "aria-pressed": String(state.marks), text: "Marks", onclick: toggleMarks, id: "marks" }) : null),
    frame,
    h("ul", { class: "legend" }, marks.map((mark) => h("li", {}, h("i", { vars: { "--c": "var(" + mark.color + ")" } }), mark.label))));
}

function toggleMarks() {
  state.marks = !state.marks;
  document.querySelectorAll(".shot").forEach((node) => node.classList.toggle("is-plain", !state.marks));
  at("marks")?.setAttribute("aria-pressed", String(state.marks));
}
