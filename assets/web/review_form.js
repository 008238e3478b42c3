// The form beside a case: drafts, matching support samples, the δ and λ dialog, verdicts on many cases at once, the image
// in full size, and the reviewer's name.
(() => {
  const wb = (window.wb = window.wb || {});
  const form = () => document.querySelector("#editor form.editor");
  const DRAFT_DELAY_MS = 350; // after the last key, before a draft is sent

  // --- drafts: saved in this browser first, then in the database
  const keyOf = (f) => `draft:${f.dataset.project}/${f.dataset.round}/${f.dataset.sample}`;
  const typedIn = (f) => ({ step: f.dataset.step, skill: f.skill.value, note: f.note.value, answer: f.querySelector(".misread").hidden ? null : f.answer.value });
  const isDirty = (f, now) => now.step !== f.dataset.baseStep || now.skill.trim() !== f.dataset.baseSkill || now.note.trim() !== "" || now.answer !== null;
  const state = (text, keep) => {
    const line = document.querySelector("#editor .draft-state");
    if (line) line.textContent = text;
    const button = document.querySelector("#editor [data-verdict=discard]");
    if (button) button.hidden = !keep;
  };
  const recall = (key) => {
    try {
      return JSON.parse(localStorage.getItem(key));
    } catch {
      return null;
    }
  };
  let timer = 0;
  let pending = null; // the draft to be sent: {key, body}
  const leaving = {}; // token of a verdict being sent -> key of the draft that it replaces

  wb.typed = () => {
    const f = form();
    if (!f) return;
    const now = typedIn(f);
    const at = { project: f.dataset.project, round: f.dataset.round, sample: f.dataset.sample, seen: f.dataset.seen };
    const dirty = isDirty(f, now);
    if (dirty) localStorage.setItem(keyOf(f), JSON.stringify({ ...now, seen: f.dataset.seen }));
    else localStorage.removeItem(keyOf(f));
    if (pending && pending.key !== keyOf(f)) flush();
    pending = { key: keyOf(f), body: { ...at, ...now, discard: !dirty } };
    clearTimeout(timer);
    timer = setTimeout(flush, DRAFT_DELAY_MS);
  };
  const flush = () => {
    clearTimeout(timer);
    const sending = pending;
    pending = null;
    if (!sending) return;
    fetch("/desk/draft", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(sending.body), keepalive: true })
      .then((answer) => {
        const f = form();
        const here = f && keyOf(f) === sending.key;
        if (!answer.ok && answer.status !== 409) throw new Error(answer.status);
        if (answer.ok) answer.json().then(({ saved }) => confirm(sending, saved));
        if (here && !f.dataset.mine) state(sending.body.discard || !answer.ok ? "" : "Draft saved", !sending.body.discard && answer.ok);
      })
      .catch(() => {
        state("Not saved yet: kept in this browser until the server answers", true);
        if (!pending) pending = sending;
        timer = setTimeout(flush, 3000);
      });
  };
  // The local copy stays until a rendered form contains it: the case may have been sent before the draft was saved.
  const confirm = ({ key, body: { step, skill, note, answer, seen } }, saved) => {
    const local = recall(key);
    if (local && saved && JSON.stringify({ step, skill, note, answer, seen }) === JSON.stringify(local)) localStorage.setItem(key, JSON.stringify({ ...local, saved }));
  };
  const isSuperseded = (f, local) => local.saved && (local.seen !== f.dataset.seen || f.dataset.draft >= local.saved);
  addEventListener("pagehide", flush);
  document.addEventListener("visibilitychange", () => document.hidden && flush());
  document.addEventListener("input", (event) => {
    if (!event.target.closest || !event.target.closest("form.editor")) return;
    wb.typed();
    if (event.target.name === "skill") showHitsSoon(100);
  });
  document.addEventListener("change", (event) => event.target.matches && event.target.matches("form.editor select") && wb.typed());

  // A verdict replaces the draft; the browser keeps the draft until the verdict is confirmed.
  wb.leaving = (token) => {
    const f = form();
    clearTimeout(timer);
    pending = null;
    if (f) leaving[token] = keyOf(f);
  };
  wb.commandPainted = (token) => {
    const f = form();
    const key = leaving[token];
    delete leaving[token];
    if (key && !(f && f.dataset.mine && keyOf(f) === key)) localStorage.removeItem(key);
  };
  wb.discard = () => {
    const f = form();
    if (!f) return;
    f.skill.value = f.dataset.baseSkill;
    f.note.value = "";
    f.querySelector(".misread").hidden = true;
    if (f.dataset.open === "yes" && f.dataset.baseStep !== "0") wb.choose(Number(f.dataset.baseStep));
    wb.typed();
    showHitsSoon(0);
  };
  // After a case is rendered, a draft that this browser still has goes back into the form.
  wb.settle = (f) => {
    const local = recall(keyOf(f));
    if (local && isSuperseded(f, local)) localStorage.removeItem(keyOf(f));
    else if (local && isDirty(f, local) && !f.dataset.mine) {
      f.skill.value = local.skill;
      f.note.value = local.note;
      if (local.answer !== null) {
        f.querySelector(".misread").hidden = false;
        f.answer.value = local.answer;
      }
      if (local.step !== "0" && local.step !== f.dataset.step) wb.choose(Number(local.step));
      wb.typed();
    }
    const step = Number(f.dataset.step);
    if (step && f.dataset.step !== f.dataset.baseStep) document.querySelectorAll("#steps .step").forEach((item) => item.classList.toggle("mistake", Number(item.dataset.step) === step));
    if (step && wb.markStep) wb.markStep(step);
    showHitsSoon(120);
  };

  // --- support samples that match the skill field
  let hitsTimer = 0;
  let hitsRequest = null;
  const showHitsSoon = (delay) => {
    clearTimeout(hitsTimer);
    hitsTimer = setTimeout(showHits, delay);
  };
  const showHits = () => {
    const f = form();
    if (!f) return;
    if (hitsRequest) hitsRequest.abort();
    const request = (hitsRequest = new AbortController());
    const query = new URLSearchParams({ project: f.dataset.project, skill: f.skill.value });
    fetch(`/desk/hits?${query}`, { signal: request.signal })
      .then((answer) => (answer.ok ? answer.text() : ""))
      .then((html) => {
        const box = document.querySelector("#editor .live");
        if (!box || hitsRequest !== request || form() !== f) return;
        box.innerHTML = html; // escaped by the server
        box.dataset.skill = f.skill.value;
        unfold();
        if (box.querySelector("[data-waiting=yes]")) showHitsSoon(1000);
      })
      .catch(() => {});
  };
  // The samples are unfolded while the skill is edited, and if a person opened them.
  const HITS_OPENED_KEY = "hits opened";
  const unfold = () => {
    const details = document.querySelector("#editor .live details");
    if (details) details.open = document.activeElement === form().skill || sessionStorage.getItem(HITS_OPENED_KEY) === "yes";
  };
  document.addEventListener("focusin", (event) => event.target.matches("form.editor [name=skill]") && unfold());
  document.addEventListener("click", (event) => {
    const summary = event.target.closest && event.target.closest("#editor .live summary");
    if (summary) sessionStorage.setItem(HITS_OPENED_KEY, summary.parentElement.open ? "no" : "yes");
  });

  // --- δ and λ
  const showEffect = () => {
    const f = document.querySelector(".reading-form");
    if (!f || !f.closest("dialog").open) return;
    const [delta, lam] = [f.delta.value, f.lam.value];
    f.querySelector("[data-shows=delta]").textContent = Number(delta);
    f.querySelector("[data-shows=lam]").textContent = lam;
    f.querySelector("[type=submit]").disabled = Number(delta) === Number(f.dataset.delta) && lam === f.dataset.lam;
    fetch(`/desk/reading?${new URLSearchParams({ project: f.dataset.project, round: f.dataset.round, delta, lam })}`)
      .then((answer) => answer.text())
      .then((html) => {
        if (f.delta.value === delta && f.lam.value === lam) f.querySelector(".effect").innerHTML = html;
      });
  };
  let effectTimer = 0;
  const showEffectSoon = () => {
    clearTimeout(effectTimer);
    effectTimer = setTimeout(showEffect, 40);
  };
  document.addEventListener("input", (event) => event.target.closest && event.target.closest(".reading-form") && showEffectSoon());
  document.addEventListener("reset", (event) => event.target.matches(".reading-form") && setTimeout(showEffect));
  document.addEventListener("click", (event) => event.target.closest && event.target.closest("[data-open=reading-dialog]") && setTimeout(showEffect));
  document.addEventListener("submit", (event) => {
    const f = event.target;
    if (f.matches(".reading-form")) {
      event.preventDefault();
      f.closest("dialog").close();
      wb.send("reread", { delta: f.delta.value, lam: f.lam.value });
    } else if (f.matches("[data-jump]")) {
      event.preventDefault();
      f.number.blur();
      wb.jump(f.number.value);
    }
  });
  wb.focusJump = () => {
    const field = document.querySelector("[data-jump] input");
    if (field) field.focus();
  };

  // --- one verdict for many cases
  const bulk = () => document.getElementById("bulk-dialog");
  let planRequestedAt = 0; // when the dialog was requested that is not rendered yet
  let earlyKeys = []; // the keys pressed since then
  const ask = (data) => {
    planRequestedAt = Date.now();
    wb.send("bulk-plan", data);
  };
  const plan = (act, skill) => ask({ act, skill: skill || "", of: bulk().dataset.of });
  wb.askBulk = () => ask({});
  wb.bulkWaits = (event) => {
    if (!planRequestedAt || Date.now() - planRequestedAt > 8000) return false;
    if (event.target.closest && event.target.closest("[data-bulk-skill]")) return false;
    earlyKeys.push(event.key);
    return true;
  };
  wb.onPaint("notice", (element) => {
    if (element.querySelector(".notice.error")) [planRequestedAt, earlyKeys] = [0, []];
  });
  wb.onPaint("bulk", (element) => {
    const dialog = element.querySelector("dialog");
    const keys = earlyKeys;
    [planRequestedAt, earlyKeys] = [0, []];
    if (!dialog) return;
    dialog.showModal();
    const field = dialog.querySelector("[data-bulk-skill]");
    if (field) {
      field.focus();
      field.setSelectionRange(field.value.length, field.value.length);
    } else dialog.querySelector("[data-bulk-do]").focus();
    // Early keys are for the buttons, so a dialog with a text field ignores them.
    const next = field ? undefined : keys.shift();
    if (next === undefined) return;
    if (next === "Escape") dialog.close();
    else if (next === "Enter") carryOut();
    else if (choose(next)) earlyKeys = keys;
  });
  const act = (name) => (name === "renamed" ? plan(name, "") : plan(name));
  const carryOut = () => {
    const dialog = bulk();
    const field = dialog.querySelector("[data-bulk-skill]");
    const button = dialog.querySelector("[data-bulk-do]");
    if (button.disabled) return;
    button.disabled = true;
    wb.send("bulk-do", { act: dialog.dataset.act, of: dialog.dataset.of, seal: dialog.dataset.seal, skill: field ? field.value : "" });
  };
  wb.bulkKey = (event, target) => {
    if (target.closest("input")) {
      if (event.key === "Enter") {
        event.preventDefault();
        plan("renamed", target.value);
      }
      return;
    }
    if (choose(event.key)) event.preventDefault();
  };
  const choose = (key) => {
    const verdict = { a: "accepted", r: "rejected", s: "skipped", l: "label_wrong", e: "renamed" }[key.toLowerCase()];
    if (!verdict || !bulk().querySelector(`[data-bulk-act=${verdict}]`)) return false;
    act(verdict);
    return true;
  };
  let renameTimer = 0;
  document.addEventListener("input", (event) => {
    if (!event.target.matches || !event.target.matches("[data-bulk-skill]")) return;
    bulk().querySelector("[data-bulk-do]").disabled = true;
    clearTimeout(renameTimer);
    renameTimer = setTimeout(() => bulk() && plan("renamed", event.target.value), 300);
  });
  document.addEventListener("click", (event) => {
    const target = event.target.closest && event.target.closest("[data-bulk-act],[data-bulk-do],[data-zoom],[data-ask-bulk]");
    if (!target) return;
    if (target.dataset.askBulk !== undefined) return wb.askBulk();
    if (target.dataset.bulkAct) act(target.dataset.bulkAct);
    else if (target.dataset.bulkDo !== undefined) carryOut();
    else wb.zoom();
  });

  // --- the image in full size
  wb.zoom = () => {
    const small = document.querySelector("#case .picture img");
    const dialog = document.getElementById("zoom");
    if (!small || !dialog) return;
    const image = dialog.querySelector("img");
    image.src = small.src;
    image.classList.toggle("small-image", small.naturalWidth <= 256);
    wb.open("zoom");
  };

  // --- the reviewer's name: a cookie of this browser, never part of a link
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-who]")) return;
    event.preventDefault();
    const name = encodeURIComponent(event.target.reviewer.value.trim());
    document.cookie = `switchpoint-reviewer=${name}; path=/; SameSite=Strict; max-age=${name ? 31536000 : 0}`;
    event.target.closest("dialog").close();
    wb.send("nav");
  });
})();
