"""Pages that try to get code through a copy: a table of known shapes, and a fuzzer that builds documents at random.

Everything that could run says so to `beacon`: an address that a test listens on. `CODE` in a vector is that code.
"""

from __future__ import annotations

import json
from typing import Final

DOM_VECTORS: Final = {
    # the six ways by which copies ran code in 2026-11
    "element in capitals": "const s = document.createElementNS(XHTML, 'SCRIPT'); s.append(CODE); box.append(s)",
    "element in capitals, SVG": "const s = document.createElementNS(SVG, 'SCRIPT'); s.append(CODE); svg().append(s)",
    "comment in a handler": 'box.innerHTML = `<img src=/logo.svg onload="**//${CODE}//">`',
    "handler in capitals": "const i = document.createElement('img'); i.setAttributeNS(null, 'ONERROR', CODE);"
    " i.setAttributeNS(null, 'ONLOAD', CODE); i.src = '/logo.svg'; box.append(i)",
    "frame in capitals": "const f = document.createElement('iframe'); f.setAttributeNS(null, 'SRCDOC', SCRIPT);"
    " f.setAttributeNS(null, 'Src', 'javascript:' + CODE); box.append(f)",
    "placeholder as text": 'box.innerHTML = \'<p title="@sheet-0@" alt="@frame-0@">@sheet-0@ @frame-0@</p>\';'
    " const l = document.createElement('style'); l.append('p::after { content: \"\\\\\">' + IMAGE + '\" }'); box.append(l)",
    # other hands, same trick
    "mixed case": "const s = document.createElementNS(XHTML, 'ScRiPt'); s.append(CODE); box.append(s)",
    "prefix": "const s = document.createElementNS(XHTML, 'x:script'); s.append(CODE); box.append(s)",
    "another namespace": "const s = document.createElementNS('urn:x', 'script'); s.append(CODE); box.append(s)",
    "no namespace": "const s = document.createElementNS(null, 'script'); s.append(CODE); box.append(s)",
    "handler with a namespace": "box.innerHTML = '<svg><g/></svg>';"
    " box.firstChild.setAttributeNS('urn:x', 'x:onload', CODE); box.firstChild.setAttributeNS('urn:x', 'onload', CODE)",
    "link of SVG": "box.innerHTML = `<svg><a><text y=20>x</text></a></svg>`;"
    " box.querySelector('a').setAttributeNS(XLINK, 'xlink:HREF', 'javascript:' + CODE);"
    " box.querySelector('a').setAttributeNS(XLINK, 'xlink:href', 'javascript:' + CODE)",
    "use of data": 'box.innerHTML = `<svg><use href=\'data:image/svg+xml,<svg id=x xmlns="${SVG}" onload="${CODE}"/>#x\'/></svg>`',
    "animated link": 'box.innerHTML = `<svg><a><animate attributeName=href values="javascript:${CODE}"/><set'
    ' attributeName=href to="javascript:${CODE}"/><text y=20>x</text></a></svg>`',
    "base": "const b = document.createElementNS(XHTML, 'BASE'); b.setAttribute('href', 'javascript:/'); box.append(b)",
    "refresh": "const m = document.createElement('meta'); m.setAttributeNS(null, 'HTTP-EQUIV', 'refresh');"
    " m.setAttribute('name', 'viewport'); m.setAttribute('content', '0;url=javascript:' + CODE); box.append(m)",
    "action": 'box.innerHTML = `<form action="java\\nscript:${CODE}"><button formaction=" \\x01javascript:${CODE}">x</button></form>`',
    "scheme with a tab": 'box.innerHTML = `<a href="jav&#9;ascript:${CODE}">x</a><a href="VBScript:x">x</a>`',
    "object": 'box.innerHTML = `<object data="data:text/html,${SCRIPT}"></object><embed src="data:text/html,${SCRIPT}">`',
    "text of a style": "const s = document.createElement('style');"
    " s.append('</style>' + IMAGE + '<!--</style' + IMAGE); box.append(s)",
    "style in SVG": "box.innerHTML = '<svg></svg>'; const s = document.createElementNS(SVG, 'style');"
    " s.append(IMAGE + '</style>' + IMAGE); box.firstChild.append(s)",
    "style inside of a formula": "const m = document.createElementNS(MATH, 'math'), s = document.createElement('style');"
    " s.append('a { content: \"' + IMAGE + '\" } ' + IMAGE); m.append(s); box.append(m)",
    "name in a style": "const s = document.createElement('style');"
    " s.append('.\\\\3c img\\\\20 src\\\\3d x {} @media (1px<img) {} a{b:\\\\<img}'); svg().append(s)",
    "long number in a style": "const s = document.createElement('style'); s.append('a{b:' + '9'.repeat(5000) + '}'); box.append(s)",
    "deep style": "const s = document.createElement('style'); s.append('a{b:' + '('.repeat(20000) + '}'); box.append(s)",
    "text of a script": "const x = document.createElement('xmp'); x.append('</xmp>' + IMAGE); box.append(x);"
    " for (const n of ['noscript', 'noembed', 'noframes', 'iframe', 'plaintext', 'textarea', 'title'])"
    " { const e = document.createElement(n); e.append(`</${n}>` + IMAGE); box.append(e) }",
    "elements in a title": "const t = document.createElement('title'), a = document.createElement('a');"
    " a.title = '</title>' + IMAGE; a.append('</title>' + IMAGE); t.append(a); box.append(t)",
    "comment": "box.append(document.createComment('--!>' + IMAGE + '-->'), document.createComment('>' + IMAGE))",
    "instruction": "box.append(document.createProcessingInstruction('x', '>' + IMAGE))",
    "quotes in a name": "for (const n of ['a\"onload', \"b'onload\", '<img', 'x`y', 'onload', 'ON\\u212aEY']) {"
    " try { const p = document.createElement('img'); p.setAttribute(n, CODE); p.setAttribute('alt', n); box.append(p) } catch { continue } }",
    "odd element names": "for (const n of ['a<img', 'b\"c', 'x:y', 'script\\u0130', 'x-\\u00e9', 'svg', 'math', 'style.x']) {"
    " try { const p = document.createElement(n); p.setAttribute('onclick', CODE); p.append(IMAGE); box.append(p) } catch { continue } }",
    "null": "const p = document.createElement('p'); p.append('\\0<\\0script>' + CODE); p.title = '\\0\">' + IMAGE;"
    " const a = document.createElement('a'); a.setAttribute('href', 'java\\0script:' + CODE); box.append(p, a)",
    "half a letter": "const p = document.createElement('p'); p.append('\\ud800' + IMAGE + '\\udc00'); p.title = '\\udc00\"'; box.append(p)",
    "template": "const t = document.createElement('template'); t.innerHTML = SCRIPT; t.setAttribute('shadowrootmode', 'open');"
    " t.append(IMAGE); box.append(t)",
    "shadow root": "box.attachShadow({ mode: 'open' }).innerHTML = `</template>${IMAGE}<style></template>${IMAGE}</style>`",
    "closed shadow root": "box.attachShadow({ mode: 'closed' }).innerHTML = `<svg onload=\"${CODE}\"></svg>${IMAGE}`",
    "our own marks": 'box.innerHTML = `<dialog data-gridrunner-modal=1 onclose="${CODE}">x</dialog>'
    '<p data-gridrunner-onclick="${CODE}" data-path="javascript:${CODE}"></p><img name=currentScript'
    ' data-path="javascript:${CODE}" data-elements="x-a">`',
    "our own script": "const s = document.createElement('script'); s.type = 'text/x'; s.append('/* gridrunner: what HTML cannot say */' + CODE); box.append(s)",
    "nested forms": "const f = document.createElement('form'), g = document.createElement('form');"
    " g.innerHTML = `<math><mtext></form><form><mglyph><style></math>${IMAGE}</style></mglyph></mtext></math>`; f.append(g); box.append(f)",
    "select": "const s = document.createElement('select'), d = document.createElement('div');"
    " d.innerHTML = `<style></select>${IMAGE}</style>`; s.append(d); box.append(s)",
    "table": "const t = document.createElement('table'); t.append(document.createElement('svg')); t.innerHTML += IMAGE;"
    " const c = document.createElementNS(SVG, 'desc'); c.append(IMAGE); t.append(c); box.append(t)",
    "head and body again": "for (const n of ['body', 'html', 'head', 'frameset']) {"
    " const e = document.createElement(n); e.setAttribute('onload', CODE); e.setAttribute('onpageshow', CODE); box.append(e) }",
    "clobbered": "box.innerHTML = `<form><input name=attributes><input name=childNodes><input name=localName>"
    "<input name=namespaceURI></form>`; box.firstChild.setAttribute('onclick', CODE)",
    "frames in frames": "box.innerHTML = '<iframe width=300 height=200></iframe>'; box.firstChild.srcdoc ="
    " `<iframe width=200 height=100 srcdoc=\"<p title='&amp;lt;/p&amp;gt;'>${IMAGE.replace(/\"/g, '&quot;')}</p>\"></iframe>`",
    "is": 'box.innerHTML = `<button is=x-y onclick="${CODE}" popovertarget=z>x</button><div popover id=z onbeforetoggle="${CODE}">y</div>`',
}
"""By name, a script that puts something into `box`."""

MARKUP_VECTORS: Final = {
    # shapes that mean something else when they are parsed a second time, after what is published on mutation XSS
    "formula, glyph and style": "<form><math><mtext></form><form><mglyph><style></math>IMAGE",
    "formula and comment": "<math><mtext><table><mglyph><style><!--</style>IMAGE-->",
    "annotation": "<math><annotation-xml encoding='text/html'><style></annotation-xml></math>IMAGE</style>",
    "drawing, title, style": "<svg><title><style></title>IMAGE</style></title></svg>",
    "drawing, description": "<svg><desc><noscript><p title='</noscript>IMAGE'></noscript></desc></svg>",
    "drawing in a paragraph": "<svg></p><style><a id='</style>IMAGE'>",
    "foreign object": "<svg><foreignObject><math><mi><style></mi></math>IMAGE</style></foreignObject></svg>",
    "noscript": "<noscript><p title='</noscript>IMAGE'>",
    "noembed": "<noembed><p title='</noembed>IMAGE'></noembed>",
    "example text": "<xmp><p title='</xmp>IMAGE'></xmp><listing>\n&lt;p title='IMAGE'</listing>",
    "text area": "<textarea><p title='</textarea>IMAGE'></textarea>",
    "title": "<title><p title='</title>IMAGE'></title>",
    "template": "<template><s><template><s>IMAGE</s></template></s></template>",
    "select": "<select><template><style><!--</style><a rel='--></style></template></select>IMAGE'></select>",
    "option": "<select><option><style></option></select>IMAGE</style></select>",
    "comments": "<!--><p title='--!>IMAGE'>--><!--!>IMAGE--><![CDATA[>IMAGE]]>",
    "section of XML": "<svg><![CDATA[><p title='IMAGE]]>'></svg><math><![CDATA[IMAGE]]></math>",
    "entities": "<p title='&quot;&gt;IMAGE' class=&quot;&gt;IMAGE>&lt;script&gt;CODE&lt;/script&gt;&amp;lt;img&amp;gt;</p>",
    "back quotes": "<div style='content: `IMAGE`' title='``onmouseover=CODE'>x</div>",
    "style attribute": "<div style='background:url(javascript:CODE);behavior:url(x.htc);x:expression(CODE)'>x</div>",
    "style with an end": "<style>a{content:'<\\/style>IMAGE'} b{x:'</sty\\\nle>IMAGE'}</style>",
    "keyframes": "<style>@keyframes x{}@import 'javascript:CODE';</style><b style='animation:x' onanimationstart='CODE'>x</b>",
    "details": "<details open ontoggle='CODE'><summary onclick='CODE'>x</summary></details>",
    "focus": "<input autofocus onfocus='CODE' onblur='CODE'><a tabindex=0 onfocusin='CODE'>x</a>",
    "media": "<video autoplay onloadstart='CODE'><source onerror='CODE'></video><audio src=x onerror='CODE'></audio>",
    "marquee": "<marquee onstart='CODE' loop=1>x</marquee>",
    "picture": "<picture><source srcset=x onerror='CODE'><img srcset='y 2x' onerror='CODE' lowsrc=javascript:CODE></picture>",
    "frame": "<iframe src='javascript:CODE'></iframe><iframe srcdoc='IMAGE'></iframe><frameset onload='CODE'></frameset>",
    "link": "<link rel=stylesheet href='data:text/css,*{}' onload='CODE'><link rel=import href='data:text/html,x'>",
    "map": "<map name=m><area shape=rect coords=0,0,9,9 href='javascript:CODE'></map><img usemap=#m>",
    "formula link": "<math href='javascript:CODE'><maction actiontype=statusline xlink:href='javascript:CODE'>x</maction></math>",
    "isindex": "<isindex type=image src=1 onerror='CODE'><keygen autofocus onfocus='CODE'><image src=x onerror='CODE'>",
    "button": "<form id=f></form><button form=f formaction='javascript:CODE'>x</button><input type=image src=x onerror='CODE'>",
}
"""By name, HTML; `IMAGE` stands for an image that runs code, `CODE` for code."""

_FUZZER: Final = r"""
function random(seed) { return () => { seed |= 0; seed = seed + 0x6D2B79F5 | 0; let t = Math.imul(seed ^ seed >>> 15, 1 | seed);
  t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t; return ((t ^ t >>> 14) >>> 0) / 4294967296; }; }
const next = random(SEED), pick = (list) => list[Math.floor(next() * list.length)];
const NAMES = ['div', 'p', 'a', 'b', 'svg', 'math', 'mtext', 'mi', 'mglyph', 'malignmark', 'annotation-xml', 'foreignObject', 'desc', 'title',
  'style', 'script', 'SCRIPT', 'Style', 'noscript', 'template', 'textarea', 'xmp', 'plaintext', 'noembed', 'noframes', 'iframe', 'IFRAME',
  'select', 'option', 'optgroup', 'table', 'tr', 'td', 'caption', 'col', 'form', 'FORM', 'input', 'button', 'img', 'IMG', 'image', 'object', 'embed',
  'use', 'animate', 'set', 'link', 'LINK', 'meta', 'META', 'base', 'BASE', 'body', 'html', 'head', 'frameset', 'frame', 'x-y', 'font-face', 'dialog',
  'details', 'video', 'audio', 'source', 'br', 'hr', 'pre', 'listing', 'ruby', 'rt', 'slot', 'portal', 'x:script', 'a"b', 'h1', 'nobr', 'marquee'];
const KEYS = ['onload', 'ONLOAD', 'onError', 'onclick', 'onfocus', 'ontoggle', 'x:onload', 'href', 'HREF', 'xlink:href', 'src', 'SRC', 'srcdoc', 'SrcDoc',
  'action', 'formaction', 'FORMACTION', 'data', 'style', 'STYLE', 'class', 'id', 'name', 'title', 'value', 'type', 'content', 'http-equiv', 'HTTP-EQUIV',
  'rel', 'attributeName', 'values', 'to', 'is', 'encoding', 'shadowrootmode', 'data-gridrunner-modal', 'data-x', 'a"b', "c'd", 'e<f', 'background',
  'poster', 'srcset', 'fill', 'filter', 'media', 'property', 'lang', 'popover', 'autofocus', 'form', 'media'];
const texts = () => [CODE, IMAGE, SCRIPT, '</style>' + IMAGE, '</title>' + IMAGE, '</textarea>' + IMAGE, '</script>' + IMAGE, '</noscript>' + IMAGE,
  '--!>' + IMAGE, ']]>' + IMAGE, '"><' + IMAGE, "'>" + IMAGE, '\0' + IMAGE, '<!--', '-->', '<![CDATA[', '&lt;' + IMAGE, '&#60;img', '\ud800', '\r\n' + IMAGE,
  'a{b:"' + IMAGE + '"}', 'a{b:url(javascript:' + CODE + ')}', '@import "x";a<b{}', '\\3c img src=x>', '/*' + IMAGE + '*/', '*/' + CODE + '/*', '**//' + CODE + '//',
  '@sheet-0@', '@frame-0@', '{{origin:x.y}}', 'plain', '</template>' + IMAGE, '</p>', '</svg>' + IMAGE, '</math>' + IMAGE, '</select>' + IMAGE];
const addresses = () => ['javascript:' + CODE, ' JaVaScRiPt:' + CODE, 'java\tscript:' + CODE, '\x01javascript:' + CODE, 'java\0script:' + CODE,
  'data:text/html,' + SCRIPT, 'DATA:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" onload="' + CODE + '"/>', 'vbscript:x', 'blob:x', 'view-source:x',
  '#x', '/path?a=b', '0;url=javascript:' + CODE, 'refresh', 'stylesheet', 'text/html', 'viewport', 'open', 'image', 'hidden'];
const SPACES = [XHTML, XHTML, XHTML, SVG, MATH, 'urn:x', null];
const MARKUP = MARKUPS.map((markup) => markup.replaceAll('IMAGE', IMAGE).replaceAll('CODE', CODE));
function grow(parent, depth) {
  for (let left = 1 + Math.floor(next() * 4); left > 0; left -= 1) {
    const roll = next();
    try {
      if (roll < 0.2) parent.append(pick(texts()));
      else if (roll < 0.25) parent.append(document.createComment(pick(texts())));
      else if (roll < 0.33 && parent.nodeType === 1) { const box = document.createElement('div'); box.innerHTML = pick(MARKUP); parent.append(...box.childNodes); }
      else {
        const element = document.createElementNS(pick(SPACES), pick(NAMES));
        for (let keys = Math.floor(next() * 4); keys > 0; keys -= 1) {
          try { element.setAttributeNS(next() < 0.2 ? XLINK : null, pick(KEYS), pick(next() < 0.5 ? texts() : addresses())); } catch { continue; }
        }
        if (/^(iframe|object|embed|frame|meta|base|link|script)$/i.test(element.localName) && element.namespaceURI === XHTML && next() < 0.5) continue;
        parent.append(element);
        if (next() < 0.15 && element.attachShadow) { try { grow(element.attachShadow({ mode: pick(['open', 'closed']) }), depth + 1); } catch { left = left; } }
        if (depth < 7) grow(element, depth + 1);
      }
    } catch { continue; }
  }
}
for (let trees = 0; trees < 40; trees += 1) { const box = document.createElement('div'); document.body.append(box); grow(box, 0); }
"""


def _constants(beacon: str, mark: str) -> str:
    """What vectors are made of, as the beginning of a script."""
    return (
        "const XHTML = 'http://www.w3.org/1999/xhtml', SVG = 'http://www.w3.org/2000/svg',"
        " MATH = 'http://www.w3.org/1998/Math/MathML', XLINK = 'http://www.w3.org/1999/xlink';\n"
        f"const CODE = `new Image().src='{beacon}?{mark}'`, IMAGE = `<img src=/nothing onerror=\"${{CODE}}\">`,"
        " SCRIPT = `<script>${CODE}</scr` + 'ipt>';\n"
        "const svg = () => { const made = document.createElementNS(SVG, 'svg'); box.append(made); return made; };\n"
        "let box = null;\n"
    )


def _page(script: str) -> str:
    return (
        "<!doctype html><html lang=en><head><title>Log in</title></head><body><h1>Log in</h1><form><label>Name "
        f"<input name=user></label><input type=password></form><script>{script.replace('</scr', '<' + chr(92) + '/scr')}"
        "</script></body></html>"
    )


def vector_page(names: list[str], beacon: str) -> str:
    """A page that puts the named vectors of both tables into boxes of their own."""
    parts = []
    for number, name in enumerate(names):
        mark = f"v{number}"
        make = DOM_VECTORS.get(name)
        if make is None:
            markup = json.dumps(MARKUP_VECTORS[name])
            make = f"box.innerHTML = {markup}.replaceAll('IMAGE', IMAGE).replaceAll('CODE', CODE)"
        parts.append(
            f"{{ {_constants(beacon, mark)} box = document.createElement('div'); document.body.append(box);"
            f" try {{ {make} }} catch (error) {{ box.append(String(error)); }} }}"
        )
    return _page("\n".join(parts))


def fuzzed_page(seed: int, beacon: str) -> str:
    """A page that the fuzzer builds from `seed`."""
    script = _FUZZER.replace("SEED", str(seed)).replace("MARKUPS", json.dumps(list(MARKUP_VECTORS.values())))
    return _page(_constants(beacon, f"s{seed}") + script)


AUDIT: Final = r"""
function (options) {
  const getter = (owner, name) => Function.prototype.call.bind(Object.getOwnPropertyDescriptor(owner.prototype, name).get);
  const nameOf = getter(Element, 'localName'), attributesOf = getter(Element, 'attributes'), textOf = getter(Node, 'textContent');
  const rootOf = getter(Element, 'shadowRoot'), markupOf = getter(Element, 'outerHTML');
  const has = Function.prototype.call.bind(Element.prototype.hasAttribute), get = Function.prototype.call.bind(Element.prototype.getAttribute);
  const wrong = [];
  const say = (element, what) => { if (wrong.length < 40) wrong.push(what + ' in ' + markupOf(element).slice(0, 160)); };
  const isScript = (text) => /^(javascript|vbscript|data|blob|filesystem):/i.test(text.replace(/[\t\n\r]/g, '').replace(/^[\x00-\x20]+/, ''));
  const isBlank = (text) => text === "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E";
  const isForbidden = (name) => /^(base|noscript|frame|frameset|applet|portal|animate|set|xmp|plaintext|noembed|noframes|annotation-xml)$/.test(name);
  const walk = (root) => {
    for (const element of Array.from((root.nodeType === 9 ? Document : DocumentFragment).prototype.querySelectorAll.call(root, '*'))) {
      const name = nameOf(element).toLowerCase(), attributes = Array.from(attributesOf(element));
      if (name === 'script' && textOf(element) !== options.script) say(element, 'a script');
      if (/^(object|embed)$/.test(name) && (has(element, 'data') || has(element, 'src') || has(element, 'type'))) say(element, 'an object');
      if (isForbidden(name)) say(element, name);
      if (name === 'iframe' && !has(element, 'srcdoc')) say(element, 'a frame of its own');
      if (name === 'link' && get(element, 'rel') !== 'canonical') say(element, 'a link');
      for (const { name: key, value } of attributes) {
        const folded = key.toLowerCase().replace(/^.*:/, '');
        if (/^on/.test(folded)) say(element, 'a handler');
        if (folded === 'http-equiv') say(element, 'a pragma');
        if (/^(href|src|action|formaction|data|poster|background|srcset)$/.test(folded) && isScript(value) && !isBlank(value)) say(element, 'an address');
        if (folded === 'srcdoc') walk(new DOMParser().parseFromString(value, 'text/html'));
      }
      if (rootOf(element)) walk(rootOf(element));
      if (name === 'template' && element.content) walk(element.content);
      if (name === 'style' && /<[a-z\/!?]|@import|@font-face|javascript:/i.test(textOf(element))) say(element, 'a style');
    }
  };
  walk(document);
  return wrong;
}
"""
"""A probe that looks for whatever could run in the document that a browser made of a copy; `options`: {script:
ours}."""
