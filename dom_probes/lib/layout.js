// Where things stand and whether a user can see and click them. Boxes are in CSS pixels from the top-left corner of the
// frame's viewport at scroll 0,0 for the top document, and of its present viewport for a frame.

const boxMemo = new Map();

function boxOf(element, shift) {
  const rect = rectOf(element);
  return { x: round(rect.x + shift.x), y: round(rect.y + shift.y), width: round(rect.width), height: round(rect.height) };
}
const round = (value) => Math.round(value * 10) / 10;

/** What an element does to the drawing of what is inside of it; read once an element. */
function drawingOf(element) {
  const known = boxMemo.get(element);
  if (known) return known;
  const style = getComputedStyle(element), name = localNameOf(element), display = style.display;
  const isPage = name === 'html' || name === 'body' || display === 'inline' || display === 'contents';
  const overflow = isPage ? 'visible' : style.overflow; // one value where both ways are alike: each property read costs
  const [overX, overY = overX] = overflow === 'visible' ? ['visible'] : overflow.split(' ');
  const clipsX = overX !== 'visible', clipsY = overY !== 'visible', position = style.position;
  const drawing = {
    style, position, opacity: Number(style.opacity), clipsX, clipsY, scrolls: /auto|scroll/.test(overflow),
    rect: clipsX || clipsY ? rectOf(element) : null, isCutAway: isCutAway(style, position),
  };
  boxMemo.set(element, drawing);
  return drawing;
}
/** Whether fixed parts hang on an element too, as absolute ones do on any that is positioned. */
const holdsFixed = ({ style }) => style.transform !== 'none' || style.filter !== 'none' || style.perspective !== 'none'
  || /transform|filter|perspective/.test(style.willChange) || /paint|layout|strict|content/.test(style.contain);

/** Whether clip or clip-path leaves nothing of an element: the ways in which pages write that. */
function isCutAway(style, position) {
  const shape = style.clipPath;
  if (shape !== 'none') {
    const sizes = (shape.match(/-?[\d.]+/g) || []).map(Number);
    if (/^inset\(/.test(shape)) return /%/.test(shape) && sizes[0] + (sizes.length > 2 ? sizes[2] : sizes[0]) >= 100;
    if (/^(circle|ellipse)\(\s*0/.test(shape)) return true;
    if (/^polygon\(/.test(shape) && sizes.length > 1) return sizes.every((size) => size === sizes[0]);
  }
  if (position !== 'static' && position !== 'relative' && style.clip !== 'auto') {
    const [top, right, bottom, left] = (style.clip.match(/-?[\d.]+/g) || []).map(Number);
    return bottom - top <= 1 || right - left <= 1;
  }
  return false;
}

const CHECKS = { opacityProperty: true, visibilityProperty: true };
const VISIBLE = { visibilityProperty: true };
const FAINT = 0.05; // of what is drawn with a twentieth of its colour nobody sees anything

/** What is left of an element when everything around it has clipped it, as a reason why nothing is; '' when enough is. */
function clippedBy(element, rect, smallest) {
  let left = rect.left, top = rect.top, right = rect.right, bottom = rect.bottom, opacity = 1;
  let escapes = 'static'; // the position of what is looked at: absolute and fixed parts are only held by what they hang on
  for (let node = element; node && nodeTypeOf(node) === 1; node = composedParentOf(node)) {
    const drawing = drawingOf(node);
    opacity *= drawing.opacity;
    if (drawing.isCutAway) return 'clipped';
    if (node !== element && (drawing.clipsX || drawing.clipsY)) {
      const holds = escapes === 'static' || escapes === 'absolute' && drawing.position !== 'static' || holdsFixed(drawing);
      const around = drawing.rect, isSmall = around.width < smallest || around.height < smallest;
      if (holds && (!drawing.scrolls || isSmall)) {
        if (drawing.clipsX) { left = Math.max(left, around.left); right = Math.min(right, around.right); }
        if (drawing.clipsY) { top = Math.max(top, around.top); bottom = Math.min(bottom, around.bottom); }
        if (right - left < smallest || bottom - top < smallest) return 'clipped';
      }
    }
    if (drawing.position === 'fixed' || drawing.position === 'absolute') {
      if (escapes !== 'fixed' || holdsFixed(drawing)) escapes = drawing.position;
    } else if (escapes === 'absolute' && drawing.position !== 'static' || escapes !== 'static' && holdsFixed(drawing)) {
      escapes = 'static';
    }
  }
  return opacity < FAINT ? 'visibility or opacity' : '';
}

/** Why a user cannot see an element: '' when they can. `smallest` is the least width and height in pixels. */
function hiddenBy(element, shift, smallest) {
  if (!isRendered(element)) return 'not rendered';
  if (!isRendered(element, VISIBLE)) return 'visibility or opacity';
  const rect = rectOf(element);
  if (rect.width < smallest || rect.height < smallest) return 'no size';
  if (rect.right + shift.x <= 0 || rect.bottom + shift.y <= 0) return 'outside the page';
  if (rect.left + shift.x >= Math.max(widthOfPage(), innerWidth)) return 'outside the page';
  const reason = clippedBy(element, rect, smallest);
  return reason === 'visibility or opacity' && drawnUnder(element, rect) ? '' : reason;
}

const ANY_CONTROL = 'input, select, textarea, button, iframe';

/** The drawn box that a transparent field lies over, as sites do that draw their fields themselves; null: there is none. A
 *  click in its middle goes to the field, and what is drawn there is about as large and no control of its own. */
function drawnUnder(element, rect) {
  const x = rect.left + rect.width / 2, y = rect.top + rect.height / 2;
  if (!/^(input|textarea)$/.test(localNameOf(element)) || topmostAt(x, y) !== element) return null;
  const area = rect.width * rect.height;
  for (const under of elementsFromPoint(document, x, y)) {
    if (under === element || matches(under, ANY_CONTROL)) continue;
    const box = rectOf(under), style = getComputedStyle(under);
    if (box.width * box.height > 2.5 * area) continue;
    const common = Math.max(0, Math.min(box.right, rect.right) - Math.max(box.left, rect.left))
      * Math.max(0, Math.min(box.bottom, rect.bottom) - Math.max(box.top, rect.top));
    const isDrawn = parseFloat(style.borderBottomWidth) > 0 && style.borderBottomStyle !== 'none'
      || !/^rgba\(.*, 0\)$/.test(style.backgroundColor) || style.backgroundImage !== 'none' || style.boxShadow !== 'none';
    if (common >= 0.6 * area && isDrawn && !clippedBy(under, box, 4)
      && Array.from(queryIn(under, ANY_CONTROL)).every((control) => control === element)) return under;
  }
  return null;
}

function isInert(element) {
  for (let node = element; node && nodeTypeOf(node) === 1; node = composedParentOf(node)) if (hasAttribute(node, 'inert')) return true;
  return false;
}

/** Whether an element is inert because a wall lies over the page: what is inert is all of the page but the wall, which can be
 *  seen and says that it is a dialog. */
function isBehindWall(element) {
  let inert = null;
  for (let node = element; node && nodeTypeOf(node) === 1; node = composedParentOf(node)) if (hasAttribute(node, 'inert')) inert = node;
  return Boolean(inert) && Array.from(queryIn(document, 'dialog[open], [role=dialog], [role=alertdialog], [aria-modal=true]'))
    .some((wall) => !isWithin(wall, inert) && isRendered(wall, CHECKS));
}

/** Whether a click anywhere in the middle of an element that geometry lets be seen can not reach it: it is turned away, cut
 *  by a shape, or lies behind the ground of what holds it. False where no hit test reaches. */
function isOutOfReach(element) {
  const rect = rectOf(element), y = rect.top + rect.height / 2;
  if (getComputedStyle(element).pointerEvents === 'none' || isInert(element) || hasModal()) return false;
  for (const part of [0.5, 0.25, 0.75]) {
    const x = rect.left + rect.width * part;
    if (x < 0 || y < 0 || x >= innerWidth || y >= innerHeight) return false;
    const root = rootOf(element);
    const stack = nodeTypeOf(root) === 11 ? root.elementsFromPoint(x, y) : elementsFromPoint(document, x, y);
    const place = stack.indexOf(element);
    if (place < 0) continue;
    const above = stack.slice(0, place);
    if (!above.some((top) => isWithin(element, top) && isOpaque(top))) return false;
  }
  return true;
}
let openModal = null;
/** Whether a modal dialog is open: everything outside of it is inert, and no hit test finds it. */
function hasModal() {
  if (openModal === null) openModal = queryIn(document, ':modal').length > 0;
  return openModal;
}
const isOpaque = (element) => !/^rgba\(.*, 0(\.\d+)?\)$/.test(getComputedStyle(element).backgroundColor);
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

const controlOf = getterOf(HTMLLabelElement, 'control');

/** What lies over the middle of an element: '' nothing, null when it cannot be said (outside of the viewport). */
function coveredBy(element) {
  const rect = rectOf(element);
  const top = topmostAt(rect.left + rect.width / 2, rect.top + rect.height / 2);
  if (!top) return null;
  if (isWithin(top, element) || isWithin(element, top)) return '';
  if (localNameOf(top) === 'label' && [null, element].includes(controlOf(top)) || closestInteractive(top, element)) return '';
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
