// The Comparison tab: a number that was opened shows its samples, a sample's lineage comes into sight, and the reason for adopting a round stays while its
// panel is painted anew, until the round is adopted.
(() => {
  const wb = (window.wb = window.wb || {});
  const field = () => document.getElementById("adopt-reason");
  const keyOf = (round) => `adopt:${wb.param("project")}/${round}`;
  let writing = null; // {round, at}: where the caret was last, null once the focus went somewhere else
  const note = (event) => {
    if (event.target.id !== "adopt-reason") return;
    writing = { round: event.target.form.dataset.round, at: event.target.selectionStart };
    if (event.type === "input") sessionStorage.setItem(keyOf(writing.round), event.target.value);
  };
  document.addEventListener("input", note);
  document.addEventListener("keyup", note);
  document.addEventListener("focusin", (event) => (event.target.id === "adopt-reason" ? note(event) : (writing = null)));
  wb.onPaint("adopting", (element) => {
    const adopted = element.querySelector("[data-adopted]");
    if (adopted) sessionStorage.removeItem(keyOf(adopted.dataset.adopted));
    const f = field();
    if (!f) return;
    const round = f.form.dataset.round;
    f.value = sessionStorage.getItem(keyOf(round)) || "";
    if (!writing || writing.round !== round || document.activeElement !== document.body) return;
    const { at } = writing;
    f.focus();
    f.setSelectionRange(at, at);
  });

  let opened = ""; // the part whose title a click asked for, until it is painted
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("[data-opens]");
    opened = link ? link.dataset.opens : "";
  });
  const show = (name) =>
    wb.onPaint(name, (element) => {
      const title = opened === name && element.querySelector("h3[tabindex]");
      if (!title) return;
      opened = "";
      title.focus({ preventScroll: true });
      title.scrollIntoView({ block: "start" });
    });
  ["comparison", "lineage"].forEach(show);
})();
