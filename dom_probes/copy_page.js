/**
 * What one frame's document consists of, as data: elements, attributes, texts, styles. It decides nothing; what of it may
 * stand in a copy is decided by whoever writes the copy (`gridrunner.browser.rebuilding`).
 *
 * Called in an isolated world of each frame; `options`: {chars: what a frame may take}; further arguments are the closed
 * shadow roots of the document. Gives JSON: {pieces, path, is_standards, dropped}, where a piece is
 *   "text"                                     a text
 *   0                                          the end of the last open element or shadow root
 *   ["element", name, namespace, [name, value, …], {…}]  an element opens; the last part is that of `saidOf`
 *   ["shadow", mode, delegates focus]          a shadow root opens
 *   ["styles", media, text, address]           a style sheet; `address` where the browser may know more of it than the page
 * Visible frames are numbered (`frame`) as in globalThis.__gridrunner.copiedFrames of this world.
 *
 * Invariant: no script of the page leaves it, no value that a user typed and no text of a text area.
 */
function copyPage(options, ...closedRoots) {
  //@include lib/dom.js
  //@include lib/layout.js

  const SILENT_PARTS = new Set(['script', 'noscript', 'template', 'textarea', 'object', 'video', 'audio', 'iframe', 'noembed', 'noframes', 'xmp', 'plaintext']);
  const NAMESPACES = { 'http://www.w3.org/1999/xhtml': 'html', 'http://www.w3.org/2000/svg': 'svg', 'http://www.w3.org/1998/Math/MathML': 'math' };
  const DEPTH_LIMIT = 400; // nested elements; Chromium's own parser stops at 512

  const shared = (globalThis.__gridrunner = globalThis.__gridrunner || {});
  const frames = (shared.copiedFrames = []);
  const pieces = [], dropped = new Set();
  const closedByHost = new Map(closedRoots.filter((root) => root instanceof ShadowRoot).map((root) => [root.host, root]));
  let charsLeft = options.chars;
  const shift = { x: 0, y: 0 };

  const attributesOf = getterOf(Element, 'attributes'), namespaceOf = getterOf(Element, 'namespaceURI');
  const naturalWidthOf = getterOf(HTMLImageElement, 'naturalWidth');

  const takeText = (text) => {
    charsLeft -= text.length;
    if (charsLeft < 0) throw new Error('the page is too large to be copied');
    return text.toWellFormed();
  };
  function rulesOf(sheet) {
    let text = '';
    for (const rule of sheet.cssRules) {
      text += rule instanceof CSSImportRule ? (rule.styleSheet ? rulesOf(rule.styleSheet) : '') : rule.cssText + '\n';
    }
    return text;
  }
  const keepSheet = (sheet, text, address) => pieces.push(
    ['styles', takeText((sheet.media && sheet.media.mediaText) || ''), takeText(text), address],
  );
  /** The sheet of a <style> or <link> element. Text as written goes before rules read back, which lose var() shorthands. */
  function keepOwnedStyles(element) {
    const sheet = element.sheet;
    if (!sheet || sheet.disabled) return;
    const written = localNameOf(element) === 'style' ? textContentOf(element) : '';
    if (written.trim() && !/@import/i.test(written)) { keepSheet(sheet, written, null); return; }
    let rules = null;
    try { rules = rulesOf(sheet); } catch { rules = null; } // of another origin
    const isWhole = rules !== null && !(sheet.href && /var\(/.test(rules));
    if (isWhole || sheet.href) keepSheet(sheet, rules || '', isWhole ? null : sheet.href);
  }
  function keepAdoptedStyles(root) {
    for (const sheet of root.adoptedStyleSheets || []) {
      try { keepSheet(sheet, rulesOf(sheet), null); } catch { dropped.add('an adopted style sheet'); }
    }
  }

  /** What the attributes of an element do not say. */
  function saidOf(element, name) {
    const said = {};
    const type = name === 'input' ? inputTypeOf(element) : '';
    if (type) said.type = type;
    const isBroken = name === 'img' && naturalWidthOf(element) === 0; // shows its alt instead, and goes on doing so
    if (isBroken) said.is_broken = true;
    if ((/^(img|video|canvas|object|embed)$/.test(name) && !isBroken) || type === 'image') {
      const box = rectOf(element); // what stood in for the image keeps its room
      said.width = round(box.width);
      said.height = round(box.height);
    }
    if (name !== 'html' && matches(element, ':modal')) said.is_modal = true;
    if (name !== 'html' && matches(element, ':popover-open')) said.is_popover = true;
    if (name.includes('-') && matches(element, ':defined')) said.is_defined = true;
    if (name === 'iframe' && !hiddenBy(element, shift, 4)) said.frame = frames.push(element) - 1;
    return said;
  }

  function keepChildren(node, depth) {
    for (const child of childNodesOf(node)) keepNode(child, depth + 1);
  }

  function keepNode(node, depth) {
    const type = nodeTypeOf(node);
    if (type === 3) { pieces.push(takeText(nodeValueOf(node))); return; }
    if (type !== 1) return;
    if (depth > DEPTH_LIMIT) { dropped.add('elements nested deeper than ' + DEPTH_LIMIT); return; }
    const namespace = NAMESPACES[namespaceOf(node)] || 'other';
    const name = localNameOf(node), isHtml = namespace === 'html';
    if (isHtml && name === 'style') { keepOwnedStyles(node); return; }
    if (isHtml && name === 'link' && node.sheet) { keepOwnedStyles(node); return; }
    const attributes = [];
    for (const attribute of attributesOf(node)) attributes.push(takeText(attribute.name), takeText(attribute.value));
    pieces.push(['element', takeText(name), namespace, attributes, isHtml ? saidOf(node, name) : {}]);
    if (!SILENT_PARTS.has(name.toLowerCase())) {
      const root = shadowRootOf(node) || closedByHost.get(node);
      if (root) keepShadow(root, depth);
      keepChildren(node, depth);
    }
    pieces.push(0);
  }

  function keepShadow(root, depth) {
    const mode = root.mode === 'closed' ? 'closed' : 'open';
    pieces.push(['shadow', mode, root.delegatesFocus === true]);
    keepAdoptedStyles(root);
    keepChildren(root, depth);
    pieces.push(0);
  }

  const root = getterOf(Document, 'documentElement')(document);
  if (root) keepNode(root, 0);
  keepAdoptedStyles(document);
  const path = window === window.top && /^https?:$/.test(location.protocol) ? location.pathname : '/';
  const isStandards = getterOf(Document, 'compatMode')(document) === 'CSS1Compat';
  return JSON.stringify({ pieces, path, is_standards: isStandards, dropped: [...dropped] });
}
