// The protocol by hand: `workers` browsers, one page after another in a fresh context each, and nothing else. Tabs begin at no
// document (`javascript:0`, docs/design/protocol.md), as gridrunner's do; pages are drawn at their full size.
// It knows nothing of readiness: a page is asked when it is parsed (DOMContentLoaded).
const { spawn } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { WebSocket } = require('ws');
const task = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const waiting = task.hosts.slice();

async function main() {
  await Promise.all(Array.from({ length: task.workers }, work));
}

async function work() {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'raw-cdp-'));
  const browser = spawn(task.browser, [...task.switches, '--remote-debugging-port=0', `--user-data-dir=${profile}`], { stdio: ['ignore', 'ignore', 'pipe'] });
  const address = await new Promise((resolve) => {
    let text = '';
    browser.stderr.on('data', (data) => {
      text += data;
      const found = /ws:\/\/\S+/.exec(text);
      if (found) resolve(found[0]);
    });
  });
  const client = await connect(address);
  for (let host; (host = waiting.shift());) await visit(client, host);
  client.socket.close();
  browser.kill('SIGKILL');
  await new Promise((resolve) => browser.on('exit', resolve));
  fs.rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
}

async function visit(client, host) {
  const { browserContextId } = await client.send('Target.createBrowserContext');
  const { targetId } = await client.send('Target.createTarget', { url: 'javascript:0', browserContextId });
  const { sessionId } = await client.send('Target.attachToTarget', { targetId, flatten: true });
  await client.send('Page.enable', {}, sessionId);
  const parsed = client.event('Page.domContentEventFired', sessionId);
  await client.send('Page.navigate', { url: `http://${host}/` }, sessionId);
  await parsed;
  const expression = `(${task.collector})({})`;
  const { result } = await client.send('Runtime.evaluate', { expression, returnByValue: true }, sessionId);
  if (result.value.version !== 1) throw new Error(host);
  await client.send('Target.disposeBrowserContext', { browserContextId });
}

async function connect(address) {
  const socket = new WebSocket(address, { perMessageDeflate: false });
  const answers = new Map(), events = new Map();
  let last = 0;
  await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onerror = reject; });
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.id) {
      const { resolve, reject } = answers.get(message.id);
      answers.delete(message.id);
      if (message.error) reject(new Error(message.error.message)); else resolve(message.result);
    } else {
      const waiter = events.get(message.method + message.sessionId);
      if (waiter) { events.delete(message.method + message.sessionId); waiter(message.params); }
    }
  };
  return {
    socket,
    send: (method, params = {}, sessionId) => new Promise((resolve, reject) => {
      const id = (last += 1);
      answers.set(id, { resolve, reject });
      socket.send(JSON.stringify({ id, method, params, ...(sessionId ? { sessionId } : {}) }));
    }),
    event: (method, sessionId) => new Promise((resolve) => events.set(method + sessionId, resolve)),
  };
}

main().catch((error) => { console.error(error); process.exit(1); });
