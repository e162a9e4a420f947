import {useEffect, useRef} from "preact/hooks";

// Asks before something is done. The browser keeps the focus in it, and Escape says no.
export function Confirm({title, text, action, yes, no}) {
  const place = useRef(null);
  useEffect(() => {
    const before = document.activeElement;
    place.current.showModal();
    return () => before?.focus();
  }, []);
  return (
    <dialog ref={place} aria-labelledby="dialog-title" onCancel={(event) => {
      event.preventDefault();
      no();
    }}>
      <h2 id="dialog-title">{title}</h2>
      <p>{text}</p>
      <div class="actions">
        <button onClick={no}>Cancel</button>
        <button class="danger" onClick={yes}>{action}</button>
      </div>
    </dialog>
  );
}
