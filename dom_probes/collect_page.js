/**
 * The facts of one frame: what is there, what it is called, where it stands, whether a user can reach it.
 *
 * One function, called in an isolated world of each frame by the DevTools protocol; it decides nothing. `options`:
 * `caps` (see CAPS), `closed_roots`; further arguments are ShadowRoot objects of closed roots, which page script cannot
 * reach. It never throws (what failed is in `errors`), reads no global by a name that a page could take, descends into
 * open and given shadow roots but not into frames (each gets its own call), and returns plain JSON:
 *
 *   version, url, title, lang, dir, viewport, page_size, address (paths the page gives itself), ready_state
 *   fields[]   controls that hold data; `order` is the place in the composed document, `group` an index into groups
 *   buttons[]  what can be pressed; links[]; headings[]; each with `order`
 *   groups[]   forms, and groups of fields without one (is_form false), with hidden inputs and the words above
 *   frames[]   frame elements in the order of globalThis.__gridrunner.frameElements (isolated world)
 *   closed[]   what was found in the given closed roots; truncated{}, errors[], elapsed_ms
 *
 * Invariant: no value that a user typed or a server put into a field leaves the page, only whether there is one.
 */
function collectPage(options, ...closedRoots) {
  //@include lib/dom.js
  //@include lib/layout.js
  //@include lib/labels.js
  //@include lib/groups.js

  const started = performance.now();
  // On 99 of 100 corpus pages there are at most 61 fields, 89 buttons, 112 headings, 10 frames; links 1,060 (2026-11-24).
  const CAPS = { elements: 20000, fields: 160, buttons: 140, links: 140, headings: 30, frames: 40, bytes: 262144 };
  const caps = Object.assign(CAPS, (options && options.caps) || {});
  const errors = [], truncated = {};
  const shift = window === window.top ? { x: scrollX, y: scrollY } : { x: 0, y: 0 };

  const attempt = (what, make, otherwise) => {
    try { return make(); } catch (error) {
      if (errors.length < 20) errors.push(what + ': ' + String(error && error.message).slice(0, 160));
      return otherwise;
    }
  };
  const found = { fields: [], buttons: [], links: [], headings: [], frames: [], forms: [], hidden: [] };
  const orderOf = new Map(), inClosedRoot = new Set();
  const shadow = { open: 0, hosts: [] };
  const closedByHost = new Map(closedRoots.filter((root) => root instanceof ShadowRoot).map((root) => [root.host, root]));
  const LINKS_BESIDE = 14; // links, buttons and headings after a field within which a link is kept
  const PRESSED = 30; // <a> without href that are kept as buttons: lists of countries and the like are made of them
  let order = 0, lastField = -99, pressed = 0;

  const keep = (kind, element) => {
    if (found[kind].length < caps[kind]) found[kind].push(element);
    else truncated[kind] = (truncated[kind] || 0) + 1;
  };
  const walk = (root, isClosed) => {
    const hosts = hostsIn(root, closedByHost);
    const elements = queryIn(root, hosts.size ? '*' : KEPT);
    for (let index = 0, count = elements.length; index < count; index += 1) { // for … of costs three times as much, cold
      const element = elements[index], name = localNameOf(element), kind = kindOf(element, name);
      if (kind === 'labels') countLabel(element, root);
      else if (kind) {
        order += 1;
        if (kind === 'fields') lastField = order;
        // the first links of a page lead to its login; later ones tell something only beside fields
        const isFar = kind === 'links' && found.links.length >= caps.links / 2 && order - lastField > LINKS_BESIDE;
        const isOfMany = kind === 'buttons' && name === 'a' && (pressed += 1) > PRESSED;
        if (order > caps.elements || isFar || isOfMany) {
          truncated[kind] = (truncated[kind] || 0) + 1;
          continue;
        }
        orderOf.set(element, order);
        if (isClosed) inClosedRoot.add(element);
        if (NAMED.has(name)) countNames(element, name, root);
        if (kind === 'forms' || kind === 'hidden') found[kind].push(element); else keep(kind, element);
      }
      const inner = hosts.size ? hosts.get(element) : null;
      if (inner) {
        const isHidden = isClosed || closedByHost.get(element) === inner;
        if (shadow.hosts.length < 20 && isHidden) shadow.hosts.push(element);
        if (!isHidden) shadow.open += 1;
        walk(inner, isHidden);
      }
    }
  };
  attempt('walk', () => walk(document, false));

  const groups = attempt('groups', () => groupFields(found, orderOf), { list: [], of: new Map(), order: orderOf, unseen: new Set() });
  const common = (element) => ({
    order: orderOf.get(element), selector: selectorOf(element), tag: localNameOf(element),
    id: attributeText(element, 'id', 80), name: attributeText(element, 'name', 80),
    class: attributeText(element, 'class', 120), box: boxOf(element, shift),
    group: groups.of.has(element) ? groups.of.get(element) : null,
    ...(inClosedRoot.has(element) ? { in_closed_root: true } : {}),
  });
  const isTyped = (type) => !/^(checkbox|radio|button|submit|reset|image|file|range|color|hidden)$/.test(type);

  const isPlain = (type) => /^(radio|select|file|range|color)$/.test(type); // no login asks for them: little is told of these
  let hitTests = 12; // fields asked for what lies over them; a page of more fields than this is a long form
  const numbers = new Map(); // ancestors by number, so that common ancestors can be told from the facts
  const chainOf = (element) => chainOfAncestors(element, numbers);
  const isUnseen = (element) => !isRendered(element);

  const fieldFacts = (element) => {
    const name = localNameOf(element);
    const type = name === 'input' ? inputTypeOf(element) : name === 'select' || name === 'textarea' ? name : 'text';
    const takesText = isTyped(type);
    let hidden = hiddenBy(element, shift, takesText ? 4 : 1);
    if (hidden === 'not rendered' || isPlain(type)) {
      const isOfUnseenLogin = hidden && groups.unseen.has(groups.of.get(element));
      return {
        order: orderOf.get(element), selector: selectorOf(element), type, hidden, group: groups.of.get(element),
        id: attributeText(element, 'id', 80), name: attributeText(element, 'name', 80),
        autocomplete: attributeText(element, 'autocomplete', 60), ...(hidden && !isOfUnseenLogin ? {} : { label: labelOf(element, 80) }),
        ...(isOfUnseenLogin ? unseenWords(element, takesText) : {}),
      };
    }
    if (!hidden && takesText && hitTests > 0 && isOutOfReach(element)) hidden = 'out of reach';
    const role = attributeText(element, 'role', 12) || (hasAttribute(element, 'list') ? 'combobox' : '');
    const isMasked = takesText && type !== 'password' && getComputedStyle(element).webkitTextSecurity !== 'none';
    const facts = {
      ...common(element), chain: chainOf(element), type, ...(isMasked ? { is_masked: true } : {}), ...(role ? { role } : {}), type_attribute: (attributeOf(element, 'type') || '').slice(0, 20),
      autocomplete: attributeText(element, 'autocomplete', 60), label: labelOf(element, 80),
      aria_label: attributeText(element, 'aria-label', 80) || wordsOfIds(element, 'aria-labelledby', 80),
      placeholder: attributeText(element, 'placeholder', 80), title: attributeText(element, 'title', 80),
      hidden, required: hasAttribute(element, 'required') || attributeOf(element, 'aria-required') === 'true',
      readonly: hasAttribute(element, 'readonly'), disabled: matches(element, ':disabled'),
      inert: isInert(element) && !isBehindWall(element), maxlength: numberOf(element, 'maxlength'), inputmode: attributeText(element, 'inputmode', 12),
      tabindex: numberOf(element, 'tabindex'), aria_hidden: attributeOf(element, 'aria-hidden') === 'true',
    };
    if (takesText || type === 'checkbox' || type === 'radio') {
      facts.before = facts.label && !takesText ? '' : wordsBeside(element, 'previousNode', 60);
      facts.after = takesText && type !== 'password' ? '' : wordsBeside(element, 'nextNode', 80); // after a password stand its rules
    }
    if (takesText) {
      facts.described = wordsOfIds(element, 'aria-describedby', 80);
      facts.pattern = attributeText(element, 'pattern', 40);
      facts.has_value = hasAttribute(element, 'value') && attributeOf(element, 'value') !== '';
      facts.onfocus = handlerText(element, 'onfocus', 80);
      if (!hidden && hitTests > 0) { hitTests -= 1; facts.covered_by = coveredBy(element); }
      if (!hidden && type === 'password') facts.above = wordsAbove(typedBefore(element, found.fields, groups), 160);
    }
    return facts;
  };
  /** What a field of a login that is not shown is called: it would be told apart by these when it is. */
  const unseenWords = (element, takesText) => ({
    aria_label: attributeText(element, 'aria-label', 80), placeholder: attributeText(element, 'placeholder', 80),
    title: attributeText(element, 'title', 80),
    before: takesText ? wordsBeside(element, 'previousNode', 60) : '', after: takesText ? '' : wordsBeside(element, 'nextNode', 80),
  });
  const buttonFacts = (element) => {
    const name = localNameOf(element);
    const type = name === 'input' ? inputTypeOf(element) : name === 'button' ? buttonTypeOf(element) : '';
    const value = name === 'input' ? attributeText(element, 'value', 60) || attributeText(element, 'alt', 60) : '';
    if (isUnseen(element)) {
      const words = groups.unseen.has(groups.of.get(element)) ? {
        text: value || wordsOf(element, 60), aria_label: attributeText(element, 'aria-label', 60),
        id: attributeText(element, 'id', 80), name: attributeText(element, 'name', 80),
      } : {};
      return { order: orderOf.get(element), selector: selectorOf(element), type, hidden: 'not rendered', group: groups.of.get(element), ...words };
    }
    const image = name === 'img' ? attributeText(element, 'alt', 60) : '';
    return {
      ...common(element), chain: chainOf(element), type, text: value || image || wordsOf(element, 60),
      aria_label: attributeText(element, 'aria-label', 60) || wordsOfIds(element, 'aria-labelledby', 60),
      title: attributeText(element, 'title', 60), hidden: hiddenBy(element, shift, 2), disabled: matches(element, ':disabled'),
      href: attributeText(element, 'href', 100), onclick: handlerText(element, 'onclick', 60),
    };
  };
  const linkFacts = (element) => (!isRendered(element, CHECKS) && !isOfUnseen(element) ? null : {
    order: orderOf.get(element), selector: selectorOf(element),
    text: wordsOf(element, 60) || attributeText(element, 'aria-label', 60) || attributeText(element, 'title', 60),
    href: attributeText(element, 'href', 120), id: attributeText(element, 'id', 60),
    class: attributeText(element, 'class', 60), hidden: isRendered(element, CHECKS) ? '' : 'not rendered',
  });
  const unseenElements = [...groups.unseen].map((index) => groups.list[index].element);
  const isOfUnseen = (element) => unseenElements.some((group) => contains(group, element));
  const headingFacts = (element) => ({
    order: orderOf.get(element), tag: localNameOf(element), text: wordsOf(element, 100), hidden: isLaidOut(element) ? '' : 'not rendered',
  });
  const frameFacts = (element) => {
    const box = boxOf(element, shift), hidden = hiddenBy(element, shift, 4);
    const style = getComputedStyle(element), side = (name) => parseFloat(style[name]) || 0;
    const left = side('borderLeftWidth') + side('paddingLeft'), top = side('borderTopWidth') + side('paddingTop');
    return {
      order: orderOf.get(element), selector: selectorOf(element), box, visible: !hidden, hidden,
      content_box: {
        x: box.x + left, y: box.y + top,
        width: box.width - left - side('borderRightWidth') - side('paddingRight'),
        height: box.height - top - side('borderBottomWidth') - side('paddingBottom'),
      },
      src: attributeText(element, 'src', 200).split(/[?#]/)[0], title: attributeText(element, 'title', 80),
      name: attributeText(element, 'name', 60), id: attributeText(element, 'id', 60),
      sandbox: hasAttribute(element, 'sandbox') ? attributeText(element, 'sandbox', 100) : null,
      has_srcdoc: hasAttribute(element, 'srcdoc'), covered_by: hidden ? null : coveredBy(element),
    };
  };
  const all = (kind, make) => found[kind].map((element) => attempt(kind, () => make(element), null)).filter(Boolean);

  const fields = all('fields', fieldFacts);
  const buttons = all('buttons', buttonFacts);
  const groupList = attempt('groups', () => groups.list.map((group, index) => groupFacts(group, index, groups, found, orderOf, shift)), []);
  attempt('places', () => addPlaces(fields, buttons, found, groups, shift));
  globalThis.__gridrunner = Object.assign(globalThis.__gridrunner || {}, { frameElements: found.frames, selectorOf });

  const facts = {
    version: 1, url: location.href.split(/[?#]/)[0].slice(0, 300), ...attempt('page', pageFacts, {}),
    fields, buttons, groups: groupList, links: all('links', linkFacts), headings: all('headings', headingFacts),
    frames: all('frames', frameFacts), shadow_roots: shadow.open,
    closed: shadow.hosts.map((host) => attempt('closed', () => ({ host: selectorOf(host), box: boxOf(host, shift) }), null)),
    elements: order, truncated, errors,
  };
  attempt('size', () => shrink(facts, caps.bytes, truncated));
  facts.elapsed_ms = Math.round((performance.now() - started) * 100) / 100;
  return facts;
}
