/* The product of the demo: finds login forms by a rule of thumb and marks what it found.
 *
 *   data-demo-login="form" | "username" | "password"    on the elements
 *   data-demo-login-state="done"                        on <html>, whenever it has looked
 *
 * The rule: a form (or the whole page) with exactly one visible password field is a login; the user name is the last
 * visible text field before it. It is wrong where such rules are wrong, and the comparison is there to show it: a sign-up
 * with one password is taken for a login, an identifier-first login and a shadow root are missed.
 */
(() => {
  const isVisible = (element) => element.checkVisibility({opacityProperty: true, visibilityProperty: true})
    && element.getBoundingClientRect().width > 4;
  const TEXT = 'input:not([type]), input[type=text], input[type=email], input[type=tel]';

  function mark() {
    for (const old of document.querySelectorAll('[data-demo-login]')) delete old.dataset.demoLogin;
    for (const password of document.querySelectorAll('input[type=password]')) {
      const scope = password.form || document.body;
      const passwords = [...scope.querySelectorAll('input[type=password]')].filter(isVisible);
      if (passwords.length !== 1 || passwords[0] !== password) continue;
      const before = [...scope.querySelectorAll(TEXT)].filter((field) => isVisible(field)
        && field.compareDocumentPosition(password) & Node.DOCUMENT_POSITION_FOLLOWING);
      password.dataset.demoLogin = 'password';
      if (before.length) before[before.length - 1].dataset.demoLogin = 'username';
      if (password.form) password.form.dataset.demoLogin = 'form';
      break;
    }
    document.documentElement.dataset.demoLoginState = 'done';
  }

  let scheduled = 0;
  const later = () => { clearTimeout(scheduled); scheduled = setTimeout(mark, 50); };
  new MutationObserver(later).observe(document, {childList: true, subtree: true, attributeFilter: ['class', 'style', 'hidden', 'open', 'type']});
  mark();
})();
