/**
 * Asks the page's own server for a few addresses and says what it answers; for `gridrunner sites discover`.
 *
 * From within a page of the site, so that it is the same visitor who asks, from the same place. One question after another, with
 * a pause between. `options`: `groups` of paths, the first of each one that nobody has (what the server says to it, it says to
 * anything): after a group of which `enough` paths are there, no other is asked; `texts`: addresses whose text is wanted, asked
 * last and only then, those of sitemaps that the page (robots.txt) names in their stead; `most` requests in all; `pause_ms`, `limit_ms`, `most_bytes`.
 *
 *   url, text       of the page that it is asked on (robots.txt)
 *   places[]        path, status (null: no answer that may be read), address it came from, elsewhere (it leads to another origin)
 *   texts[]         address, status, text
 */
async function lookUp(options) {
  const { groups = [], texts = [], enough = 1, most = 20, pause_ms = 0, limit_ms = 5000, most_bytes = 1048576 } = options || {};
  const pause = () => new Promise((resolve) => setTimeout(resolve, pause_ms));
  const ask = async (address, wantsText, redirect) => {
    const stop = new AbortController(), timer = setTimeout(() => stop.abort(), limit_ms);
    try {
      const answer = await fetch(address, { signal: stop.signal, redirect, cache: 'no-store', headers: { Accept: 'text/html,*/*;q=0.8' } });
      return { status: answer.status, address: answer.url, type: answer.type, text: wantsText && answer.ok ? await readText(answer) : '' };
    } catch {
      return null;
    } finally {
      clearTimeout(timer);
      stop.abort();
    }
  };
  const readText = async (answer) => {
    let body = answer.body;
    if (/\.gz$/i.test(new URL(answer.url).pathname) && !answer.headers.get('content-encoding')) {
      body = body.pipeThrough(new DecompressionStream('gzip'));
    }
    const reader = body.getReader(), decoder = new TextDecoder();
    let text = '';
    for (let left = most_bytes; left > 0;) {
      const { value, done } = await reader.read();
      if (done) break;
      text += decoder.decode(value.subarray(0, left), { stream: true });
      left -= value.length;
    }
    return text;
  };
  const places = [], read = [];
  let requests = 0;
  const look = async (path) => {
    await pause();
    requests += 1;
    const answer = await ask(path, false, 'follow');
    if (answer || requests >= most) return { path, status: answer ? answer.status : null, address: answer ? answer.address : '', elsewhere: false };
    await pause();
    requests += 1; // a redirect to another origin may not be followed: then all that can be said is that there is one
    const first = await ask(path, false, 'manual');
    return { path, status: null, address: '', elsewhere: Boolean(first) && first.type === 'opaqueredirect' };
  };
  const isThere = (place) => place.elsewhere || place.status !== null && place.status < 400;
  const isAtItself = (place) => place.address === new URL(place.path, location.href).href;
  const isSame = (place, anything) => !place.elsewhere && place.status === anything.status
    && (place.address === anything.address || isAtItself(place) && isAtItself(anything));
  let isEnough = false;
  for (const [guard, ...paths] of groups) {
    if (requests + 2 > most) break;
    const anything = await look(guard);
    places.push(anything);
    let count = 0;
    for (const path of paths) {
      if (requests >= most) break;
      const place = await look(path);
      places.push(place);
      const isTold = isThere(place) && (!isThere(anything) || place.address !== anything.address && !isAtItself(place));
      if (isTold && (count += 1) >= enough) { isEnough = true; break; }
      if (isThere(anything) && isSame(place, anything)) break; // what it says to anything, it says to the others as well
    }
    if (isEnough) break;
  }
  const page = document.body ? document.body.textContent.slice(0, 65536) : '';
  const named = [...page.matchAll(/^\s*sitemap\s*:\s*(https?:\/\/\S{1,500})/gim)].map((match) => match[1]);
  const own = named.filter((address) => address.startsWith(location.origin + '/')); // others may not be read from here
  for (const address of isEnough ? [] : texts.length ? [...own, ...texts].slice(0, texts.length) : []) {
    if (requests >= most) break;
    await pause();
    requests += 1;
    const answer = await ask(address, true, 'follow');
    read.push({ address, status: answer && answer.status, text: answer ? answer.text : '' });
  }
  return {
    url: location.href.slice(0, 2000), text: page, places, texts: read, requests,
  };
}
