/**
 * When is the page ready to be probed? Called once in the top frame's isolated world; resolves, never rejects.
 *
 *   {by: "found"}     a password field that a user can see, or a field whose markup says that it takes a user name, and its
 *                     form has settled: no change, no animation that moves or fades it
 *   {by: "quiet"}     document and large frames are loaded, and nothing that could become a form has changed for a while
 *   {by: "deadline"}  neither came true within options.deadline_ms
 *
 * `options`: quiet_ms (the least quiet that says "nothing is there"), deadline_ms.
 *
 * Invariant: it waits on mutations, loads and the ends of animations; the only timers are the one until the next look and
 * the deadline. Only changes of fields, frames, forms and custom elements count as movement: a carousel or a clock would keep
 * every news page busy until its deadline.
 */
function waitUntilReady({ quiet_ms: quietMs, deadline_ms: deadlineMs }) {
  //@include lib/dom.js
  //@include lib/layout.js
  // The limits, tried on the demo list and on pages of our own in Chromium 156 (2026-11-24):
  const SETTLE_MS = 50;           // a form that scripts put together is complete this long after its last change
  const PARSE_STALL_MS = 500;     // a parser stuck behind a script that never ends adds nothing more
  const LAYOUT_WAIT_MS = 2000;    // a style sheet or a button's picture that has not come by then is not waited for
  const SCRIPTED_QUIET_MS = 600;  // pages with scripts get this much quiet before "nothing is there" is said
  const SPARSE_QUIET_MS = 1200;   // the same for a page with a field and next to no text: it may be about to leave
  const HOLLOW_QUIET_MS = 2500;   // a page that shows a spinner, or next to nothing, is still being put together
  const SPARSE_TEXT = 200;        // characters of visible text below which a page shows next to nothing
  const UNSEEN_QUIET_MS = 1200;   // a page that has a login and keeps it transparent or aside may be about to show it
  const DATA_LIMIT_MS = 6000;     // data that come later are a poll's, as a rule
  const ANIMATION_LIMIT_MS = 3000; // animations that end within this are waited for; endless ones never are
  const RECORD_LIMIT = 500;       // mutation records looked at one by one; more at once are movement, whatever they are
  const ROOT_LIMIT = 200;         // shadow roots watched
  const LARGE_FRAME = 20000;      // pixels squared: 200 x 100, the smallest frame that shows a login with its button
  const IDENTIFIER = 'input[autocomplete~=username i], input[autocomplete~=webauthn i]';
  const TYPED = 'input:not([type=hidden i], [type=checkbox i], [type=radio i], [type=submit i], [type=button i])';
  const CONTROL = 'input, button, select, textarea, a';
  // What hides or moves a part of a page when it is animated; colours, shadows and the like are nobody's business.
  const MOVING = new RegExp('^(opacity|visibility|display|transform|translate|scale|rotate|filter|clip|clipPath|zIndex|top|left'
    + '|right|bottom|contentVisibility)$|^(inset|mask|margin|padding|gridTemplate)|^(min|max)?(height|width|blockSize|inlineSize)$', 'i');
  const RELEVANT = 'input, form, iframe, frame, button, dialog, select, [popover]';
  const MOVERS = 'script, iframe, frame, object, embed, [onload], [onerror]';  // without them nothing changes a document
  const BUSY = '[aria-busy=true], [role=progressbar], progress, [class*=spinner i], [class*=skeleton i], [class*=loading i]';
  const OBSERVED = {
    subtree: true, childList: true, attributes: true,
    attributeFilter: ['type', 'hidden', 'open', 'style', 'class', 'disabled', 'inert', 'aria-hidden'],
  };
  const readyState = getterOf(Document, 'readyState'), bodyOf = getterOf(Document, 'body');
  const innerTextOf = getterOf(HTMLElement, 'innerText'), sheetOf = getterOf(HTMLLinkElement, 'sheet');
  const animationsOf = methodOf(Document, 'getAnimations'), shadowAnimationsOf = methodOf(ShadowRoot, 'getAnimations');
  const listen = methodOf(EventTarget, 'addEventListener'), unlisten = methodOf(EventTarget, 'removeEventListener');

  const started = performance.now();
  const navigation = performance.getEntriesByType('navigation')[0];
  const roots = new Set(), loadingFrames = new Set(), failedSheets = new Set();
  let isParsed = !navigation || navigation.domContentLoadedEventStart > 0;
  let didChange = false, lastChange = started, animatedSince = 0;

  const anywhere = (selector, test) => {
    for (const root of roots) for (const element of queryIn(root, selector)) if (test(element)) return true;
    return false;
  };
  const isShown = (element) => {
    const rect = rectOf(element);
    return rect.width >= 4 && rect.height >= 4 && isRendered(element, { visibilityProperty: true });
  };
  const asksLogin = (input) => inputTypeOf(input) === 'password' || matches(input, IDENTIFIER);
  const isSeen = (element) => hiddenBy(element, { x: scrollX, y: scrollY }, 4) === '';
  const seesLogin = () => {
    boxMemo.clear();
    pageWidth = -1;
    return anywhere('input', (input) => asksLogin(input) && isSeen(input));
  };
  const keepsLogin = () => anywhere('input', (input) => asksLogin(input) && isRendered(input));
  const awaitsLayout = () => readyState(document) !== 'complete' && performance.now() - started < LAYOUT_WAIT_MS
    && (anywhere('link[rel~=stylesheet i]:not([disabled])', (link) => !sheetOf(link) && !failedSheets.has(link))
      || anywhere('input[type=image i]', (button) => !isShown(button))); // without its picture it has no size
  const awaitsFrame = () => Array.from(loadingFrames).some((frame) => {
    const rect = rectOf(frame);
    return rootOf(frame, { composed: true }) === document && rect.width * rect.height >= LARGE_FRAME && isShown(frame);
  });

  /** Milliseconds until the animations that hide or move a field, or a control of its form, have ended; 0: none does. Those
   *  that last longer than `limit` count only where the field cannot be seen. */
  const animatedMs = (isAsked, limit) => {
    const playing = [];
    for (const root of roots) {
      for (const animation of nodeTypeOf(root) === 9 ? animationsOf(root) : shadowAnimationsOf(root)) {
        const left = leftOf(animation);
        if (left > 0) playing.push([animation.effect.target, left]);
      }
    }
    let longest = 0;
    if (playing.length) {
      anywhere(TYPED, (input) => {
        if (!isRendered(input) || !isAsked(input)) return false;
        const most = isSeen(input) ? limit : Infinity;
        const around = formOf(input) || composedParentOf(composedParentOf(input) || input) || input;
        for (const [target, left] of playing) {
          const concerns = left < most && (isWithin(input, target)
            || isWithin(target, around) && (matches(target, CONTROL) || queryIn(target, CONTROL).length > 0));
          if (concerns) longest = Math.max(longest, left);
        }
        return false;
      });
    }
    return longest;
  };
  const leftOf = (animation) => {
    const effect = animation.effect;
    if (animation.playState !== 'running' || !(animation.timeline instanceof DocumentTimeline)) return 0;
    if (!(effect instanceof KeyframeEffect) || !effect.target || effect.pseudoElement) return 0;
    if (!effect.getKeyframes().some((frame) => Object.keys(frame).some((name) => MOVING.test(name)))) return 0;
    const left = (effect.getComputedTiming().endTime - (animation.currentTime || 0)) / Math.abs(animation.playbackRate || 1);
    return Number.isFinite(left) ? Math.max(left, 0) : 0;
  };
  /** Milliseconds to wait for animations now. */
  const awaitsAnimationMs = (isAsked) => {
    const now = performance.now(), limit = ANIMATION_LIMIT_MS - (animatedSince ? now - animatedSince : 0);
    const left = limit > 0 ? animatedMs(isAsked, limit) : 0;
    if (left > 0) {
      animatedSince = animatedSince || now;
      lastChange = now; // what a script does when it has ended is still to come
      didChange = true;
    }
    return Math.min(left, Math.max(limit, 0));
  };

  /** When the last data came that a script asked for: of a page that shows nothing yet, they are what it waited for. */
  const lastDataMs = () => {
    let last = started;
    for (const entry of performance.getEntriesByType('resource')) {
      const isData = entry.initiatorType === 'fetch' || entry.initiatorType === 'xmlhttprequest';
      if (isData && entry.responseEnd < started + DATA_LIMIT_MS) last = Math.max(last, entry.responseEnd);
    }
    return last;
  };

  const quietNeededMs = () => {
    if (!didChange && !anywhere(MOVERS, () => true)) return Math.min(SETTLE_MS, quietMs);
    if (!anywhere('script', () => true)) return quietMs;
    const body = bodyOf(document);
    const isSparse = !(body instanceof HTMLElement) || innerTextOf(body).trim().length < SPARSE_TEXT;
    if (anywhere(BUSY, isShown) || (isSparse && !anywhere('input, textarea', isShown))) return HOLLOW_QUIET_MS;
    return Math.max(quietMs, isSparse ? SPARSE_QUIET_MS : keepsLogin() ? UNSEEN_QUIET_MS : SCRIPTED_QUIET_MS);
  };

  const watch = (root) => {
    if (roots.has(root) || roots.size >= ROOT_LIMIT) return;
    roots.add(root);
    observer.observe(root, OBSERVED);
    for (const element of queryIn(root, '*')) watchInside(element);
  };
  const watchInside = (element) => {
    const inner = shadowRootOf(element);
    if (inner) watch(inner);
  };

  /** Roots attached to elements that were there already, as upgrades of custom elements do: no mutation tells of them. */
  const discover = () => {
    const known = roots.size;
    for (const root of [...roots]) for (const element of queryIn(root, '*')) watchInside(element);
    return roots.size > known;
  };

  const concernsForms = (record) => {
    if (record.type === 'attributes') return localNameOf(record.target) === 'input' || queryIn(record.target, 'input').length > 0;
    for (const node of record.addedNodes) {
      if (nodeTypeOf(node) !== 1) continue;
      if (localNameOf(node).includes('-') || matches(node, RELEVANT) || queryIn(node, RELEVANT).length > 0) return true;
      for (const inner of queryIn(node, '*')) if (localNameOf(inner).includes('-')) return true;
    }
    return false;
  };
  const takeIn = (node) => {
    if (nodeTypeOf(node) !== 1) return;
    watchInside(node);
    for (const element of queryIn(node, '*')) watchInside(element);
    for (const frame of localNameOf(node) === 'iframe' ? [node] : queryIn(node, 'iframe[src]')) {
      if (hasAttribute(frame, 'src')) loadingFrames.add(frame);
    }
  };

  /** The answer, or the milliseconds until it is worth to look again; null where only an event can change it. */
  const judge = () => {
    const still = performance.now() - lastChange;
    if (seesLogin()) {
      if (!isParsed && still < PARSE_STALL_MS) return PARSE_STALL_MS - still;
      if (awaitsLayout()) return LAYOUT_WAIT_MS - (performance.now() - started);
      const animated = awaitsAnimationMs(asksLogin);
      if (animated > 0) return animated;
      return !didChange || still >= SETTLE_MS ? 'found' : SETTLE_MS - still;
    }
    if (readyState(document) !== 'complete' || awaitsFrame()) return null;
    const animated = awaitsAnimationMs(() => true);
    if (animated > 0) return animated;
    const needed = quietNeededMs(), sinceData = performance.now() - lastDataMs();
    if (still < needed) return needed - still;
    if (needed >= SPARSE_QUIET_MS && sinceData < needed) return needed - sinceData;
    if (!discover()) return 'quiet';
    lastChange = performance.now();
    return judge();
  };

  let observer, timer = 0, finish = () => {};
  const look = () => {
    clearTimeout(timer);
    let next = 100; // a page in pieces threw: look again soon
    try { next = judge(); } catch { /* without a root element there is nothing to see yet */ }
    if (typeof next === 'string') finish(next);
    else if (next !== null) timer = setTimeout(look, Math.max(1, next));
  };
  const move = () => { lastChange = performance.now(); look(); };

  return new Promise((resolve) => {
    observer = new MutationObserver((records) => {
      const isFlood = records.length > RECORD_LIMIT;
      if (!isFlood && !records.some(concernsForms)) return;
      didChange = true;
      if (isFlood) takeIn(document.documentElement || document);
      else for (const record of records) record.addedNodes.forEach(takeIn);
      move();
    });
    const onLoad = (event) => {
      if (loadingFrames.delete(event.target)) move(); else look();
    };
    const onError = (event) => {
      if (event.target instanceof HTMLLinkElement) failedSheets.add(event.target);
      onLoad(event);
    };
    const onParsed = () => { isParsed = true; discover(); look(); };
    const onAllLoaded = () => { discover(); move(); };
    const handlers = [
      ['readystatechange', look], ['DOMContentLoaded', onParsed], ['load', onLoad], ['error', onError],
      ['transitionrun', look], ['transitionend', look], ['animationend', look], ['toggle', look],
    ];
    const deadline = setTimeout(() => finish('deadline'), deadlineMs);
    finish = (by) => {
      clearTimeout(timer);
      clearTimeout(deadline);
      observer.disconnect();
      for (const [name, handler] of handlers) unlisten(document, name, handler, true);
      unlisten(window, 'load', onAllLoaded);
      resolve({ by });
    };
    for (const [name, handler] of handlers) listen(document, name, handler, true);
    listen(window, 'load', onAllLoaded);
    watch(document);
    look();
  });
}
