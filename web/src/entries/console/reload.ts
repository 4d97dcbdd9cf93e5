const quietMs = 60_000;

/** Reloads the page when nobody has touched it for a minute; returns what calls that off. */
export function reloadWhenQuiet(): () => void {
  const start = () => setTimeout(() => location.reload(), quietMs * (1 + Math.random() / 2));
  let timer = start();
  const onTouch = () => {
    clearTimeout(timer);
    timer = start();
  };
  const touches = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'];
  for (const touch of touches) window.addEventListener(touch, onTouch, { passive: true });
  return () => {
    clearTimeout(timer);
    for (const touch of touches) window.removeEventListener(touch, onTouch);
  };
}
