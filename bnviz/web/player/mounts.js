// What a component's module exports: Streamlit calls it at every rerun with the same parent element, and what `make` has made
// there, its nodes and its place survive. It has `turn`, `update(component)`, which counts and returns it, and `close()`.

const LOOK_MS = 50;

export function keeping(make) {
  const made = new WeakMap();
  return (component, story) => {
    const {parentElement} = component;
    if (!made.has(parentElement)) made.set(parentElement, make(parentElement, story));
    const one = made.get(parentElement);
    const turn = one.update(component);
    // Streamlit ends a call before each new one, which may take its time to come, and discards one that a newer has overtaken.
    // So only the latest call may end it, and only when its place on the page is gone.
    const end = () => {
      if (one.turn !== turn) return;
      if (parentElement.isConnected) { setTimeout(end, 4 * LOOK_MS); return; }
      one.close();
      made.delete(parentElement);
    };
    return () => setTimeout(end, LOOK_MS);
  };
}
