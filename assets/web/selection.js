// The Selection tab: the list of hits by keyboard, and the budget field.
(() => {
  const wb = (window.wb = window.wb || {});
  let at = ""; // the sample of the selected row
  let back = false; // the row had the focus when it was rendered again

  const rows = () => [...document.querySelectorAll("#choosing .hit")];
  const row = () => rows().find((each) => each.dataset.hit === at);
  const stand = (element, focus) => {
    at = element ? element.dataset.hit : "";
    rows().forEach((each) => each.classList.toggle("at", each === element));
    if (element && focus) {
      element.focus({ preventScroll: true });
      element.scrollIntoView({ block: "nearest" });
    }
  };
  const press = (area, sign) => {
    const here = row() || rows()[0];
    const taken = here && here.querySelector(`${area} .badge`);
    const wanted = taken ? "clear" : sign;
    const button = here && here.querySelector(`${area} [data-ruling=${wanted}]`);
    if (!button) return;
    stand(here, true);
    button.click();
  };

  wb.hitKey = (key, shift) => {
    const all = rows();
    if (!all.length) return false;
    const area = shift ? ".task" : ".one";
    if (key === "j" || key === "k") {
      const place = all.indexOf(row());
      stand(all[place < 0 ? 0 : Math.max(0, Math.min(all.length - 1, place + (key === "j" ? 1 : -1)))], true);
    } else if (key === "p") press(area, "pin");
    else if (key === "x") press(area, "remove");
    else if (key === "u") {
      const undo = document.querySelector("#notice [data-desk=unrule]");
      if (undo) undo.click();
    } else return false;
    return true;
  };

  document.addEventListener("focusin", (event) => {
    const hit = event.target.closest && event.target.closest("#choosing .hit");
    if (hit && hit.dataset.hit !== at) stand(hit, false);
  });
  document.addEventListener("focusout", (event) => {
    if (event.target.closest && event.target.closest("#choosing .hit, #notice")) {
      back = true;
      setTimeout(() => (back = false), 2000);
    }
  });
  wb.onPaint("choosing", () => stand(row(), back && document.activeElement === document.body));

  // The number and the slider are one field; its value goes into the URL, so that a reload or a link shows the same.
  document.addEventListener("change", (event) => {
    if (!event.target.closest || !event.target.closest("#budget")) return;
    const budget = Math.round(Number(event.target.value));
    if (!(budget > 0)) return;
    wb.url({ budget });
    wb.act("budget");
  });
})();
