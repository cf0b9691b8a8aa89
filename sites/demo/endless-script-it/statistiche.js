// A counter that is never sent whole.
window.visite = (window.visite || 0) + 1;
