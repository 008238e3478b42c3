// The Comparison tab: a number that is clicked opens its samples, a sample's lineage scrolls into view, and the reason for adopting a round
// survives repainting until the round is adopted.
(() => {
  const wb = (window.wb = window.wb || {});
  const field = () => document.getElementById("adopt-reason");
  const keyOf = (round) => `adopt:${wb.param("project")}/${round}`;
  let caret = null; // {round, at}: the last position of the caret, null once the focus is elsewhere
  const storeReason = (event) => {
    if (event.target.id !== "adopt-reason") return;
    caret = { round: event.target.form.dataset.round, at: event.target.selectionStart };
    if (event.type === "input") sessionStorage.setItem(keyOf(caret.round), event.target.value);
  };
  document.addEventListener("input", storeReason);
  document.addEventListener("keyup", storeReason);
  document.addEventListener("focusin", (event) => (event.target.id === "adopt-reason" ? storeReason(event) : (caret = null)));
  wb.onPaint("adopting", (element) => {
    const adopted = element.querySelector("[data-adopted]");
    if (adopted) sessionStorage.removeItem(keyOf(adopted.dataset.adopted));
    const f = field();
    if (!f) return;
    const round = f.form.dataset.round;
    f.value = sessionStorage.getItem(keyOf(round)) || "";
    if (!caret || caret.round !== round || document.activeElement !== document.body) return;
    const { at } = caret;
    f.focus();
    f.setSelectionRange(at, at);
  });

  let openedPart = ""; // the part that a click asked for, until it is painted
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("[data-opens]");
    openedPart = link ? link.dataset.opens : "";
  });
  const focusWhenPainted = (name) =>
    wb.onPaint(name, (element) => {
      const title = openedPart === name && element.querySelector("h3[tabindex]");
      if (!title) return;
      openedPart = "";
      title.focus({ preventScroll: true });
      title.scrollIntoView({ block: "start" });
    });
  ["comparison", "lineage"].forEach(focusWhenPainted);
})();
