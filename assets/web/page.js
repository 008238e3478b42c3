// The page's plumbing: commands to the server, the URL, dialogs and links. Holds nothing that a reload would lose.
// Loaded late by Gradio: everything hangs on `wb`, and whoever comes first makes it.
(() => {
  const wb = (window.wb = window.wb || {});
  const SILENT =
    '<div class="notice error" role="alert"><p>Switchpoint does not answer: nothing was decided, and what you typed is kept. Try again, or start it again with <code>make run</code>.</p><button type="button" class="quiet" data-close aria-label="Close this message">×</button></div>';
  const SIGNED_OUT =
    '<div class="notice error" role="alert"><p>You are signed out: nothing was decided, and what you typed is kept. <a href="/login" target="_blank">Sign in in another window</a>, then go on here.</p><button type="button" class="quiet" data-close aria-label="Close this message">×</button></div>';

  wb.send = (kind, data) => {
    if (wb.trigger) wb.trigger({ ...(data || {}), kind });
    else setTimeout(() => wb.send(kind, data), 60);
  };
  // An act goes past Gradio: its answer holds the parts that change. What comes before `editor` is painted before it.
  // A tick's answer is of the place it was asked for: where acts have moved on since then, it would turn the list back.
  // Where an act is on its way it would hold up that one's painting. It is then asked for again.
  let acting = 0; // acts whose answers are not here yet
  let acted = 0; // when the newest was begun
  wb.act = (kind, data, signal) => {
    const at = location.search;
    const isNews = kind === "tick";
    const current = () => !isNews || (!acting && location.search === at) || void (asked = "");
    if (!isNews) [acting, acted] = [acting + 1, Date.now()];
    return fetch("/desk/act" + at, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ ...(data || {}), kind }), signal })
      .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(answer.status))))
      .finally(() => isNews || acting--)
      .then(
        (parts) => {
          if (!current()) return;
          if (wb.arrives) wb.arrives(data, parts);
          put(parts);
        },
        (error) => error.name === "AbortError" || put({ notice: error.message === "401" ? SIGNED_OUT : SILENT }),
      );
  };
  // Gradio mounts the parts one after another: what comes for one that is not there yet waits.
  const put = (parts) => {
    const names = Object.keys(parts);
    if (names.every((name) => wb.parts && wb.parts[name])) names.forEach((name) => wb.parts[name](parts[name]));
    else setTimeout(put, 30, parts);
  };

  // --- news: jobs and other people change what is shown. The server is asked for a short stamp, and for the parts only
  // where it changed. Whoever decides case after case makes news with every key: they wait for a pause, though not for
  // long, since counting and painting them beside the next verdict would hold it up.
  const NEWS = 1500;
  const PAUSE = 1000;
  const LONGEST = 6000;
  const AGAIN = 15000;
  let seen = "";
  let asked = ""; // the stamp that a tick was last sent for, and when
  let askedAt = 0;
  let looked = 0; // when the stamp was last asked for
  let out = false; // said already that the session is over
  setInterval(() => {
    if (document.hidden || !seen) return;
    const isBusy = acting || Date.now() - acted < PAUSE;
    if (isBusy && Date.now() - looked < LONGEST) return;
    looked = Date.now();
    fetch("/desk/stamp" + location.search)
      .then((answer) => {
        if (answer.status === 401 && !out) put({ notice: SIGNED_OUT });
        out = answer.status === 401;
        return answer.ok ? answer.text() : "";
      })
      .then((now) => {
        if (!now || now === seen) return;
        // Until its answer brings a stamp, a tick may be under way or lost on the way: it is asked once more later.
        if (now === asked && Date.now() - askedAt < AGAIN) return;
        [asked, askedAt] = [now, Date.now()];
        // Other tabs have components of Gradio's own among what follows, which only its own way can change.
        (wb.param("tab") === "review" ? wb.act : wb.send)("tick", { last: seen });
      })
      .catch(() => {});
  }, NEWS);

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

  // A filter that is painted anew while it has the focus gets it back.
  let lost = null;
  document.addEventListener("focusout", (event) => {
    const name = event.target.dataset && event.target.dataset.param;
    lost = name ? { name, since: Date.now() } : null;
  });

  // --- painted: called by each part after the server changed it
  const hooks = {};
  wb.onPaint = (name, hook) => {
    (hooks[name] = hooks[name] || []).push(hook);
    const element = document.getElementById(name);
    if (element && element.firstElementChild) hook(element, undefined);
  };
  wb.painted = (name, element, value) => {
    (hooks[name] || []).forEach((hook) => hook(element, value));
    element.querySelectorAll("[data-keep]").forEach((details) => {
      const kept = sessionStorage.getItem("keep:" + details.dataset.keep);
      if (kept) details.open = kept === "open";
    });
    if (lost && Date.now() - lost.since < 2000 && document.activeElement === document.body) {
      const again = element.querySelector(`[data-param="${lost.name}"]`);
      if (again) again.focus();
    }
    document.body.classList.add("painted");
  };
  wb.onPaint("tray", (element) => {
    const stamp = element.querySelector("[data-stamp]");
    if (stamp) seen = stamp.dataset.stamp;
  });
  wb.onPaint("head", (element) => {
    const head = element.querySelector(".head");
    if (head && head.dataset.project) {
      const round = head.dataset.round;
      wb.url({ project: head.dataset.project, round, tab: head.dataset.tab });
    }
  });

  // --- clicks, changes and forms; what is clicked says in data-attributes what it means
  const data = (element) => {
    const { cmd, confirm, ...rest } = element.dataset;
    return rest;
  };
  const restrain = (button) => {
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
      restrain(target);
      const { desk, ...rest } = target.dataset;
      wb.act(desk, rest);
    } else if (target.dataset.confirm) wb.ask(target.dataset.confirm, () => wb.send(target.dataset.cmd, data(target)));
    else {
      restrain(target);
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
  // Only what a person opens or closes is kept: a part that is painted anew closes its details, too.
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
  wb.ask = (question, yes) => {
    document.getElementById("ask-text").textContent = question;
    const button = document.getElementById("ask-yes");
    button.onclick = () => {
      document.getElementById("ask").close();
      yes();
    };
    wb.open("ask");
    button.focus();
  };
  document.addEventListener("click", (event) => {
    if (event.target.tagName === "DIALOG") event.target.close();
  });
})();
