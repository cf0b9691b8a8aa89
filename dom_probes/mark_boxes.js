/* Draws labelled boxes over the page for a screenshot: {boxes: [{x, y, width, height, label, color}]} in page CSS pixels.
 *
 * They stand in a closed shadow root of one fixed element that takes no part in layout and no clicks; the function
 * returns nothing, and the page is thrown away afterwards.
 */
({boxes}) => {
  const host = document.createElement('div');
  host.style.cssText = 'all: initial; position: absolute; left: 0; top: 0; z-index: 2147483647; pointer-events: none;';
  const root = host.attachShadow({mode: 'closed'});
  for (const box of boxes) {
    const frame = document.createElement('div');
    frame.style.cssText =
      `position: absolute; left: ${box.x}px; top: ${box.y}px; width: ${box.width}px; height: ${box.height}px;` +
      `border: 2px solid ${box.color}; border-radius: 3px; box-sizing: border-box;`;
    const label = document.createElement('span');
    label.textContent = box.label;
    label.style.cssText =
      `position: absolute; left: -2px; top: -18px; font: 11px/16px sans-serif; color: #fff; white-space: nowrap;` +
      `background: ${box.color}; padding: 0 4px; border-radius: 3px;`;
    frame.append(label);
    root.append(frame);
  }
  document.documentElement.append(host);
}
