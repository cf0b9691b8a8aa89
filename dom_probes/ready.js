/**
 * When is the page ready to be probed? Called once in the top frame's isolated world; resolves, never rejects.
 *
 *   {by: "found"}     a password field that a user can see, or a field whose markup says that it takes a user name, and its
 *                     form has settled: no change, no animation that moves or fades it
 *   {by: "quiet"}     document and large frames are loaded, and nothing that could become a form has changed for a while
 *   {by: "deadline"}  neither came true within options.deadline_ms
 *
 * Each answer says what was waited for and how long, `waits: {cause: ms}`, what it waits for now, `awaited`, and whether
 * the document is loaded, `is_loaded`: a page whose pictures never come is quiet without that.
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
  const FRAME_WAIT_MS = 2000;     // a frame that is put in later and has not loaded by then; its request is in the browser's book
  const LOAD_WAIT_MS = 4000;      // what a parsed page with scripts still loads: load handlers may put a form together
  const STATIC_LOAD_WAIT_MS = 2000; // the same where nothing but pictures and styles can come
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
  const roots = new Set(), loadingFrames = new Map(), failedSheets = new Set();
  let isParsed = !navigation || navigation.domContentLoadedEventStart > 0;
  let parsedAt = isParsed && navigation ? navigation.domContentLoadedEventStart : started;
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
  /** What the layout of a form waits for: a style sheet, or the picture that gives a button its size. */
  const awaitedLayout = () => {
    if (readyState(document) === 'complete' || performance.now() - started >= LAYOUT_WAIT_MS) return '';
    if (anywhere('link[rel~=stylesheet i]:not([disabled])', (link) => !sheetOf(link) && !failedSheets.has(link))) return 'sheet';
    return anywhere('input[type=image i]', (button) => !isShown(button)) ? 'picture' : '';
  };
  /** The frame that was put into a loaded document, is large enough for a login and has not loaded yet; null: none. */
  const awaitedFrame = () => {
    const now = performance.now();
    for (const [frame, since] of loadingFrames) {
      if (now - since >= FRAME_WAIT_MS) loadingFrames.delete(frame);
      else {
        const rect = rectOf(frame);
        const isLarge = rect.width * rect.height >= LARGE_FRAME && rootOf(frame, { composed: true }) === document;
        if (isLarge && isShown(frame) && !(frame.loading === 'lazy' && rect.top > innerHeight)) return frame;
      }
    }
    return null;
  };
  /** The host that a frame is loaded from; "" for a frame without an address of its own, which loads nothing. */
  const sourceOf = (frame) => {
    if (!attributeOf(frame, 'src').trim()) return '';
    try {
      const url = new URL(frame.src, document.baseURI);
      return /^https?:$/.test(url.protocol) ? url.host : /^(data|blob):$/.test(url.protocol) ? url.protocol : '';
    } catch { return ''; }
  };

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
  };
  /** Wait for the frames among what was added. A document is complete when all frames that came before have loaded or
   *  failed, so only later ones count: their load events cannot come before their mutation records. */
  const awaitFrames = (added) => {
    if (readyState(document) !== 'complete') return;
    for (const root of roots) {
      for (const frame of queryIn(root, 'iframe[src]')) {
        let node = frame;
        while (node && !added.has(node)) node = composedParentOf(node);
        if (node && sourceOf(frame)) loadingFrames.set(frame, performance.now());
      }
    }
  };

  const waits = {};
  let awaited = '', awaitedSince = started;
  /** From now on it is waited for `cause`. */
  const waitFor = (cause, ms) => {
    const now = performance.now();
    if (awaited && now > awaitedSince) waits[awaited] = (waits[awaited] || 0) + now - awaitedSince;
    awaited = cause;
    awaitedSince = now;
    return ms;
  };

  /** The answer, or the milliseconds until it is worth to look again; null where only an event can change it. */
  const judge = () => {
    const now = performance.now(), still = now - lastChange;
    if (seesLogin()) {
      if (!isParsed && still < PARSE_STALL_MS) return waitFor('parser', PARSE_STALL_MS - still);
      const layout = awaitedLayout();
      if (layout) return waitFor(layout, LAYOUT_WAIT_MS - (now - started));
      const animated = awaitsAnimationMs(asksLogin);
      if (animated > 0) return waitFor('animation', animated);
      return !didChange || still >= SETTLE_MS ? 'found' : waitFor('settling', SETTLE_MS - still);
    }
    if (!isParsed) return waitFor('parser', null);
    if (readyState(document) !== 'complete') {
      const limit = anywhere(MOVERS, () => true) ? LOAD_WAIT_MS : STATIC_LOAD_WAIT_MS;
      if (now - parsedAt < limit) return waitFor('load', limit - (now - parsedAt));
    }
    const frame = awaitedFrame();
    if (frame) return waitFor(`frame ${sourceOf(frame)}`, FRAME_WAIT_MS - (now - loadingFrames.get(frame)));
    const animated = awaitsAnimationMs(() => true);
    if (animated > 0) return waitFor('animation', animated);
    const needed = quietNeededMs(), sinceData = now - lastDataMs();
    if (still < needed) return waitFor('quiet', needed - still);
    if (needed >= SPARSE_QUIET_MS && sinceData < needed) return waitFor('quiet', needed - sinceData);
    if (!discover()) return 'quiet';
    lastChange = performance.now();
    return judge();
  };

  let observer, timer = 0, finish = () => {};
  const look = () => {
    clearTimeout(timer);
    let next;
    try { next = judge(); } catch { next = waitFor('document', 100); } // without a root element there is nothing to see yet
    if (typeof next === 'string') finish(next);
    else if (next !== null) timer = setTimeout(look, Math.max(1, next));
  };
  const move = () => { lastChange = performance.now(); look(); };

  return new Promise((resolve) => {
    observer = new MutationObserver((records) => {
      const isFlood = records.length > RECORD_LIMIT;
      if (!isFlood && !records.some(concernsForms)) return;
      didChange = true;
      const added = new Set();
      for (const record of records) for (const node of record.addedNodes) added.add(node);
      if (isFlood) takeIn(document.documentElement || document); else added.forEach(takeIn);
      if (added.size > 0) awaitFrames(added);
      move();
    });
    const onLoad = (event) => {
      if (loadingFrames.delete(event.target)) move(); else look();
    };
    const onError = (event) => {
      if (event.target instanceof HTMLLinkElement) failedSheets.add(event.target);
      onLoad(event);
    };
    const onParsed = () => { isParsed = true; parsedAt = performance.now(); discover(); look(); };
    const onAllLoaded = () => { discover(); move(); };
    const handlers = [
      ['readystatechange', look], ['DOMContentLoaded', onParsed], ['load', onLoad], ['error', onError],
      ['transitionrun', look], ['transitionend', look], ['animationend', look], ['toggle', look],
    ];
    const deadline = setTimeout(() => finish('deadline'), deadlineMs);
    finish = (by) => {
      const last = awaited;
      clearTimeout(timer);
      clearTimeout(deadline);
      observer.disconnect();
      for (const [name, handler] of handlers) unlisten(document, name, handler, true);
      unlisten(window, 'load', onAllLoaded);
      waitFor('', 0);
      resolve({ by, awaited: last, waits, is_loaded: readyState(document) === 'complete' });
    };
    for (const [name, handler] of handlers) listen(document, name, handler, true);
    listen(window, 'load', onAllLoaded);
    watch(document);
    look();
  });
}
