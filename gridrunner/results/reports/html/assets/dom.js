// Builds elements from text only: nothing in this report is ever parsed as HTML.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, props, children) {
  for (const [name, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") node.textContent = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "vars") for (const [key, one] of Object.entries(value)) node.style.setProperty(key, one);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false && child !== "") node.append(child);
  }
  return node;
}

const h = (tag, props, ...children) => fill(document.createElement(tag), props, children);
const svg = (tag, props, ...children) => fill(document.createElementNS(SVG, tag), props, children);
const at = (id) => document.getElementById(id);
const readData = (name) => JSON.parse(at("data-" + name).textContent);

// Only addresses that a browser opens as a page become links; javascript: and the like stay text.
function link(url, text) {
  if (!/^https?:\/\//i.test(url)) return h("span", { text: text || url });
  return h("a", { href: url, rel: "noreferrer noopener", target: "_blank", text: text || url });
}

function seconds(value) {
  if (value < 1) return Math.round(value * 1000) + " ms";
  if (value < 99.95) return value.toFixed(1) + " s";
  const minutes = Math.floor(Math.round(value) / 60);
  const rest = String(Math.round(value) % 60).padStart(2, "0");
  if (minutes < 60) return minutes + " min " + rest + " s";
  return Math.floor(minutes / 60) + " h " + String(minutes % 60).padStart(2, "0") + " min";
}

const percent = (value) => Math.round(value * 100) + "%";
const plural = (count, word) => count.toLocaleString("en") + " " + word + (count === 1 ? "" : "s");
const quoteShell = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : "'" + word.replaceAll("'", "'\"'\"'") + "'");

async function copyText(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = h("textarea", { readonly: true, "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
}
