/**
 * Everything on a page that may lead on: links, and what can be pressed, whether it is shown or not.
 *
 * For `gridrunner sites discover`. Beside collect_page.js, which keeps what a login form is judged by: here are links that
 * a closed menu holds, addresses in full, and what icons without words are called. It decides nothing. `options`: `caps`.
 *
 *   url, language, links[]   href, text, icon, id, class, place (header, nav, footer), tab (opens one), hidden; selector
 *              where the address has a query
 *   buttons[]  selector, the same words, opens (aria-haspopup), is_open and tells (aria-expanded, <summary>), hidden,
 *              sends (a form with fields)
 */
function findWays(options) {
  //@include lib/dom.js
  const caps = Object.assign({ links: 500, buttons: 160, elements: 20000 }, (options && options.caps) || {});
  const known = globalThis.__gridrunner, nameOf = (known && known.selectorOf) || selectorOf;
  const LINK = 'a[href], area[href]';
  const BUTTON = 'button, summary, a:not([href]), input[type=button], input[type=submit], label[for], [role=button], [role=menuitem], [onclick], '
    + '[aria-haspopup], [aria-expanded]';
  const PLACE = 'header, nav, footer, [role=banner], [role=navigation], [role=contentinfo]';
  const PLACES = { banner: 'header', navigation: 'nav', contentinfo: 'footer' };
  const closestOf = methodOf(Element, 'closest');
  const links = [], buttons = [], seen = new Set();

  const placeOf = (element) => {
    const place = closestOf(element, PLACE);
    return place ? PLACES[attributeOf(place, 'role')] || localNameOf(place) : '';
  };
  /** What an element and the pictures in it are called. */
  const iconOf = (element) => {
    const names = [];
    for (const part of [element, ...[...queryIn(element, 'svg, use, i, img, span, title')].slice(0, 10)]) {
      const name = localNameOf(part);
      if (name === 'title') names.push(squeeze(textContentOf(part) || '', 40));
      else names.push(attributeText(part, 'class', 60), attributeText(part, 'id', 40), attributeText(part, 'data-icon', 40));
      if (name === 'use') names.push((attributeText(part, 'href', 120) || attributeText(part, 'xlink:href', 120)).split('#').pop());
      if (name === 'img') names.push(attributeText(part, 'src', 200).split(/[?#]/)[0].split('/').pop());
    }
    return squeeze(names.join(' '), 160);
  };
  const isOpen = (element) => attributeOf(element, 'aria-expanded') === 'true'
    || localNameOf(element) === 'summary' && Boolean(parentElementOf(element)) && hasAttribute(parentElementOf(element), 'open');
  const TYPED = 'textarea, select, input:not([type=hidden]):not([type=submit]):not([type=button]):not([type=image]):not([type=reset])';
  /** Whether a press would send a form that asks for something. */
  const sends = (element) => {
    const name = localNameOf(element), type = name === 'button' ? buttonTypeOf(element) : name === 'input' ? inputTypeOf(element) : '';
    const form = type === 'submit' ? formOf(element) : null;
    return Boolean(form) && queryIn(form, TYPED).length > 0;
  };
  const attempt = (make) => { try { make(); } catch { /* one element that a page took apart is not worth the others */ } };
  const wordsFor = (element) => ({
    text: wordsOf(element, 80) || attributeText(element, 'aria-label', 80) || attributeText(element, 'title', 80)
      || attributeText(element, 'value', 80),
    icon: iconOf(element), id: attributeText(element, 'id', 60), class: attributeText(element, 'class', 80),
    place: placeOf(element), hidden: !isRendered(element, { visibilityProperty: true, opacityProperty: true }),
  });
  const readLink = (element) => {
    const href = String(attributeOf(element, 'href') || '').trim().slice(0, 600);
    const words = wordsFor(element), key = href + '\n' + words.text;
    if (!href || seen.has(key)) return;
    seen.add(key);
    if (/^(#(?![!/])|javascript:)/i.test(href)) { // it leads nowhere by itself: it is pressed
      buttons.push({ ...words, selector: nameOf(element), ...stateOf(element) });
      return;
    }
    const address = new URL(href, document.baseURI).href.slice(0, 1000);
    links.push({
      ...words, href: address, tab: /^_?blank$/i.test(attributeOf(element, 'target') || ''),
      ...(/[?;]/.test(href) ? { selector: nameOf(element) } : {}), // its address may be good once
    });
  };
  const stateOf = (element) => ({
    opens: attributeText(element, 'aria-haspopup', 12), is_open: isOpen(element),
    tells: hasAttribute(element, 'aria-expanded') || localNameOf(element) === 'summary',
  });
  const readButton = (element) => {
    if (localNameOf(element) === 'a' && attributeOf(element, 'href')) return;
    buttons.push({ ...wordsFor(element), selector: nameOf(element), ...stateOf(element), sends: sends(element) });
  };
  const read = (root) => {
    for (const element of queryIn(root, LINK)) if (links.length < caps.links) attempt(() => readLink(element));
    for (const element of queryIn(root, BUTTON)) if (buttons.length < caps.buttons) attempt(() => readButton(element));
    let left = caps.elements;
    for (const element of queryIn(root, '*')) {
      if ((left -= 1) < 0) break;
      const inner = localNameOf(element).includes('-') ? shadowRootOf(element) : null;
      if (inner) read(inner);
    }
  };
  read(document);
  return {
    url: location.href.slice(0, 2000), language: (attributeOf(document.documentElement, 'lang') || '').slice(0, 20), links, buttons,
  };
}
