// The Data tab: the import form with its upload, the import preview, checking labels, and forms with unsaved text.
(() => {
  const wb = (window.wb = window.wb || {});
  const FORM = "import-form";
  const store = (area, key, value) => (value === null ? area.removeItem(key) : area.setItem(key, JSON.stringify(value)));
  const recall = (area, key) => {
    try {
      return JSON.parse(area.getItem(key));
    } catch {
      return null;
    }
  };
  const form = () => document.getElementById(FORM);
  const fieldsOf = (f) => [...f.elements].filter((each) => each.name && each.type !== "file");

  // --- the import form: its values are kept in this window until the file is read
  const typed = (f) => Object.fromEntries(fieldsOf(f).filter((each) => each.type !== "radio" || each.checked).map((each) => [each.name, each.type === "checkbox" ? each.checked : each.value]));
  const fill = (f, kept) =>
    fieldsOf(f).forEach((each) => {
      if (!(each.name in kept) || each.disabled) return;
      if (each.type === "radio") each.checked = each.value === kept[each.name];
      else if (each.type === "checkbox") each.checked = kept[each.name];
      else each.value = kept[each.name];
    });
  const state = (text) => {
    const line = document.getElementById("look-state");
    if (line) line.textContent = text;
  };
  const rest = () => {
    const button = document.getElementById("look-button");
    if (button) button.disabled = false;
    const bar = document.getElementById("upload-progress");
    if (bar) bar.hidden = true;
  };
  const upload = (file) =>
    new Promise((done, failed) => {
      const request = new XMLHttpRequest();
      const bar = document.getElementById("upload-progress");
      bar.hidden = false;
      bar.value = 0;
      request.upload.onprogress = (event) => event.lengthComputable && (bar.value = event.loaded / event.total);
      request.onload = () => (request.status === 200 ? done(JSON.parse(request.responseText)) : failed(new Error(request.responseText || request.status)));
      request.onerror = () => failed(new Error("the connection broke off. Try again."));
      request.open("POST", `/desk/upload?${new URLSearchParams({ name: file.name })}`);
      request.send(file);
    });
  const look = async (f) => {
    const file = f.elements.file.files[0];
    document.getElementById("look-button").disabled = true;
    const sent = { ...typed(f), upload: "" };
    try {
      if (file) {
        state(`Uploading ${file.name} …`);
        sent.upload = await upload(file);
      }
    } catch (error) {
      rest();
      return state(`The upload failed: ${error.message}`);
    }
    state("Looking at it …");
    wb.send("look", sent);
  };
  document.addEventListener("submit", (event) => {
    if (event.target.id !== FORM) return;
    event.preventDefault();
    look(event.target);
  });
  document.addEventListener("input", (event) => {
    if (event.target.form && event.target.form.id === FORM) store(sessionStorage, FORM, typed(event.target.form));
  });
  wb.onPaint("notice", (element) => {
    if (element.querySelector(".notice.error")) {
      rest();
      release();
      state("");
    }
  });

  // --- the import preview: a change reads the file again; the changed field keeps the focus
  let focused = null;
  // Disabled until the answer arrives: the buttons belong to the previous preview.
  const hold = (section) =>
    section.querySelectorAll("button:enabled, select:enabled, input:enabled").forEach((each) => {
      each.disabled = true;
      each.dataset.held = "";
    });
  const release = () =>
    document.querySelectorAll("[data-held]").forEach((each) => {
      each.disabled = false;
      delete each.dataset.held;
    });
  wb.onPaint("bring", (element) => {
    release();
    const f = form();
    if (f) {
      const kept = recall(sessionStorage, FORM);
      if (kept) fill(f, kept);
    } else store(sessionStorage, FORM, null);
    if (focused && document.activeElement === document.body) {
      const again = element.querySelector(focused);
      if (again) again.focus();
    }
    focused = null;
  });
  document.addEventListener("change", (event) => {
    const section = event.target.closest && event.target.closest("[data-import]");
    if (!section) return;
    const { again, skip } = event.target.dataset;
    if (again !== undefined) {
      focused = `[data-again="${again}"]`;
      hold(section);
      wb.send("look-again", { import: section.dataset.import, what: again, value: event.target.value });
    } else if (skip !== undefined) {
      focused = "[data-skip]";
      hold(section);
      wb.send("import-skip", { import: section.dataset.import, skip: event.target.checked ? "yes" : "" });
    }
  });

  // --- keys for checking labels
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || wb.param("tab") !== "data") return;
    if (event.target.closest && event.target.closest("input, textarea, select, dialog")) return;
    const button = document.querySelector(`#check [data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (!button || button.disabled) return;
    event.preventDefault();
    button.click();
  });

  // --- unsaved text of the forms is kept in this browser
  const saved = (each) => each.dataset.saved;
  const watched = (f) => [...f.elements].filter((each) => saved(each) !== undefined);
  const mark = (f) => {
    const dirty = watched(f).filter((each) => each.value !== saved(each));
    const line = f.querySelector(".unsaved");
    if (line) line.hidden = !dirty.length;
    return dirty;
  };
  const sent = new Set(); // keys of submitted forms: the server may save their values slightly changed
  document.addEventListener("input", (event) => {
    const f = event.target.form;
    if (!f || !f.dataset.kept) return;
    const dirty = mark(f);
    sent.delete(f.dataset.kept);
    store(localStorage, "kept:" + f.dataset.kept, dirty.length ? Object.fromEntries(dirty.map((each) => [each.name, { typed: each.value, base: saved(each) }])) : null);
  });
  document.addEventListener("submit", (event) => event.target.dataset.kept && sent.add(event.target.dataset.kept));
  const recallKept = (element) =>
    element.querySelectorAll("form[data-kept]").forEach((f) => {
      const key = f.dataset.kept;
      const kept = recall(localStorage, "kept:" + key) || {};
      watched(f).forEach((each) => {
        const mine = kept[each.name];
        const done = !mine || (sent.has(key) && mine.base !== saved(each));
        const now = done ? saved(each) : mine.typed; // a field that is rendered again keeps unsaved text
        if (each.value !== now) each.value = now;
      });
      if (!mark(f).length) store(localStorage, "kept:" + key, null);
    });
  ["models", "settings", "spending", "prompts"].forEach((part) => wb.onPaint(part, recallKept));
  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("[data-cmd=prompt-reset]");
    const f = button && button.closest("form[data-kept]");
    if (f) store(localStorage, "kept:" + f.dataset.kept, null);
  });
})();
