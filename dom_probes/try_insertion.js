/**
 * Puts a one-click button where a product would, in a closed shadow root, and tells what became of the page and of it.
 *
 * Called in the isolated world of the field's frame, phase by phase: {phase, …}. `find_element.js` has left the field in
 * globalThis.__gridrunner.lastFound. Phases, each a promise of JSON:
 *   reach     scrolls the field into view; {is_scrolled}
 *   insert    {side, offset: [dx, dy] from the field's corner, size}: puts the button there;
 *             {x, y (its middle), side, gap_px, moved_px, moved, covered_by, is_visible, reason}
 *   clicked   waits up to 400 ms for a click on the button; {is_clicked, is_trusted, is_focus_kept}
 *   look      the same as insert tells of the button, once the layout has come to rest after a resize
 *   remove    takes the button out and scrolls back; {is_gone, is_equal, changed}
 *   compare   without a button: whether the page changes by itself within `wait_ms`; {is_equal, changed}
 *
 * Invariant: after `remove` nothing of it is in the page: no node, no style, no listener.
 */
function tryInsertion(question) {
  //@include lib/dom.js
  //@include lib/layout.js

  const shared = (globalThis.__gridrunner = globalThis.__gridrunner || {});
  const ELEMENTS = 4000; // measured a page; 7 of 930 development pages have more (2026-11-24), all below their login
  const REST_FRAMES = 3, REST_MS = 500, CLICK_MS = 400, MOVING_PX = 0.5;
  const SIDES = ['inside-end', 'end', 'above']; // to go to when a field has changed its size; below it stands the next field
  const field = shared.lastFound;

  const frame = () => new Promise((resolve) => {
    const timer = setTimeout(resolve, 60); // a tab that is not drawn gets no frames
    requestAnimationFrame(() => { clearTimeout(timer); resolve(); });
  });
  const rectsOf = (elements) => elements.map((element) => { const box = rectOf(element); return [box.x, box.y, box.width, box.height]; });
  const distance = (left, right) => Math.max(...left.map((value, index) => Math.abs(value - right[index])));
  const rootElement = () => getterOf(Document, 'documentElement')(document);

  /** The whole page as text, open shadow roots included. */
  function pageText() {
    const parts = [], outer = getterOf(Element, 'outerHTML'), inner = getterOf(ShadowRoot, 'innerHTML');
    parts.push(outer(rootElement()));
    const walk = (root) => {
      for (const element of queryIn(root, '*')) {
        const shadow = shadowRootOf(element);
        if (shadow) { parts.push(inner(shadow)); walk(shadow); }
      }
    };
    walk(document);
    return parts.join('\n');
  }
  function watch(ours) {
    const changed = new Map();
    const take = (records) => {
      for (const record of records) {
        if (ours && (record.target === ours || [...record.addedNodes, ...record.removedNodes].includes(ours))) continue;
        const target = nodeTypeOf(record.target) === 1 ? record.target : parentNodeOf(record.target);
        if (target && nodeTypeOf(target) === 1 && changed.size < 5) changed.set(describe(target) + (record.attributeName ? '[' + record.attributeName + ']' : ''), true);
      }
    };
    const observer = new MutationObserver(take);
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    return { stop: () => { take(observer.takeRecords()); observer.disconnect(); return [...changed.keys()]; } };
  }

  /** The dialog or popover around the field: outside of it nothing can be seen or clicked. */
  function layerOf(element) {
    for (let node = element; node; node = composedParentOf(node)) {
      if (nodeTypeOf(node) === 1 && node !== rootElement() && (matches(node, ':modal') || matches(node, ':popover-open'))) return node;
    }
    return rootElement();
  }

  function cornerFor(side, rect, size, isRtl) {
    const gap = Math.max(4, Math.min(8, (rect.height - size) / 2)), middle = rect.top + (rect.height - size) / 2;
    switch (side) {
      case 'inside-end': return [isRtl ? rect.left + gap : rect.right - gap - size, middle];
      case 'end': return [isRtl ? rect.left - gap - size : rect.right + gap, middle];
      default: return [isRtl ? rect.right - size : rect.left, rect.top - gap - size];
    }
  }

  function place(state) {
    const rect = rectOf(field), size = state.size;
    const isRtl = getComputedStyle(field).direction === 'rtl';
    const isFirst = state.width === rect.width && state.height === rect.height;
    const sides = isFirst || SIDES.includes(state.side) ? [state.side, ...SIDES.filter((side) => side !== state.side)] : SIDES;
    let corner = null;
    for (const side of sides) { // beside a field as wide as a phone is no room
      corner = side === state.side && isFirst ? [rect.left + state.offset[0], rect.top + state.offset[1]] : cornerFor(side, rect, size, isRtl);
      state.placed = side;
      if (corner[0] >= 0 && corner[0] + size <= innerWidth) break;
    }
    const { style } = state.host;
    const now = rectOf(state.host);
    style.left = (parseFloat(style.left) || 0) + corner[0] - now.left + 'px'; // whatever its containing block is
    style.top = (parseFloat(style.top) || 0) + corner[1] - now.top + 'px';
  }

  function lookAt(state) {
    const box = rectOf(state.host), rect = rectOf(field);
    const x = box.left + box.width / 2, y = box.top + box.height / 2;
    const gapX = Math.max(0, rect.left - box.right, box.left - rect.right), gapY = Math.max(0, rect.top - box.bottom, box.top - rect.bottom);
    const isFieldSeen = isRendered(field, CHECKS) && rect.width > 4 && rect.height > 4;
    const isInside = box.left >= -1 && box.right <= innerWidth + 1;
    const hit = topmostAt(x, y);
    const coveredBy = hit && hit !== state.host ? describe(hit) : '';
    const reason = !isFieldSeen ? 'the field itself cannot be seen' : !isInside ? 'it stands outside of the page'
      : hit === null ? 'it is outside of what can be seen' : coveredBy ? coveredBy + ' lies over it' : '';
    return {
      x, y, side: state.placed, box: [round(box.left), round(box.top), round(box.width), round(box.height)],
      gap_px: round(Math.max(gapX, gapY)), covered_by: coveredBy, is_field_visible: isFieldSeen, is_visible: !reason, reason,
    };
  }

  async function reach() {
    const rect = rectOf(field);
    shared.scrolled = [];
    for (let node = field; node; node = composedParentOf(node)) {
      if (nodeTypeOf(node) === 1) shared.scrolled.push([node, node.scrollLeft, node.scrollTop]);
    }
    shared.scrolledWindow = [scrollX, scrollY];
    const room = 60; // for a button above or below
    const isSeen = window === window.top // a frame cannot tell what its page shows of it
      && rect.top >= room && rect.bottom <= innerHeight - room && rect.left >= 0 && rect.right <= innerWidth;
    if (!isSeen) {
      methodOf(Element, 'scrollIntoView')(field, { block: 'center', inline: 'nearest', behavior: 'instant' });
      for (let count = 0; count < 3; count += 1) await frame(); // pages around it, in other processes, scroll a little later
    }
    return { is_scrolled: !isSeen };
  }

  async function insert() {
    await frame();
    const elements = Array.from(queryIn(document, '*')).slice(0, ELEMENTS);
    const first = rectsOf(elements);
    const text = pageText();
    const watcher = watch(null);
    await frame();
    const before = rectsOf(elements);
    const host = document.createElement('gridrunner-button');
    const isRestless = watcher.stop().length > 0;
    host.style.cssText = 'all: initial; position: absolute; left: 0px; top: 0px; z-index: 2147483647; display: block; '
      + 'width: ' + question.size + 'px; height: ' + question.size + 'px; margin: 0; pointer-events: auto;';
    const root = host.attachShadow({ mode: 'closed' });
    const button = document.createElement('button');
    button.type = 'button';
    button.setAttribute('aria-label', 'one-click login');
    button.style.cssText = 'all: initial; display: block; box-sizing: border-box; width: 100%; height: 100%; cursor: pointer; '
      + 'border-radius: 4px; background: #2563eb; border: 1px solid #fff;';
    root.append(button);
    const rect = rectOf(field);
    const state = {
      host, side: question.side, placed: question.side, offset: question.offset, size: question.size, width: rect.width,
      height: rect.height, text, isRestless, focus: document.activeElement, click: null, ends: [],
    };
    shared.insertion = state;
    const listen = (target, name, handler, options) => {
      target.addEventListener(name, handler, options);
      state.ends.push(() => target.removeEventListener(name, handler, options));
    };
    listen(button, 'click', (event) => { state.click = { isTrusted: event.isTrusted }; });
    listen(button, 'mousedown', (event) => event.preventDefault()); // the field keeps its focus
    for (const name of ['pointerdown', 'pointerup', 'mousedown', 'mouseup', 'click']) {
      listen(host, name, (event) => event.stopPropagation()); // "a click outside" closes many a login
    }
    const again = () => place(state);
    listen(window, 'resize', again);
    listen(document, 'scroll', again, { capture: true, passive: true });
    const sizes = new ResizeObserver(again);
    state.ends.push(() => sizes.disconnect());
    layerOf(field).append(host);
    place(state);
    sizes.observe(field);
    await frame();
    const after = rectsOf(elements);
    let worst = 0, moved = '';
    elements.forEach((element, index) => {
      if (distance(first[index], before[index]) > MOVING_PX) return; // moves by itself
      const by = distance(before[index], after[index]);
      if (by > worst) { worst = by; moved = describe(element); }
    });
    return { ...lookAt(state), moved_px: round(worst), moved, measured: elements.length };
  }

  async function clicked() {
    const state = shared.insertion, deadline = performance.now() + CLICK_MS;
    while (!state.click && performance.now() < deadline) await frame();
    return {
      is_clicked: Boolean(state.click), is_trusted: Boolean(state.click && state.click.isTrusted),
      is_focus_kept: document.activeElement === state.focus,
    };
  }

  async function look() {
    const state = shared.insertion, deadline = performance.now() + REST_MS;
    let last = null, still = 0;
    while (still < REST_FRAMES && performance.now() < deadline) {
      await frame();
      place(state);
      const now = rectsOf([field])[0];
      still = last && distance(last, now) < MOVING_PX ? still + 1 : 0;
      last = now;
    }
    const rect = rectOf(field);
    if (rect.bottom > innerHeight || rect.top < 0) {
      methodOf(Element, 'scrollIntoView')(field, { block: 'center', inline: 'nearest', behavior: 'instant' });
      await frame();
      place(state);
    }
    return lookAt(state);
  }

  async function remove() {
    const state = shared.insertion;
    if (!state) return { is_gone: true, is_equal: true, changed: [] };
    for (const end of state.ends) end();
    state.host.remove();
    shared.insertion = null;
    for (const [node, left, top] of shared.scrolled || []) { node.scrollLeft = left; node.scrollTop = top; }
    if (shared.scrolledWindow) window.scrollTo(...shared.scrolledWindow);
    await frame();
    return { is_gone: !state.host.isConnected, is_equal: pageText() === state.text, is_restless: state.isRestless };
  }

  async function compare() {
    const before = pageText(), watcher = watch(null);
    await new Promise((resolve) => setTimeout(resolve, question.wait_ms));
    const changed = watcher.stop();
    return { is_equal: pageText() === before, changed };
  }

  return { reach, insert, clicked, look, remove, compare }[question.phase]();
}
