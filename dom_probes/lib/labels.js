// What a field is called: by every route of the accessibility tree (label elements, aria-labelledby, aria-label, title,
// placeholder), and by the words that only stand beside it, for pages that know none of these.

// label elements by root and by the id that they are for. The property `labels` knows them too, and searches the whole
// document at every reading: the most costly call on pages with many fields (profiled 2026-11-24).
const labelsFor = new Map();
function countLabel(label, root) {
  const id = attributeOf(label, 'for');
  if (!id) return;
  let byId = labelsFor.get(root);
  if (!byId) labelsFor.set(root, byId = new Map());
  const known = byId.get(id);
  if (known) known.push(label); else byId.set(id, [label]);
}
const closestOf = methodOf(Element, 'closest');

const walkerOf = methodOf(Document, 'createTreeWalker');

function wordsOfIds(element, attribute, limit) {
  const ids = attributeOf(element, attribute);
  if (!ids) return '';
  const root = rootOf(element);
  const words = [];
  for (const id of ids.trim().split(/\s+/).slice(0, 4)) {
    const target = id && queryIn(root, '#' + CSS.escape(id))[0];
    if (target) words.push(wordsOf(target, limit));
  }
  return squeeze(words.join(' '), limit);
}

/** The field's label elements: those with for=, and the one around it where it is for nobody else. */
function labelOf(element, limit) {
  const id = attributeOf(element, 'id'), byId = id ? labelsFor.get(rootOf(element)) : null;
  const labels = (byId && byId.get(id) || []).slice(0, 3);
  const around = closestOf(element, 'label');
  if (around && !labels.includes(around) && (attributeOf(around, 'for') || id) === id) labels.push(around);
  return squeeze(labels.map((label) => wordsOf(label, limit)).join(' '), limit);
}

const STOPS = new Set(['input', 'select', 'textarea', 'button', 'iframe']);

/** The nearest words before (step = previousNode) or after (nextNode) a field, up to the next control. */
function wordsBeside(field, step, limit) {
  const walker = walkerOf(document, rootOf(field), NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  walker.currentNode = field;
  for (let budget = 40, node; budget > 0 && (node = walker[step]()); budget -= 1) {
    if (nodeTypeOf(node) === 1) {
      const name = localNameOf(node);
      if (STOPS.has(name) && !(name === 'input' && inputTypeOf(node) === 'hidden')) return '';
      continue;
    }
    const text = nodeValueOf(node);
    if (!/[\p{L}\p{N}]/u.test(text)) continue;
    const parent = parentNodeOf(node);
    if (nodeTypeOf(parent) !== 1 || SILENT.has(localNameOf(parent)) || localNameOf(parent) === 'option') continue;
    return squeeze(step === 'previousNode' ? text.trim().slice(-limit) : text, limit);
  }
  return '';
}

/** The words before the first field of a group, nearest last: they hold the titles that are not heading elements. */
function wordsAbove(field, limit) {
  const isShown = isRendered(field);
  const walker = walkerOf(document, rootOf(field), NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  walker.currentNode = field;
  const parts = [];
  for (let budget = 120, length = 0, node; budget > 0 && length < limit && (node = walker.previousNode()); budget -= 1) {
    if (nodeTypeOf(node) === 1) {
      const name = localNameOf(node);
      if (name === 'input' && !/^(hidden|checkbox|radio)$/.test(inputTypeOf(node))) break;
      if (name === 'textarea' || name === 'iframe') break;
      continue;
    }
    const text = nodeValueOf(node);
    if (!/[\p{L}\p{N}]/u.test(text)) continue;
    const parent = parentNodeOf(node);
    if (nodeTypeOf(parent) !== 1 || SILENT.has(localNameOf(parent)) || localNameOf(parent) === 'option') continue;
    if (isShown && !isLaidOut(parent)) continue;
    parts.unshift(squeeze(text, limit));
    length += text.length;
  }
  return parts.join(' | ').slice(-limit);
}
