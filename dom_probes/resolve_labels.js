/* The elements that labels name, as the collector writes their selectors: {role: [CSS, ...]} in, the same out.
 *
 * Runs after collect_page.js in the same isolated world. A label that matches nothing is left out.
 */
({labels}) => {
  const {selectorOf} = globalThis.__gridrunner;
  const querySelector = (root, css) =>
    (root instanceof Document ? Document : DocumentFragment).prototype.querySelector.call(root, css);
  const shadowRootOf = Object.getOwnPropertyDescriptor(Element.prototype, 'shadowRoot').get;

  function find(selector) {
    let root = document;
    let element = null;
    for (const part of selector.split('>>>')) {
      if (!root) return null;
      element = querySelector(root, part.trim());
      root = element && shadowRootOf.call(element);
    }
    return element;
  }

  const resolved = {};
  for (const [role, selectors] of Object.entries(labels)) {
    resolved[role] = selectors.map(find).filter(Boolean).map(selectorOf);
  }
  return resolved;
}
