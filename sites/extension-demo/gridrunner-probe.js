/* What the extension made of the page: its marks, as the answer that gridrunner compares.
 *
 * Runs beside the extension, in a world of its own, and sees what the extension wrote into the DOM. It gives the
 * extension a moment: content scripts run once the document is idle, and this one looks again after every change.
 */
async () => {
  const SETTLE_MS = 120;   // longer than the 50 ms after which mark.js looks again
  const PATIENCE_MS = 2000;
  const deadline = performance.now() + PATIENCE_MS;
  const root = document.documentElement;
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  while (root.dataset.demoLoginState !== 'done' && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  if (root.dataset.demoLoginState !== 'done') throw new Error('the extension left no sign that it had looked');
  const marked = (role) => (document.querySelector(`[data-demo-login=${role}]`) ? `[data-demo-login=${role}]` : null);
  return {login: marked('password') !== null, username: marked('username'), password: marked('password')};
}
