// What all tabs use: commands to the server, the URL, dialogs and links. It holds no state that a reload would lose.
// Gradio loads the scripts late and in any order: all share the object `wb`, and the first script creates it.
(() => {
  const wb = (window.wb = window.wb || {});
  const UNREACHABLE_NOTICE =
    '<div class="notice error" role="alert"><p>Switchpoint does not answer: nothing was decided, and what you typed is kept. Try again, or start it again with <code>make run</code>.</p><button type="button" class="quiet" data-close aria-label="Close this message">×</button></div>';
  const SIGNED_OUT_NOTICE =
    '<div class="notice error" role="alert"><p>You are signed out: nothing was decided, and what you typed is kept. <a href="/login" target="_blank">Sign in in another window</a>, then go on here.</p><button type="button" class="quiet" data-close aria-label="Close this message">×</button></div>';

  wb.send = (kind, data) => {
    if (wb.trigger) wb.trigger({ ...(data || {}), kind });
    else setTimeout(() => wb.send(kind, data), 60);
  };
  // An action does not go through Gradio: the response holds the parts that change, and those before `editor` are painted
  // before it. The response to a tick shows the list as of the tick's request: it is dropped when an action was sent or
  // the address changed since then, and the next poll sends the tick again.
  let openActions = 0; // actions without a response yet
  let lastActionAt = 0; // when the last action was sent
  wb.act = (kind, data, signal) => {
    const at = location.search;
    const isTick = kind === "tick";
    const current = () => !isTick || (!openActions && location.search === at) || void (tickStamp = "");
    if (!isTick) [openActions, lastActionAt] = [openActions + 1, Date.now()];
    return fetch("/desk/act" + at, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ ...(data || {}), kind }), signal })
      .then(async (answer) => {
        if (answer.ok) return answer.json();
        throw Object.assign(new Error(answer.status), { fault: answer.status === 503 && (await answer.text()) });
      })
      .finally(() => isTick || openActions--)
      .then(
        (parts) => {
          if (!current()) return;
          if (wb.beforePaint) wb.beforePaint(data, parts);
          put(parts);
        },
        (error) => {
          if (error.fault) showFault(error.fault);
          else if (error.name !== "AbortError") put({ notice: error.message === "401" ? SIGNED_OUT_NOTICE : UNREACHABLE_NOTICE });
        },
      );
  };
  // Gradio mounts the parts one after another: values for a part that is not mounted yet wait.
  const put = (parts) => {
    const names = Object.keys(parts);
    if (names.every((name) => wb.parts && wb.parts[name])) names.forEach((name) => wb.parts[name](parts[name]));
    else setTimeout(put, 30, parts);
  };

  // --- polling: jobs and other people change what is shown. The page polls a short stamp, and requests the parts (a tick)
  // only when the stamp has changed. Each verdict changes the stamp: while a person decides case after case, the tick
  // waits for a pause, but not longer than MAX_POLL_DELAY_MS, because counting and painting would delay the next verdict.
  const POLL_INTERVAL_MS = 1500;
  const QUIET_MS = 1000;
  const MAX_POLL_DELAY_MS = 6000;
  const TICK_RETRY_MS = 15000;
  let shownStamp = "";
  let tickStamp = ""; // the stamp that the last tick was sent for
  let tickSentAt = 0;
  let lastPollAt = 0;
  let isSignedOut = false; // whether the notice that the session has ended is shown
  let shownFault = ""; // why the database cannot be used now, as the notice says it
  const showFault = (sentence) => {
    const isOver = shownFault && !sentence;
    shownFault = sentence;
    if (isOver) return wb.send("nav"); // what is shown may be from before
    if (!sentence) return;
    const text = Object.assign(document.createElement("p"), { textContent: sentence });
    put({ notice: `<div class="notice error" role="alert">${text.outerHTML}</div>` });
  };
  setInterval(() => {
    if (document.hidden || !(shownStamp || document.body.classList.contains("painted"))) return;
    const isBusy = openActions || Date.now() - lastActionAt < QUIET_MS;
    if (isBusy && Date.now() - lastPollAt < MAX_POLL_DELAY_MS) return;
    lastPollAt = Date.now();
    fetch("/desk/stamp" + location.search)
      .then((answer) => {
        if (answer.status === 401 && !isSignedOut) put({ notice: SIGNED_OUT_NOTICE });
        isSignedOut = answer.status === 401;
        if (answer.status === 503) return void answer.text().then((sentence) => sentence === shownFault || showFault(sentence));
        if (answer.ok) showFault("");
        return answer.ok ? answer.text() : "";
      })
      .then((now) => {
        if (!now || now === shownStamp) return;
        // The last tick for this stamp may still be under way, or it was lost: it is sent again after a while.
        if (now === tickStamp && Date.now() - tickSentAt < TICK_RETRY_MS) return;
        [tickStamp, tickSentAt] = [now, Date.now()];
        // Other tabs have Gradio components among the parts, which only a Gradio event can change.
        (wb.param("tab") === "review" ? wb.act : wb.send)("tick", { last: shownStamp });
      })
      .catch(() => {});
  }, POLL_INTERVAL_MS);

  // --- the URL: replace for steps inside a list, push for moves a person may want to go back from
  wb.url = (changes, push) => {
    const url = new URL(location.href);
    for (const [name, value] of Object.entries(changes)) {
      if (value === null || value === undefined || value === "") url.searchParams.delete(name);
      else url.searchParams.set(name, value);
    }
    if (url.href !== location.href) history[push ? "pushState" : "replaceState"]({}, "", url);
  };
  wb.param = (name) => new URL(location.href).searchParams.get(name) || "";
  wb.go = (href, push = true) => {
    const url = new URL(href, location.href);
    const theme = wb.param("__theme");
    if (theme) url.searchParams.set("__theme", theme);
    if (url.href !== location.href) history[push ? "pushState" : "replaceState"]({}, "", url);
    wb.send("nav");
  };
  wb.tabClicked = () => {
    const tab = document.querySelector("#tabs button[role=tab][aria-selected=true]");
    if (tab) wb.url({ tab: tab.innerText.trim().toLowerCase() }, true);
  };
  addEventListener("popstate", () => wb.send("nav"));

  // A filter that is repainted while it has the focus gets the focus back.
  let lostFocus = null;
  document.addEventListener("focusout", (event) => {
    const name = event.target.dataset && event.target.dataset.param;
    lostFocus = name ? { name, since: Date.now() } : null;
  });

  // --- painting: each part calls `wb.painted` after the server has changed it
  const hooks = {};
  wb.onPaint = (name, hook) => {
    (hooks[name] = hooks[name] || []).push(hook);
    const element = document.getElementById(name);
    if (element && element.firstElementChild) hook(element, undefined);
  };
  wb.painted = (name, element, value) => {
    (hooks[name] || []).forEach((hook) => hook(element, value));
    element.querySelectorAll("[data-keep]").forEach((details) => {
      const stored = sessionStorage.getItem("keep:" + details.dataset.keep);
      if (stored) details.open = stored === "open";
    });
    if (lostFocus && Date.now() - lostFocus.since < 2000 && document.activeElement === document.body) {
      const field = element.querySelector(`[data-param="${lostFocus.name}"]`);
      if (field) field.focus();
    }
    document.body.classList.add("painted");
  };
  wb.onPaint("tray", (element) => {
    const stamp = element.querySelector("[data-stamp]");
    if (stamp) shownStamp = stamp.dataset.stamp;
  });
  wb.onPaint("head", (element) => {
    const head = element.querySelector(".head");
    if (head && head.dataset.project) {
      const round = head.dataset.round;
      wb.url({ project: head.dataset.project, round, tab: head.dataset.tab });
    }
  });

  // --- clicks, changes and forms: data attributes of the element name the command and its arguments
  const data = (element) => {
    const { cmd, confirm, ...rest } = element.dataset;
    return rest;
  };
  const disableBriefly = (button) => {
    button.disabled = true;
    setTimeout(() => (button.disabled = false), 1500);
  };
  document.addEventListener("click", (event) => {
    const target = event.target.closest && event.target.closest("[data-nav],[data-cmd],[data-desk],[data-open],[data-close],[data-close-dialog]");
    if (!target) return;
    if (target.dataset.nav !== undefined) {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      event.preventDefault();
      wb.go(target.getAttribute("href"));
    } else if (target.dataset.open) wb.open(target.dataset.open);
    else if (target.dataset.close !== undefined) target.parentElement.remove();
    else if (target.dataset.closeDialog !== undefined) target.closest("dialog").close();
    else if (target.dataset.desk) {
      disableBriefly(target);
      const { desk, ...rest } = target.dataset;
      wb.act(desk, rest);
    } else if (target.dataset.confirm) wb.ask(target.dataset.confirm, () => wb.send(target.dataset.cmd, data(target)));
    else {
      disableBriefly(target);
      wb.send(target.dataset.cmd, data(target));
    }
  });
  document.addEventListener("change", (event) => {
    const name = event.target.dataset && event.target.dataset.param;
    if (!name) return;
    const changes = { [name]: event.target.value, from: null, at: null };
    if (name === "project") Object.assign(changes, { round: null, sample: null, selection: null, run: null, before: null, after: null, show: null, for: null, rank: null, skills: null, hits: null, support: null, training: null, within: null, at: null, skill: null, category: null });
    const isFilter = ["verdict", "category", "skill", "step", "status", "sure", "reviewer", "order"].includes(name);
    if (isFilter) changes.sample = null;
    if (name === "round") Object.assign(changes, { sample: null, skill: null, reviewer: null });
    wb.url(changes, true);
    if (isFilter && wb.param("tab") === "review") wb.act("filter");
    else wb.send("nav");
  });
  document.addEventListener("submit", (event) => {
    const kind = event.target.dataset && event.target.dataset.form;
    if (!kind) return;
    event.preventDefault();
    wb.send(kind, Object.fromEntries(new FormData(event.target)));
    const dialog = event.target.closest("dialog");
    if (dialog) dialog.close();
    if (kind === "create") wb.created = true;
  });
  // Only a person's own click is stored: repainting a part closes its details, too.
  document.addEventListener("click", (event) => {
    const summary = event.target.closest && event.target.closest("summary");
    const details = summary && summary.parentElement;
    if (details && details.dataset.keep) sessionStorage.setItem("keep:" + details.dataset.keep, details.open ? "closed" : "open");
  });

  // --- dialogs
  wb.open = (id) => {
    const dialog = document.getElementById(id);
    if (dialog && !dialog.open) dialog.showModal();
  };
  wb.ask = (question, onYes) => {
    document.getElementById("ask-text").textContent = question;
    const button = document.getElementById("ask-yes");
    button.onclick = () => {
      document.getElementById("ask").close();
      onYes();
    };
    wb.open("ask");
    button.focus();
  };
  document.addEventListener("click", (event) => {
    if (event.target.tagName === "DIALOG") event.target.close();
  });
})();
