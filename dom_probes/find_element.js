/* Finds the element that a selector of a site list names, from this frame on.
 *
 * Takes {segments: [CSS, ...], wait_for: null | "visible" | "clickable", deadline_ms}: the parts of `host >>> inner`.
 * A part that ends at an open shadow host goes on inside it; one that ends at a frame element stops there and hands the
 * rest back, for whoever can ask that frame. With `wait_for` the answer comes when the element is visible (and, for
 * "clickable", nothing lies over its middle), without polling: mutations, ended transitions and loads look again.
 *
 * Gives null (nothing matches, now or until the deadline), {blocked_by: text} (it is there, but hidden or covered), or
 * {selector, x, y, width, height, content_x, content_y, rest: [CSS, ...]}: the middle of the element, the corner of its content
 * in CSS pixels of this frame's viewport; `selector` is as the collector writes it, "" before it ran.
 * Keeps the frame element where it stopped as `globalThis.__gridrunner.lastFrame` of this isolated world, and the element
 * that it found as `lastFound`.
 */
({segments, wait_for: waitFor, deadline_ms: deadlineMs}) => {
  const shared = (globalThis.__gridrunner ||= {});
  const getter = (owner, name) => Object.getOwnPropertyDescriptor(owner, name).get;
  const shadowRootOf = getter(Element.prototype, 'shadowRoot');  // a form may have a field of this name
  const query = (root, css) =>
    (root instanceof Document ? Document : DocumentFragment).prototype.querySelector.call(root, css);
  const boxOf = (element) => Element.prototype.getBoundingClientRect.call(element);
  const isFrame = (element) => element instanceof HTMLIFrameElement || element instanceof HTMLFrameElement;

  function walk() {
    let root = document;
    const roots = [document];
    for (let index = 0; index < segments.length; index++) {
      const element = query(root, segments[index]);
      if (!element) return {roots};
      const rest = segments.slice(index + 1);
      if (!rest.length || isFrame(element)) return {roots, element, rest};
      const inner = shadowRootOf.call(element);
      if (!inner) return {roots};
      root = inner;
      roots.push(inner);
    }
    return {roots};
  }

  function whyNot(element) {
    const box = boxOf(element);
    const style = getComputedStyle(element);
    if (box.width < 1 || box.height < 1 || style.visibility !== 'visible' || style.display === 'none') return 'it is hidden';
    if (waitFor !== 'clickable') return null;
    const top = element.getRootNode().elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    if (!top || top === element || element.contains(top) || top.contains(element)) return null;
    const name = top.localName + (top.id ? '#' + top.id : '') + (top.classList.length ? '.' + top.classList[0] : '');
    return `${name} lies over it`;
  }

  function describe({element, rest}) {
    const box = boxOf(element);
    if (rest.length) shared.lastFrame = element;
    else shared.lastFound = element;
    return {
      selector: shared.selectorOf ? shared.selectorOf(element) : '',
      x: box.x + box.width / 2,
      y: box.y + box.height / 2,
      width: box.width,
      height: box.height,
      content_x: box.x + element.clientLeft,
      content_y: box.y + element.clientTop,
      rest,
    };
  }

  function look() {
    const found = walk();
    if (!found.element) return {found, answer: null};
    if (!waitFor) return {found, answer: describe(found)};
    const box = boxOf(found.element);
    const isOutside = box.bottom > innerHeight || box.top < 0 || box.right > innerWidth || box.left < 0;
    if (isOutside) found.element.scrollIntoView({block: 'center', inline: 'nearest', behavior: 'instant'});
    const reason = whyNot(found.element);
    return reason ? {found, answer: {blocked_by: reason}} : {found, answer: describe(found), isDone: true};
  }

  const first = look();
  if (!waitFor || first.isDone) return first.answer;
  return new Promise((resolve) => {
    const observer = new MutationObserver(again);
    const events = ['transitionend', 'animationend', 'toggle', 'load', 'scroll'];
    const timer = setTimeout(() => finish(look().answer), deadlineMs);
    const observed = new Set();
    function observe(roots) {
      for (const root of roots) {
        if (observed.has(root)) continue;
        observed.add(root);
        observer.observe(root, {subtree: true, childList: true, attributes: true});
      }
    }
    function finish(answer) {
      clearTimeout(timer);
      observer.disconnect();
      for (const name of events) document.removeEventListener(name, again, true);
      resolve(answer);
    }
    function again() {
      const {found, answer, isDone} = look();
      if (isDone) finish(answer);
      else observe(found.roots);
    }
    for (const name of events) document.addEventListener(name, again, true);
    observe(first.found.roots);
  });
}
