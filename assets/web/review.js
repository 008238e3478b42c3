// The Review tab: moving in the list, choosing the mistake step, editing the skill and sending verdicts.
// A verdict names the case it was given on, and keys wait until their case is painted.
(() => {
  const wb = (window.wb = window.wb || {});
  const form = () => document.querySelector("#editor form.editor");
  const shown = () => (form() ? Number(form().dataset.sample) : 0);
  const RESPONSE_TIMEOUT_MS = 8000; // after this a response counts as lost, and the keys that wait for it are dropped
  let requestedSample = 0; // the case that was requested and is not painted yet; 0 when there is none
  let opening = null; // the last request to open a case, until it is painted: {token, since, control}, or null
  let busy = null; // the command whose response is not painted yet: {token, since}, or null
  let commandCount = 0;
  const queue = [];
  const ticket = () => ({ token: `${++commandCount}-${Date.now() % 1e8}`, since: Date.now() });

  // --- moving
  const rows = () => [...document.querySelectorAll("#cases .case-row")];
  const markRow = (sample) => {
    rows().forEach((row) => {
      const isCurrent = Number(row.dataset.sample) === sample;
      row.classList.toggle("sel", isCurrent);
      if (isCurrent) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
      if (isCurrent) row.scrollIntoView({ block: "nearest" });
    });
  };
  wb.pick = (sample, push) => {
    if (!sample) return;
    requestedSample = sample;
    markRow(sample);
    wb.url({ sample, tab: "review" }, push);
    if (opening) opening.control.abort();
    opening = { ...ticket(), control: new AbortController() };
    wb.act("open", { sample, token: opening.token }, opening.control.signal);
  };
  wb.move = (by) => {
    const all = rows();
    if (!all.length) return;
    const at = all.findIndex((row) => row.classList.contains("sel"));
    const next = at < 0 ? 0 : at + by;
    if (next >= all.length) return turnPage("next");
    if (next < 0) return turnPage("previous");
    wb.pick(Number(all[next].dataset.sample));
  };
  // The pages before this one, as the cursors they start from: needed to go back from the top of a page.
  let earlierPages = [];
  const turnPage = (which) => {
    const button = document.querySelector(`#cases [data-page=${which}]`);
    if (!button) return;
    const back = which === "previous";
    busy = ticket();
    wb.url({ from: back ? earlierPages[earlierPages.length - 1] || null : button.dataset.from, sample: null }, true);
    wb.act("turn", { token: busy.token, end: back && earlierPages.length > 0 });
  };
  document.addEventListener("click", (event) => {
    const row = event.target.closest && event.target.closest(".case-row");
    if (row && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      press({ pick: Number(row.dataset.sample) });
    }
    const page = event.target.closest && event.target.closest("#cases [data-page]");
    if (page) press({ turn: page.dataset.page });
    const step = event.target.closest && event.target.closest("#steps .step");
    if (step) wb.choose(Number(step.dataset.step));
    const verdict = event.target.closest && event.target.closest("#editor [data-verdict]");
    if (verdict) press({ verdict: verdict.dataset.verdict });
  });

  // --- the mistake step and the skill, as they stand in the form
  wb.choose = (step) => {
    const f = form();
    if (!f || f.dataset.open !== "yes" || step < 1 || step > Number(f.dataset.steps)) return;
    f.dataset.step = step;
    document.querySelectorAll("#steps .step").forEach((item) => {
      const isMistake = Number(item.dataset.step) === step;
      item.classList.toggle("mistake", isMistake);
      item.setAttribute("aria-pressed", isMistake);
    });
    wb.markStep && wb.markStep(step);
    refresh();
    wb.typed && wb.typed();
  };
  const changed = () => {
    const f = form();
    return f && (f.dataset.step !== f.dataset.machineStep || f.skill.value.trim() !== f.dataset.machineSkill);
  };
  const refresh = () => {
    const f = form();
    if (!f) return;
    const chosen = f.querySelector(".chosen");
    if (chosen) chosen.textContent = f.dataset.step === "0" ? "none" : f.dataset.step;
    const machineStep = f.querySelector(".was");
    if (machineStep) machineStep.hidden = f.dataset.step === f.dataset.machineStep || f.dataset.machineStep === "0";
    const skillStep = f.querySelector(".named");
    if (skillStep) skillStep.hidden = f.dataset.step === f.dataset.skillStep || f.skill.value.trim() !== f.dataset.machineSkill;
    const accept = f.querySelector("[data-verdict=accepted] .label");
    if (accept) accept.textContent = changed() ? "Accept edited" : "Accept";
  };
  document.addEventListener("input", (event) => event.target.closest && event.target.closest("form.editor") && refresh());
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form.editor")) return;
    event.preventDefault();
    if (document.activeElement) document.activeElement.blur();
    press({ verdict: "accepted" });
  });

  // --- verdicts
  const verdict = (name) => {
    const f = form();
    if (!f) return;
    if (name === "edit") {
      f.skill.focus();
      f.skill.select();
      return;
    }
    if (name === "misread-ask") {
      const box = f.querySelector(".misread");
      box.hidden = !box.hidden;
      if (!box.hidden) box.querySelector("select, input").focus();
      return;
    }
    if (name === "undo" || name === "redo") return send(name, {});
    if (name === "discard") return wb.discard && wb.discard();
    if (name === "theirs" || name === "over") {
      if (!f.dataset.mine) return;
      if (name === "theirs") return send("theirs", {});
      name = f.dataset.mine;
    }
    const data = { verdict: name, step: f.dataset.step, skill: f.skill.value, note: f.note.value };
    if (name === "misread") data.answer = f.answer.value;
    send("verdict", data);
  };
  const send = (kind, fields) => {
    const f = form();
    busy = ticket();
    const button = document.activeElement;
    if (button && button.closest && button.closest("#editor")) button.blur();
    const place = f ? { sample: f.dataset.sample, round: f.dataset.round, project: f.dataset.project, seen: f.dataset.seen } : {};
    wb.leaving && wb.leaving(busy.token);
    wb.act(kind, { ...fields, ...place, token: busy.token });
  };
  wb.jump = (number) => send("jump", { number });

  // --- a queue of keys and buttons in the order they were pressed; each waits for its case
  const press = (action) => {
    if (queue.length < 60) queue.push(action);
    processQueue();
  };
  const isOverdue = (request) => request && Date.now() - request.since > RESPONSE_TIMEOUT_MS;
  const processQueue = () => {
    if (isOverdue(busy) || isOverdue(opening)) {
      // No response: the keys pressed since then were meant for a case that may never be painted.
      [busy, opening, requestedSample] = [null, null, 0];
      queue.length = 0;
    }
    while (queue.length) {
      const action = queue[0];
      // A move may overtake another move; everything else waits for its case.
      if (busy || (opening && !action.move)) return setTimeout(processQueue, 30);
      queue.shift();
      if (action.move) wb.move(action.move);
      else if (action.pick) wb.pick(action.pick, true);
      else if (action.turn) turnPage(action.turn);
      else if (action.step) wb.choose(action.step);
      else if (action.next) send("unreviewed", {});
      else verdict(action.verdict);
    }
  };
  wb.press = press;

  // The address names the next case before that case is painted: if it changed during painting, the browser would
  // restyle every link of the page, 50 of them in the list, before the next line runs.
  wb.beforePaint = (command, parts) => {
    const match = busy && command && command.token === busy.token && /data-sample="(\d+)"/.exec(parts.editor || "");
    if (match && wb.param("tab") === "review") wb.url({ sample: match[1] });
  };

  // --- after painting
  wb.onPaint("editor", () => {
    const f = form();
    if (!f) {
      [busy, opening, requestedSample] = [null, null, 0];
      return;
    }
    // Painting reuses the elements: text typed into the previous case must go.
    f.reset();
    const token = f.dataset.token;
    // Only the command's own response ends the wait: an earlier case may be painted after the command was sent.
    if (busy && token === busy.token) {
      wb.commandPainted && wb.commandPainted(token);
      [busy, opening] = [null, null];
    } else if (busy) return;
    // Gradio paints the whole page, perhaps late: for an address that an action has changed since.
    const addressed = wb.param("sample");
    if (token === "shown" && f.dataset.sample !== addressed && f.dataset.asked !== addressed) {
      busy = ticket();
      wb.act("turn", { token: busy.token });
      return;
    }
    // A later move has overtaken this case.
    if (opening && token !== opening.token && token !== "shown") return;
    opening = null;
    requestedSample = 0;
    if (wb.param("sample") !== f.dataset.sample && wb.param("tab") === "review") wb.url({ sample: f.dataset.sample });
    markRow(shown());
    wb.settle && wb.settle(f);
    refresh();
    if (f.dataset.mine) f.querySelector(".conflict").scrollIntoView({ block: "nearest" });
    processQueue();
  });
  // The response to a refused command is a notice alone.
  wb.onPaint("notice", (element) => {
    if (!element.querySelector(".notice.error")) return;
    [busy, opening, requestedSample] = [null, null, 0];
    queue.length = 0;
  });
  let pageStart; // the cursor at which the shown page of the list starts
  wb.onPaint("cases", (element) => {
    const list = element.querySelector(".cases");
    if (list && wb.param("tab") === "review") {
      // A verdict may have turned the page of the list: the URL has to name it, too.
      const start = list.dataset.start;
      if (!start) earlierPages = [];
      else if (start === earlierPages[earlierPages.length - 1]) earlierPages.pop();
      else if (pageStart !== undefined && start !== pageStart) earlierPages.push(pageStart);
      pageStart = start;
      wb.url({ from: start });
    }
    // While a command is under way its response marks the case.
    if (!busy) markRow(requestedSample || shown());
  });

  let searchTimer = 0;
  document.addEventListener("input", (event) => {
    if (!event.target.matches || !event.target.matches("[data-search]")) return;
    clearTimeout(searchTimer);
    searchTimer = setTimeout(() => {
      wb.url({ [event.target.dataset.search]: event.target.value, from: null, sample: null });
      wb.act("filter");
    }, 250);
  });
})();
