/**
 * The one script of a copied page: what HTML cannot say. Its text never changes, so that a policy can name it by hash; what
 * differs from page to page stands in attributes of its element, and is worth nothing to anybody but that page.
 *
 * Invariant: no character that HTML escapes but ">", nothing read by a name that a form could take.
 */
(() => {
  const script = Object.getOwnPropertyDescriptor(Document.prototype, 'currentScript').get.call(document);
  const said = (name) => Element.prototype.getAttribute.call(script, name) || '';
  const attempt = (act) => { try { act(); } catch { return; } };
  const boxes = (selector) => Array.from(Document.prototype.querySelectorAll.call(document, selector));
  if (said('data-path')) attempt(() => history.replaceState(null, '', said('data-path')));
  for (const name of said('data-elements').split(' ')) attempt(() => customElements.define(name, class extends HTMLElement {}));
  for (const box of boxes('dialog[data-gridrunner-modal]')) {
    attempt(() => { HTMLDialogElement.prototype.close.call(box); HTMLDialogElement.prototype.showModal.call(box); });
  }
  for (const box of boxes('[data-gridrunner-popover]')) attempt(() => HTMLElement.prototype.showPopover.call(box));
})();
