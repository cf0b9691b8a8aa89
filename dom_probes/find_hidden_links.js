/**
 * Links that are in the document and not shown, as behind a menu that is closed: what they say and where they lead.
 * Nothing is opened. At most 300: a menu has dozens.
 */
() => {
  const words = (text) => (text || '').replace(/\s+/g, ' ').trim().slice(0, 60);
  const isShown = (link) => link.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  return [...document.links].filter((link) => /^https?:$/.test(link.protocol) && !isShown(link)).slice(0, 300)
    .map((link) => ({
      text: words(link.textContent) || words(link.getAttribute('aria-label')) || words(link.title),
      href: link.href.slice(0, 2000), id: link.id.slice(0, 60), class: String(link.className).slice(0, 60),
    }));
}
