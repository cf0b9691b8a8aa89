/**
 * One frame's document as HTML that shows and says the same without its scripts, its server and what a user put into it.
 *
 * Called in an isolated world of each frame; `options`: {style_bytes} (what styles may take); further arguments are the
 * closed shadow roots of the document. Gives {html, frames, sheets, dropped}: where a visible frame element stands,
 * `html` has srcdoc="@frame-N@" (N indexes globalThis.__gridrunner.copiedFrames of this world); where a style sheet could
 * not be read from the page, <style>@sheet-N@</style> (N indexes `sheets`, its addresses). `dropped` says in words what
 * was left out.
 *
 * Invariant: no value that a user typed or a server put into a field, no query value, no script of the page leaves it.
 * Tokens and e-mail addresses in what remains are masked by whoever takes the copy (`gridrunner.browser.scrubbing`).
 */
function copyPage(options, ...closedRoots) {
  //@include lib/dom.js
  //@include lib/layout.js

  const VOID = new Set(['area', 'base', 'br', 'col', 'embed', 'hr', 'img', 'input', 'link', 'meta', 'source', 'track', 'wbr']);
  const LEFT_OUT = new Set(['script', 'noscript', 'template', 'base', 'source', 'track', 'noembed', 'noframes', 'xmp', 'plaintext']);
  const KEPT_META = /^(viewport|description|og:url|og:title|og:site_name|application-name|color-scheme)$/i;
  const ADDRESSES = new Set(['href', 'action', 'formaction', 'src', 'cite', 'longdesc', 'xlink:href', 'content']);
  const DROPPED = /^(srcset|imagesrcset|srcdoc|nonce|integrity|ping|background|poster|data|archive|codebase|sandbox|csp|allow|manifest|http-equiv|autofocus|loading|crossorigin|referrerpolicy)$/;
  const SECRET = /token|csrf|xsrf|nonce|secret|session|auth[_-]?key|api[_-]?key|signature|user[_-]?(id|name|mail)/i;
  // Values that name a purpose and nobody: the ones that login forms of the corpus carry in hidden inputs (2026-11-24).
  const PURPOSE = /^(log[_ -]?(in|on)|sign[_ -]?(in|up|on)|auth(enticate)?|register|registration|create|search|subscribe|newsletter|forgot|reset|password|pay|checkout|submit|post|yes|no|true|false|on|off|local|ldap|email|phone|username)$/i;
  const BLANK = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E";
  const DATA_LIMIT = 60; // characters of a data-* attribute that can be a selector's; longer ones are an application's state
  const DEPTH_LIMIT = 400; // nested elements; Chromium's own parser stops at 512

  const shared = (globalThis.__gridrunner = globalThis.__gridrunner || {});
  const frames = (shared.copiedFrames = []);
  const sheets = [], dropped = new Set(), custom = new Set();
  const closedByHost = new Map(closedRoots.filter((root) => root instanceof ShadowRoot).map((root) => [root.host, root]));
  let stylesLeft = (options && options.style_bytes) || 1500000, hasTopLayer = false;
  const shift = { x: 0, y: 0 };

  const escapeText = (text) => text.replace(/[&<>\u00a0]/g, (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[char] || '&nbsp;');
  const escapeAttribute = (text) => text.replace(/[&"<>]/g, (char) => ({ '&': '&amp;', '"': '&quot;', '<': '&lt;', '>': '&gt;' })[char]);
  const attributesOf = getterOf(Element, 'attributes'), namespaceOf = getterOf(Element, 'namespaceURI');
  const naturalWidthOf = getterOf(HTMLImageElement, 'naturalWidth');
  const XHTML = 'http://www.w3.org/1999/xhtml';

  /** An address without user, query values and fragment values; a script's address as one that does nothing. */
  function cleanAddress(address) {
    const text = address.trim();
    if (text.startsWith('#')) return text;
    if (/^javascript:/i.test(text)) return 'javascript:void 0';
    if (/^(data|blob|filesystem):/i.test(text)) return BLANK;
    if (/^(mailto|tel|sms):/i.test(text)) return text.split(':')[0] + ':';
    const [path, query] = text.replace(/^([a-z][a-z0-9+.-]*:)?\/\/[^/@?#]*@/i, '$1//').split('#')[0].split('?');
    const names = (query || '').split('&').filter(Boolean).slice(0, 6).map((pair) => {
      const [name, value] = pair.split('=');
      return name.slice(0, 30) + '=' + (value && PURPOSE.test(value) ? value : '');
    });
    return path + (names.length ? '?' + names.join('&') : '');
  }

  function cleanStyles(text) {
    return text.replace(/\/\*[^]*?\*\//g, '').replace(/@font-face\s*\{[^}]*\}/gi, '').replace(/@import[^;]+;/gi, '')
      .replace(/@charset[^;]+;/gi, '').replace(/url\(\s*(?!["']?#)(?:"[^"]*"|'[^']*'|[^)]*)\)/gi, 'url("data:,")')
      .replace(/<\/style/gi, '<\\/style');
  }
  function takeStyles(text) {
    const clean = cleanStyles(text);
    if (clean.length > stylesLeft) { dropped.add('styles beyond ' + options.style_bytes + ' characters'); return ''; }
    stylesLeft -= clean.length;
    return clean;
  }
  function rulesOf(sheet) {
    let text = '';
    for (const rule of sheet.cssRules) {
      text += rule instanceof CSSImportRule ? (rule.styleSheet ? rulesOf(rule.styleSheet) : '') : rule.cssText + '\n';
    }
    return text;
  }
  const styleElement = (sheet, text) => {
    const media = sheet.media && sheet.media.mediaText;
    return '<style' + (media ? ' media="' + escapeAttribute(media) + '"' : '') + '>' + text + '</style>';
  };
  /** The sheet of a <style> or <link> element. Text as written goes before rules read back, which lose var() shorthands. */
  function ownedStyles(element) {
    const sheet = element.sheet;
    if (!sheet || sheet.disabled) return '';
    const written = localNameOf(element) === 'style' ? textContentOf(element) : '';
    if (written.trim() && !/@import/i.test(written)) return styleElement(sheet, takeStyles(written));
    let rules = null;
    try { rules = rulesOf(sheet); } catch { rules = null; } // of another origin
    if (rules !== null && !(sheet.href && /var\(/.test(rules))) return styleElement(sheet, takeStyles(rules));
    if (!sheet.href) return '';
    sheets.push({ address: sheet.href, rules: rules === null ? null : takeStyles(rules) });
    return styleElement(sheet, '@sheet-' + (sheets.length - 1) + '@');
  }
  function adoptedStyles(root) {
    let html = '';
    for (const sheet of root.adoptedStyleSheets || []) {
      try { html += styleElement(sheet, takeStyles(rulesOf(sheet))); } catch { dropped.add('an adopted style sheet'); }
    }
    return html;
  }

  function cleanValue(element, name, type, value) {
    if (name !== 'input') return /^(li|progress|meter)$/.test(name) ? value : null;
    if (/^(submit|button|reset)$/.test(type)) return value;
    if (type === 'hidden') return PURPOSE.test(value) ? value : '';
    if (/^(checkbox|radio|file|image)$/.test(type)) return null;
    return value === '' ? '' : /^(number|range)$/.test(type) ? '0' : 'masked'; // that there is one is a fact, not which
  }

  function attributesHtml(element, name) {
    const type = name === 'input' ? inputTypeOf(element) : '';
    let html = '', style = null;
    const isBroken = name === 'img' && naturalWidthOf(element) === 0; // shows its alt instead, and goes on doing so
    for (const { name: key, value } of attributesOf(element)) {
      if (!/^[^\s"'<>/=\u0000]+$/.test(key) || DROPPED.test(key)) continue;
      let kept = value;
      if (/^on/.test(key)) { // what a handler is called tells what a button is for; as a comment it does nothing
        kept = '/* ' + value.replace(/\*\//g, '').replace(/(["'`])(?:(?!\1).)*\1/g, '$1$1').slice(0, 120) + ' */';
      } else if (key === 'value') kept = cleanValue(element, name, type, value);
      else if (key === 'style') { style = cleanStyles(value); continue; }
      else if (key === 'content') kept = /url$/i.test(attributeOf(element, 'property') || '') ? cleanAddress(value) : value.slice(0, 300);
      else if (ADDRESSES.has(key)) kept = cleanAddress(value);
      else if (key.startsWith('data-') && (value.length > DATA_LIMIT || SECRET.test(key))) kept = '';
      else if (/^(checked|selected)$/.test(key)) continue;
      if (kept === null || (key === 'src' && isBroken)) continue;
      if (key === 'src' && name !== 'iframe') kept = BLANK;
      html += ' ' + key + '="' + escapeAttribute(kept) + '"';
    }
    if ((/^(img|video|canvas|object|embed)$/.test(name) && !isBroken) || (name === 'input' && type === 'image')) {
      const box = rectOf(element); // what stood in for the image keeps its room
      style = (style ? style + ';' : '') + 'width:' + round(box.width) + 'px;height:' + round(box.height) + 'px';
    }
    if (style) html += ' style="' + escapeAttribute(style) + '"';
    for (const [selector, mark] of [[':modal', 'modal'], [':popover-open', 'popover']]) {
      if (name !== 'html' && matches(element, selector)) { html += ' data-gridrunner-' + mark + '=""'; hasTopLayer = true; }
    }
    if (name === 'iframe') {
      const isSeen = !hiddenBy(element, shift, 4);
      html += isSeen ? ' srcdoc="@frame-' + (frames.push(element) - 1) + '@"' : ' srcdoc=""';
    }
    return html;
  }

  function childrenHtml(node, depth) {
    let html = '';
    for (const child of childNodesOf(node)) html += nodeHtml(child, depth + 1);
    return html;
  }

  function nodeHtml(node, depth) {
    const type = nodeTypeOf(node);
    if (type === 3) return escapeText(nodeValueOf(node));
    if (type !== 1) return '';
    if (depth > DEPTH_LIMIT) { dropped.add('elements nested deeper than ' + DEPTH_LIMIT); return ''; }
    const isHtml = namespaceOf(node) === XHTML;
    const name = isHtml ? localNameOf(node) : getterOf(Node, 'nodeName')(node);
    if (!/^[A-Za-z][^\s/>"'=]*$/.test(name) || LEFT_OUT.has(name)) return '';
    if (name === 'style' && isHtml) return ownedStyles(node);
    if (name === 'link') {
      const rel = (attributeOf(node, 'rel') || '').toLowerCase();
      return rel === 'canonical' ? '<link rel="canonical" href="' + escapeAttribute(cleanAddress(attributeOf(node, 'href') || '')) + '">' : ownedStyles(node);
    }
    if (name === 'meta' && !KEPT_META.test(attributeOf(node, 'name') || attributeOf(node, 'property') || '')) return '';
    if (!isHtml && /^(image|foreignObject|script|style)$/.test(name) && name !== 'foreignObject') return '';
    if (isHtml && name.includes('-') && /^[a-z][a-z0-9._-]*$/.test(name) && matches(node, ':defined')) custom.add(name);
    const open = '<' + name + attributesHtml(node, name) + '>';
    if (VOID.has(name) && isHtml) return open;
    if (name === 'textarea' || name === 'object' || name === 'video' || name === 'audio' || name === 'iframe') return open + '</' + name + '>';
    const root = shadowRootOf(node) || closedByHost.get(node);
    const inner = (root ? shadowHtml(root, depth) : '') + childrenHtml(node, depth);
    const restore = name === 'body' ? adoptedStyles(document) + restoreScript() : '';
    return open + inner + restore + '</' + name + '>';
  }

  function shadowHtml(root, depth) {
    const mode = root.mode === 'closed' ? 'closed' : 'open';
    const focus = root.delegatesFocus ? ' shadowrootdelegatesfocus=""' : '';
    return '<template shadowrootmode="' + mode + '"' + focus + '>' + adoptedStyles(root) + childrenHtml(root, depth) + '</template>';
  }

  /** What HTML cannot say: its own address, that custom elements are defined, what is in the top layer. */
  function restoreScript() {
    const lines = [];
    const path = window === window.top && /^https?:$/.test(location.protocol) ? location.pathname : '/';
    if (path !== '/') lines.push('history.replaceState(null, "", ' + JSON.stringify(path).replace(/</g, '%3C') + ')');
    if (custom.size) {
      lines.push('for (const name of ' + JSON.stringify([...custom]) + ') try { customElements.define(name, class extends HTMLElement {}) } catch {}');
    }
    if (hasTopLayer) {
      lines.push("for (const box of document.querySelectorAll('dialog[data-gridrunner-modal]')) { box.close(); box.showModal() }");
      lines.push("for (const box of document.querySelectorAll('[data-gridrunner-popover]')) box.showPopover()");
    }
    return lines.length ? '<script>/* gridrunner: what HTML cannot say */\n' + lines.join('\n') + '\n</scr' + 'ipt>' : '';
  }

  const root = getterOf(Document, 'documentElement')(document);
  const doctype = getterOf(Document, 'doctype')(document) ? '<!DOCTYPE html>\n' : '';
  const html = root ? doctype + nodeHtml(root, 0) : '';
  return { html, frames: frames.length, sheets, dropped: [...dropped] };
}
