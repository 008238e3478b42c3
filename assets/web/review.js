// The Review tab: moving in the list, choosing the mistake step, editing the skill and sending verdicts.
// A verdict names the case it was given on, and keys wait until the case they are meant for is on the screen.
(() => {
  const wb = (window.wb = window.wb || {});
  const form = () => document.querySelector("#editor form.editor");
  const shown = () => (form() ? Number(form().dataset.sample) : 0);
  const PATIENCE = 8000; // ms after which an answer is given up, and with it every key that waits for it
  let wanted = 0; // the case that was asked for; 0 when nothing is on its way
  let opening = null; // the newest case asked for whose answer has not been painted yet: {token, since, control}, null when none
  let busy = null; // the command whose answer has not been painted yet: {token, since}, null when none
  let sent = 0;
  const queue = [];
  const ticket = () => ({ token: `${++sent}-${Date.now() % 1e8}`, since: Date.now() });

  // --- moving
  const rows = () => [...document.querySelectorAll("#cases .case-row")];
  const mark = (sample) => {
    rows().forEach((row) => {
      const here = Number(row.dataset.sample) === sample;
      row.classList.toggle("sel", here);
      if (here) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
      if (here) row.scrollIntoView({ block: "nearest" });
    });
  };
  wb.pick = (sample, push) => {
    if (!sample) return;
    wanted = sample;
    mark(sample);
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
    if (next >= all.length) return more("next");
    if (next < 0) return more("previous");
    wb.pick(Number(all[next].dataset.sample));
  };
  // Pages before this one, as the cursors they start from: the way back from the top of a page.
  let before = [];
  const more = (which) => {
    const button = document.querySelector(`#cases [data-page=${which}]`);
    if (!button) return;
    const back = which === "previous";
    busy = ticket();
    wb.url({ from: back ? before[before.length - 1] || null : button.dataset.from, sample: null }, true);
    wb.act("turn", { token: busy.token, end: back && before.length > 0 });
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
      const here = Number(item.dataset.step) === step;
      item.classList.toggle("mistake", here);
      item.setAttribute("aria-pressed", here);
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
    const said = f.querySelector(".chosen");
    if (said) said.textContent = f.dataset.step === "0" ? "none" : f.dataset.step;
    const was = f.querySelector(".was");
    if (was) was.hidden = f.dataset.step === f.dataset.machineStep || f.dataset.machineStep === "0";
    const named = f.querySelector(".named");
    if (named) named.hidden = f.dataset.step === f.dataset.skillStep || f.skill.value.trim() !== f.dataset.machineSkill;
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
  const send = (kind, more) => {
    const f = form();
    busy = ticket();
    const button = document.activeElement;
    if (button && button.closest && button.closest("#editor")) button.blur();
    const at = f ? { sample: f.dataset.sample, round: f.dataset.round, project: f.dataset.project, seen: f.dataset.seen } : {};
    wb.leaving && wb.leaving(busy.token);
    wb.act(kind, { ...more, ...at, token: busy.token });
  };
  wb.jump = (number) => send("jump", { number });

  // --- keys and buttons in the order they were pressed; each waits for the case it is meant for
  const press = (action) => {
    if (queue.length < 60) queue.push(action);
    work();
  };
  const late = (asked) => asked && Date.now() - asked.since > PATIENCE;
  const work = () => {
    if (late(busy) || late(opening)) {
      // No answer: what was pressed since then was meant for a case that may never come.
      [busy, opening, wanted] = [null, null, 0];
      queue.length = 0;
    }
    while (queue.length) {
      const action = queue[0];
      // A move may overtake another move; everything else waits for the case it is meant for.
      if (busy || (opening && !action.move)) return setTimeout(work, 30);
      queue.shift();
      if (action.move) wb.move(action.move);
      else if (action.pick) wb.pick(action.pick, true);
      else if (action.turn) more(action.turn);
      else if (action.step) wb.choose(action.step);
      else if (action.next) send("unreviewed", {});
      else verdict(action.verdict);
    }
  };
  wb.press = press;

  // The case that a command leads to is named in the address before it is painted: an address that changes while the
  // page is being painted has every link in it styled anew, 50 in the list, before the next line runs.
  wb.arrives = (sent, parts) => {
    const found = busy && sent && sent.token === busy.token && /data-sample="(\d+)"/.exec(parts.editor || "");
    if (found && wb.param("tab") === "review") wb.url({ sample: found[1] });
  };

  // --- after painting
  wb.onPaint("editor", () => {
    const f = form();
    if (!f) {
      [busy, opening, wanted] = [null, null, 0];
      return;
    }
    // Painting changes attributes of the elements that are there: what was typed into the case before must go.
    f.reset();
    const token = f.dataset.token;
    // Only the answer itself ends the wait: an earlier case may be painted, or told of, after the command was sent.
    if (busy && token === busy.token) {
      wb.arrived && wb.arrived(token);
      [busy, opening] = [null, null];
    } else if (busy) return;
    // The page as a whole is painted by Gradio, which may come late: for an address that acts have moved on from.
    const here = wb.param("sample");
    if (token === "shown" && f.dataset.sample !== here && f.dataset.asked !== here) {
      busy = ticket();
      wb.act("turn", { token: busy.token });
      return;
    }
    // A case that a later move has overtaken is on its way out.
    if (opening && token !== opening.token && token !== "shown") return;
    opening = null;
    wanted = 0;
    if (wb.param("sample") !== f.dataset.sample && wb.param("tab") === "review") wb.url({ sample: f.dataset.sample });
    mark(shown());
    wb.settle && wb.settle(f);
    refresh();
    if (f.dataset.mine) f.querySelector(".conflict").scrollIntoView({ block: "nearest" });
    work();
  });
  // A refused command is answered by a sentence alone.
  wb.onPaint("notice", (element) => {
    if (!element.querySelector(".notice.error")) return;
    [busy, opening, wanted] = [null, null, 0];
    queue.length = 0;
  });
  let at; // where the page of the list that is shown starts
  wb.onPaint("cases", (element) => {
    const list = element.querySelector(".cases");
    if (list && wb.param("tab") === "review") {
      // A verdict may have moved the list on to another page by itself: the URL then says so, too.
      const start = list.dataset.start;
      if (!start) before = [];
      else if (start === before[before.length - 1]) before.pop();
      else if (at !== undefined && start !== at) before.push(at);
      at = start;
      wb.url({ from: start });
    }
    // The editor that comes with a command's answer marks its own case; the one before is over.
    if (!busy) mark(wanted || shown());
  });

  let typing = 0;
  document.addEventListener("input", (event) => {
    if (!event.target.matches || !event.target.matches("[data-search]")) return;
    clearTimeout(typing);
    typing = setTimeout(() => {
      wb.url({ [event.target.dataset.search]: event.target.value, from: null, sample: null });
      wb.act("filter");
    }, 250);
  });
})();
