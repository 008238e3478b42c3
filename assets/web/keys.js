// Keyboard shortcuts: one listener for the page. It ignores keys while a person types, holds a modifier key or has a dialog open.
(() => {
  const wb = (window.wb = window.wb || {});
  const VERDICT_KEYS = { a: "accepted", e: "edit", r: "rejected", s: "skipped", l: "label_wrong", m: "misread-ask", u: "undo", y: "redo", t: "theirs", o: "over" };
  const TEXT_FIELDS = 'input:not([type=checkbox]):not([type=radio]):not([type=range]),textarea,select,[contenteditable=""],[contenteditable=true],[role=combobox]';

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    const target = event.composedPath()[0];
    // Keys pressed before the bulk dialog is painted wait for it.
    if (wb.bulkWaits && wb.bulkWaits(event)) return event.preventDefault();
    const dialog = document.querySelector("dialog[open]");
    if (dialog && dialog.id === "zoom" && event.key.toLowerCase() === "z") return dialog.close();
    if (dialog) return dialog.id === "bulk-dialog" && wb.bulkKey && wb.bulkKey(event, target);
    if (target && target.closest && target.closest(TEXT_FIELDS)) {
      if (event.key === "Escape") target.blur();
      return;
    }
    const key = event.key.toLowerCase();
    const step = target && target.closest && target.closest("#steps .step");
    if (key === "?") wb.open && wb.open("help");
    else if (wb.param && wb.param("tab") === "selection") {
      if (!wb.hitKey || !wb.hitKey(key, event.shiftKey)) return;
    } else if (wb.param && wb.param("tab") !== "review") return;
    else if (key === "j" || key === "k") wb.press({ move: key === "j" ? 1 : -1 });
    else if (key === "n") wb.press({ next: true });
    else if (key === "b") wb.askBulk && wb.askBulk();
    else if (key === "g") wb.focusJump && wb.focusJump();
    else if (key === "z") wb.zoom && wb.zoom();
    else if (/^[1-9]$/.test(key)) wb.press({ step: Number(key) });
    else if (step && (key === "enter" || key === " ")) wb.press({ step: Number(step.dataset.step) });
    else if (VERDICT_KEYS[key]) wb.press({ verdict: VERDICT_KEYS[key] });
    else return;
    event.preventDefault();
  });
})();
