// Playwright Test as its users run it, on the browser and switches of the task.
const task = require('./task.json');
module.exports = {
  testDir: __dirname,
  workers: task.workers,
  fullyParallel: true,
  reporter: 'junit',
  timeout: 60000,
  use: { launchOptions: { executablePath: task.browser, args: task.switches, headless: true }, viewport: { width: 1366, height: 900 } },
};
