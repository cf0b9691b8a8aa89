// One test a host, each with the fresh context that Playwright's `page` fixture gives.
const { test, expect } = require('@playwright/test');
const task = require('./task.json');
for (const host of task.hosts) {
  test(host, async ({ page }) => {
    await page.goto(`http://${host}/`);
    const facts = await page.evaluate(`(${task.collector})({})`);
    expect(facts.version).toBe(1);
  });
}
