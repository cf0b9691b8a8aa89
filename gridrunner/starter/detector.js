/* Your detector: one JavaScript function that runs in every page, in a world of its own. What it returns in these words is
 * compared with the site list; `reason` and further words are shown in the report. Put your product's own in its place.
 */
() => {
  const isShown = (field) => field.checkVisibility({opacityProperty: true, visibilityProperty: true});
  const passwords = [...document.querySelectorAll('input[type=password]')].filter(isShown);
  const password = passwords.length === 1 ? passwords[0] : null; // two are a sign-up
  const fields = password?.form?.querySelectorAll('input[type=email], input[type=text], input[type=tel], input:not([type])');
  const user = [...(fields ?? [])].find(isShown);
  const name = (field) => (field?.id ? '#' + CSS.escape(field.id) : null);
  return {
    login: Boolean(password), // is there a login form?
    username: name(user), // CSS; `host >>> inner` leads into shadow roots and frames
    password: name(password),
    reason: password ? 'one password field' : passwords.length + ' password fields',
  };
}
