// Where things stand and whether a user can see and click them. Boxes are in CSS pixels from the top-left corner of the
// frame's viewport at scroll 0,0 for the top document, and of its present viewport for a frame.

const clipMemo = new Map();

function boxOf(element, shift) {
  const rect = rectOf(element);
  return { x: round(rect.x + shift.x), y: round(rect.y + shift.y), width: round(rect.width), height: round(rect.height) };
}
const round = (value) => Math.round(value * 10) / 10;

/** The rectangle (viewport coordinates) that the overflow of an element and its ancestors leaves visible, or null. */
function clipOf(element) {
  if (clipMemo.has(element)) return clipMemo.get(element);
  const parent = composedParentOf(element);
  let clip = parent && nodeTypeOf(parent) === 1 ? clipOf(parent) : null;
  const name = localNameOf(element);
  if (name !== 'html' && name !== 'body') {
    const style = getComputedStyle(element);
    if (style.position === 'fixed') clip = null;
    if (style.overflowX === 'hidden' || style.overflowY === 'hidden' || style.overflowX === 'clip') {
      const rect = rectOf(element);
      // overflow does not hold absolutely positioned content whose container is outside; a parent of no height is taken
      // to be a float's or such a one, and clips nothing
      if (rect.width > 0 && rect.height > 0 || style.position !== 'static') {
        const own = { left: rect.left, top: rect.top, right: rect.right, bottom: rect.bottom };
        clip = clip ? {
          left: Math.max(clip.left, own.left), top: Math.max(clip.top, own.top),
          right: Math.min(clip.right, own.right), bottom: Math.min(clip.bottom, own.bottom),
        } : own;
      }
    }
  }
  clipMemo.set(element, clip);
  return clip;
}

const CHECKS = { opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true };

/** Why a user cannot see an element: '' when they can. `smallest` is the least width and height in pixels. */
function hiddenBy(element, shift, smallest) {
  if (!isRendered(element)) return 'not rendered';
  if (!isRendered(element, CHECKS)) return 'visibility or opacity';
  const rect = rectOf(element);
  if (rect.width < smallest || rect.height < smallest) return 'no size';
  if (rect.right + shift.x <= 0 || rect.bottom + shift.y <= 0) return 'outside the page';
  if (rect.left + shift.x >= Math.max(widthOfPage(), innerWidth)) return 'outside the page';
  const clip = clipOf(element);
  if (clip && (Math.min(clip.right, rect.right) - Math.max(clip.left, rect.left) < smallest
    || Math.min(clip.bottom, rect.bottom) - Math.max(clip.top, rect.top) < smallest)) return 'clipped';
  return '';
}
const documentElementOf = getterOf(Document, 'documentElement');
const scrollWidthOf = getterOf(Element, 'scrollWidth');
let pageWidth = -1;
function widthOfPage() {
  if (pageWidth < 0) {
    const root = documentElementOf(document);
    pageWidth = root ? scrollWidthOf(root) : 0;
  }
  return pageWidth;
}
const elementFromPoint = methodOf(Document, 'elementFromPoint'), elementsFromPoint = methodOf(Document, 'elementsFromPoint');

const INTERACTIVE = 'a[href], button, input, select, textarea, label, summary, iframe, [role=button], [role=link], '
  + '[onclick], [data-gridrunner-onclick], [tabindex], [contenteditable=""], [contenteditable=true]';

/** The topmost element at a point of the viewport, through open shadow roots; null outside of the viewport. */
function topmostAt(x, y) {
  if (x < 0 || y < 0 || x >= innerWidth || y >= innerHeight) return null;
  let found = elementFromPoint(document, x, y);
  for (let depth = 0; found && depth < 8; depth += 1) {
    const root = shadowRootOf(found);
    const inner = root && root.elementFromPoint(x, y);
    if (!inner || inner === found) break;
    found = inner;
  }
  return found;
}

function isWithin(node, ancestor) {
  for (; node; node = nodeTypeOf(node) === 11 ? hostOf(node) : null) {
    if (contains(ancestor, node)) return true;
    node = rootOf(node);
  }
  return false;
}

/** What lies over the middle of an element: '' nothing, null when it cannot be said (outside of the viewport). */
function coveredBy(element) {
  const rect = rectOf(element);
  const top = topmostAt(rect.left + rect.width / 2, rect.top + rect.height / 2);
  if (!top) return null;
  if (isWithin(top, element) || isWithin(element, top)) return '';
  if (localNameOf(top) === 'label' || closestInteractive(top, element)) return '';
  return describe(top);
}
/** Whether the thing on top is only the element's own label or a wrapper that belongs to it. */
function closestInteractive(top, element) {
  const parent = composedParentOf(element);
  const around = parent && composedParentOf(parent);
  return Boolean(around) && nodeTypeOf(around) === 1 && isWithin(top, around) && queryIn(around, 'input, select, textarea').length === 1;
}

function describe(element) {
  const id = attributeOf(element, 'id');
  const kind = (attributeOf(element, 'class') || '').trim().split(/\s+/)[0];
  return (localNameOf(element) + (id ? '#' + id : kind ? '.' + kind : '')).slice(0, 60);
}

const BUTTON_SIZE = 24; // pixels: the least target size of WCAG 2.2, success criterion 2.5.8

/** What lies over a field as a whole (a cookie wall, a dialog): its outermost part that does not hold the field. */
function overlayOf(field) {
  const rect = rectOf(field);
  let top = topmostAt(rect.left + rect.width / 2, rect.top + rect.height / 2);
  if (!top || isWithin(top, field) || isWithin(field, top)) return null;
  for (let parent; (parent = composedParentOf(top)) && nodeTypeOf(parent) === 1 && !isWithin(field, parent);) top = parent;
  return top;
}

/**
 * The places where a one-click login could stand beside a field, best first, each with what a hit test finds there;
 * the first that covers nothing ends the search. What lies over the whole field now is seen past: it will go away. Below
 * the first screen the boxes of what stands around the field are asked instead: nothing is scrolled.
 */
function placesBeside(field, submit, group, shift) {
  const rect = rectOf(field), isRtl = getComputedStyle(field).direction === 'rtl', half = BUTTON_SIZE / 2;
  const middle = rect.top + rect.height / 2, side = Math.max(4, Math.min(8, (rect.height - BUTTON_SIZE) / 2));
  const overlay = overlayOf(field), places = [];
  let beside = null;
  const hitAt = (x, y) => {
    if (x >= 0 && y >= 0 && x < innerWidth && y < innerHeight) return overlay ? beneath(x, y, overlay) : topmostAt(x, y);
    beside = beside || elementsBeside(field);
    return standsAt(x, y, beside);
  };
  const isClean = (name, left, top) => {
    const place = placeAt(name, field, left, top, shift, hitAt);
    places.push(place);
    return place.seen > 0 && !place.covers.length;
  };
  if (rect.width >= 5 * BUTTON_SIZE && rect.height >= 18
    && isClean('inside-end', isRtl ? rect.left + side : rect.right - side - BUTTON_SIZE, middle - half)) return places;
  if (isClean('end', isRtl ? rect.left - side - BUTTON_SIZE : rect.right + side, middle - half)) return places;
  if (submit) {
    const below = rectOf(submit);
    if (isClean('below', isRtl ? below.right - BUTTON_SIZE : below.left, below.bottom + side)) return places;
  }
  const top = group ? Math.min(rectOf(group).top, rect.top) : rect.top;
  isClean('above', isRtl ? rect.right - BUTTON_SIZE : rect.left, top - side - BUTTON_SIZE);
  return places;
}

const NEIGHBOURS = 200; // elements measured around a field below the first screen: a bound on the time that they take

/** What is drawn around a field, with its rectangles: the elements of the nearest ancestors that hold enough of them. */
function elementsBeside(field) {
  let around = field;
  for (let parent; (parent = composedParentOf(around)) && nodeTypeOf(parent) === 1; around = parent) {
    if (localNameOf(parent) === 'body' || queryIn(parent, '*').length > NEIGHBOURS) break;
  }
  return Array.from(queryIn(around, '*')).filter((element) => isRendered(element, CHECKS)).map((element) => [element, rectOf(element)]);
}
/** The innermost element at a point outside of the viewport, where no hit test reaches: the last one drawn there. */
function standsAt(x, y, beside) {
  if (x + scrollX < 0 || y + scrollY < 0) return null;
  let found = documentElementOf(document);
  for (const [element, rect] of beside) if (x >= rect.left && x < rect.right && y >= rect.top && y < rect.bottom) found = element;
  return found;
}

function placeAt(side, field, left, top, shift, hitAt) {
  const covers = new Map(), inset = 3;
  let seen = 0, isTested = true;
  for (const [dx, dy] of [[0.5, 0.5], [0, 0], [1, 1]]) {
    const x = left + inset + dx * (BUTTON_SIZE - 2 * inset), y = top + inset + dy * (BUTTON_SIZE - 2 * inset);
    const hit = hitAt(x, y);
    if (!hit) continue;
    seen += 1;
    isTested = isTested && x < innerWidth && y >= 0 && y < innerHeight;
    if (hit === field || isWithin(field, hit)) continue;
    const control = closestControl(hit, field);
    const text = control ? describe(control) : '';
    if (control) covers.set(text, true);
    else if (!covers.has(describe(hit)) && ownText(hit)) covers.set(describe(hit), false);
  }
  return {
    side, box: { x: round(left + shift.x), y: round(top + shift.y), width: BUTTON_SIZE, height: BUTTON_SIZE },
    seen, is_tested: isTested, covers: Array.from(covers, ([what, interactive]) => ({ what, interactive })),
  };
}
/** The topmost element at a point that is not a part of an overlay (light DOM of the top document only). */
function beneath(x, y, overlay) {
  const stack = x < 0 || y < 0 || x >= innerWidth || y >= innerHeight ? [] : elementsFromPoint(document, x, y);
  return stack.find((element) => !isWithin(element, overlay)) || null;
}
function closestControl(node, field) {
  for (; node && nodeTypeOf(node) === 1; node = composedParentOf(node)) {
    if (isWithin(field, node)) return null; // a clickable thing around the field is the field's own
    if (matches(node, INTERACTIVE)) {
      return localNameOf(node) === 'label' && !queryIn(node, 'input, a').length ? null : node;
    }
  }
  return null;
}
function ownText(element) {
  for (const child of childNodesOf(element)) if (nodeTypeOf(child) === 3 && nodeValueOf(child).trim()) return true;
  return localNameOf(element) === 'img' || localNameOf(element) === 'svg';
}
