// Reading the DOM of a page that does not help: every property is read by the getter of its prototype, because a form
// hides its own under the names of its fields (<input name=parentNode>) and a document under those of its forms.

const uncurried = (method) => Function.prototype.call.bind(method);
const getterOf = (owner, name) => uncurried(Object.getOwnPropertyDescriptor(owner.prototype, name).get);
const methodOf = (owner, name) => uncurried(owner.prototype[name]);

const parentNodeOf = getterOf(Node, 'parentNode');
const childNodesOf = getterOf(Node, 'childNodes');
const nodeTypeOf = getterOf(Node, 'nodeType');
const nodeValueOf = getterOf(Node, 'nodeValue');
const childCountOf = getterOf(Element, 'childElementCount');
const textContentOf = getterOf(Node, 'textContent');
const rootOf = methodOf(Node, 'getRootNode');
const contains = methodOf(Node, 'contains');
const previousSiblingOf = getterOf(Element, 'previousElementSibling');
const localNameOf = getterOf(Element, 'localName');
const shadowRootOf = getterOf(Element, 'shadowRoot');
const attributeOf = methodOf(Element, 'getAttribute');
const hasAttribute = methodOf(Element, 'hasAttribute');
const matches = methodOf(Element, 'matches');
const rectOf = methodOf(Element, 'getBoundingClientRect');
const isRendered = methodOf(Element, 'checkVisibility');
const queryDocument = methodOf(Document, 'querySelectorAll'), queryFragment = methodOf(DocumentFragment, 'querySelectorAll');
const queryElement = methodOf(Element, 'querySelectorAll');
const queryIn = (root, selector) => {
  const type = nodeTypeOf(root);
  return type === 9 ? queryDocument(root, selector) : type === 11 ? queryFragment(root, selector) : queryElement(root, selector);
};

const formGetters = new Map([
  ['input', getterOf(HTMLInputElement, 'form')], ['button', getterOf(HTMLButtonElement, 'form')],
  ['select', getterOf(HTMLSelectElement, 'form')], ['textarea', getterOf(HTMLTextAreaElement, 'form')],
]);
const inputTypeOf = getterOf(HTMLInputElement, 'type');
const buttonTypeOf = getterOf(HTMLButtonElement, 'type');

/** The parent in the composed tree: out of a shadow root it goes on with the host. */
function composedParentOf(node) {
  const parent = parentNodeOf(node);
  return parent && nodeTypeOf(parent) === 11 ? hostOf(parent) : parent;
}
function hostOf(root) {
  return root instanceof ShadowRoot ? root.host : null; // a ShadowRoot has no named properties: nothing to hide host
}

/** The form that owns a control: by the parser or form=, else the nearest form around it in the composed tree. */
function formOf(element) {
  const getter = formGetters.get(localNameOf(element));
  const owner = getter ? getter(element) : null;
  if (owner) return owner;
  for (let node = composedParentOf(element); node; node = composedParentOf(node)) {
    if (nodeTypeOf(node) === 1 && localNameOf(node) === 'form') return node;
  }
  return null;
}

const LOOSE = /\s\s|^\s|\s$|[\n\t\r\f\u00a0]/;
const squeeze = (text, limit) => {
  if (text.length <= limit && !LOOSE.test(text)) return text;
  const short = text.length > limit * 4 ? text.slice(0, limit * 4) : text;
  return short.replace(/\s+/g, ' ').trim().slice(0, limit);
};
const attributeText = (element, name, limit) => {
  const value = attributeOf(element, name);
  return value ? squeeze(value, limit) : '';
};

/** What a handler of an element says; in a copied page it stands in an attribute that runs nothing. */
const handlerText = (element, name, limit) => attributeText(element, name, limit) || attributeText(element, 'data-gridrunner-' + name, limit);

const SILENT = new Set(['script', 'style', 'noscript', 'template', 'select', 'textarea', 'svg', 'datalist', 'object']);

/** Whether an element is shown: it has a box, or its children have theirs in its stead (display: contents). */
const isLaidOut = (element) => isRendered(element)
  || getComputedStyle(element).display === 'contents' && (!parentElementOf(element) || isLaidOut(parentElementOf(element)));
const parentElementOf = getterOf(Node, 'parentElement');

/** The words that an element shows, without those of scripts, options and hidden parts; images speak by their alt. Of an
 *  element that is not shown, the words that it would show. */
function wordsOf(element, limit) {
  if (childCountOf(element) === 0) return squeeze(textContentOf(element) || '', limit);
  const isShown = isLaidOut(element);
  let text = '', budget = 120; // nodes looked at: a label or button has few
  const visit = (node) => {
    if (text.length >= limit || --budget < 0) return;
    const type = nodeTypeOf(node);
    if (type === 3) { text += nodeValueOf(node).slice(0, limit * 2); return; }
    if (type !== 1) return;
    const name = localNameOf(node);
    if (name === 'img') { text += ' ' + attributeText(node, 'alt', 60); return; }
    if (SILENT.has(name)) return;
    if (isShown && node !== element && !isLaidOut(node)) return;
    for (const child of childNodesOf(node)) visit(child);
    text += ' ';
  };
  visit(element);
  return squeeze(text, limit);
}

const quoted = (value) => '"' + value.replace(/["\\]/g, '\\$&').replace(/[\n\r\f]/g, '\\a ') + '"';
const selectorMemo = new Map();
const NAMED = new Set(['input', 'select', 'textarea', 'button', 'form', 'iframe']);

/** How often `name=` and `type=` values occur among the named elements of each root: counted once. */
const spokenNames = new Map();
const SPEAKING = ['name', 'type'];
const speakingKey = (element, name, attribute) => {
  if (attribute === 'type' && name !== 'input' && name !== 'button') return '';
  const value = attributeOf(element, attribute);
  if (!value || value.length > 80 || /^\s|\s$|>>>/.test(value)) return '';
  return name + '[' + attribute + '=' + quoted(attribute === 'type' ? value.toLowerCase() : value) + ']';
};
function countNames(element, name, root) {
  let counts = spokenNames.get(root);
  if (!counts) spokenNames.set(root, counts = new Map());
  for (const attribute of SPEAKING) {
    const key = speakingKey(element, name, attribute);
    if (key) counts.set(key, (counts.get(key) || 0) + 1);
  }
}

/** How often each id occurs in a root: one walk instead of one search a control. */
const idCounts = new Map();
function idsOf(root) {
  let counts = idCounts.get(root);
  if (!counts) {
    idCounts.set(root, counts = new Map());
    const elements = queryIn(root, '[id]');
    for (let index = 0, count = elements.length; index < count; index += 1) {
      const id = attributeOf(elements[index], 'id');
      counts.set(id, (counts.get(id) || 0) + 1);
    }
  }
  return counts;
}

/** A selector that matches exactly this element in its own root: by id, name or type, else by its place below such. */
function selectorInRoot(element, root) {
  const known = selectorMemo.get(element);
  if (known) return known;
  const name = localNameOf(element);
  const id = attributeOf(element, 'id');
  let found = null;
  if (id && id.length <= 80 && !/\s|>>>/.test(id) && idsOf(root).get(id) === 1) found = '#' + CSS.escape(id);
  if (!found && NAMED.has(name)) {
    const counts = spokenNames.get(root);
    for (const attribute of counts ? SPEAKING : []) {
      const key = speakingKey(element, name, attribute);
      if (key && counts.get(key) === 1) { found = key; break; }
    }
  }
  if (!found && name.includes('-') && isTagName(name) && queryIn(root, name).length === 1) found = name;
  if (!found) {
    const parent = parentNodeOf(element);
    const step = childStep(element, name);
    if (parent && nodeTypeOf(parent) === 1) found = selectorInRoot(parent, root) + ' > ' + step;
    else found = parent && nodeTypeOf(parent) === 11 ? ':host > ' + step : ':root';
  }
  selectorMemo.set(element, found);
  return found;
}

const isTagName = (name) => /^[a-z][a-z0-9-]*$/.test(name);
function childStep(element, name) {
  const isPlain = isTagName(name);
  let place = 1;
  for (let node = element; (node = previousSiblingOf(node));) place += !isPlain || localNameOf(node) === name ? 1 : 0;
  return isPlain ? name + ':nth-of-type(' + place + ')' : ':nth-child(' + place + ')';
}

/** The selector from the top of this frame's document, ` >>> ` stepping into shadow roots. */
function selectorOf(element) {
  const root = rootOf(element);
  const inner = selectorInRoot(element, root);
  const host = nodeTypeOf(root) === 11 ? hostOf(root) : null;
  return host ? selectorOf(host) + ' >>> ' + inner : inner;
}
