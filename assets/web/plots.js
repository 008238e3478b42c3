// Draws the figures that the server describes (app/rendering/charts.py) with Plotly, in the colors of the page's theme.
(() => {
  const wb = (window.wb = window.wb || {});
  const css = (name) => getComputedStyle(document.body).getPropertyValue(name).trim();
  const axis = (more) => ({ gridcolor: css("--line"), linecolor: css("--line"), zeroline: false, fixedrange: true, ...more });

  const base = (more) => ({
    autosize: true,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: css("--body-text-color"), size: 12, family: css("--font") || "system-ui" },
    hoverlabel: { bgcolor: css("--background-fill-primary"), bordercolor: css("--line"), font: { color: css("--body-text-color") } },
    ...more,
  });

  // The server's layout names colors as CSS variables: replace them by the theme's values.
  const themed = (part) => {
    if (typeof part === "string") return part.startsWith("--") ? css(part) : part;
    if (Array.isArray(part)) return part.map(themed);
    return part && typeof part === "object" ? Object.fromEntries(Object.entries(part).map(([name, value]) => [name, themed(value)])) : part;
  };

  const curve = ({ layout, mark, mistake, votes }) => {
    const [shapes, annotations] = [[...layout.shapes], [...layout.annotations]];
    if (mistake > 0) {
      shapes.push({ ...mark.shape, x0: mistake - mark.half_width, x1: mistake + mark.half_width });
      annotations.push({ ...mark.note, x: mistake, text: `<b>mistake step ${mistake}</b>` });
    }
    if (votes) annotations.push({ ...mark.note, xref: "paper", x: 0, xanchor: "left", text: `${votes} votes a point`, font: { size: 11, color: "--body-text-color-subdued" } });
    return base(themed({ ...layout, shapes, annotations }));
  };

  // Four subplots in a two by two grid, each with its title above it.
  const progress = (figure) => {
    const layout = base({
      height: 400,
      margin: { l: 60, r: 20, t: 26, b: 40 },
      showlegend: false,
      grid: { rows: 2, columns: 2, pattern: "independent", xgap: 0.12, ygap: 0.28 },
      annotations: [],
    });
    figure.titles.forEach((title, place) => {
      const end = place ? place + 1 : "";
      layout["xaxis" + end] = axis({ range: [0, (figure.total || 1) * 1.03], dtick: figure.total < 6 ? 1 : undefined, title: place > 1 ? { text: "update", standoff: 4, font: { size: 11 } } : undefined });
      layout["yaxis" + end] = axis({ rangemode: "tozero", nticks: 6, tickformat: title === "learning rate" ? ".1e" : "" });
      layout.annotations.push({ xref: `x${end} domain`, yref: `y${end} domain`, x: 0, y: 1, xanchor: "left", yanchor: "bottom", showarrow: false, text: `<b>${title}</b>`, font: { size: 12 } });
    });
    return layout;
  };

  const outcomes = (figure) =>
    base({
      height: 380,
      margin: { l: 56, r: 20, t: 12, b: 46 },
      showlegend: true,
      legend: { orientation: "v", x: 1.02, y: 1, font: { size: 12 } },
      hovermode: "closest",
      xaxis: axis({ range: [0, figure.widest * 1.04], title: { text: "samples tuned on", standoff: 6, font: { size: 11 } } }),
      yaxis: axis({ tickformat: ".0%", title: { text: "test accuracy", standoff: 6, font: { size: 11 } } }),
    });

  // Plotly is loaded when the first plot is on the page. A load that fails is repeated; after the last retry a person has to reload the page.
  // A notice below each plot says so, and nothing else on the page waits for Plotly.
  const PLOTLY_URL = "/own/plotly.min.js";
  const RETRY_MS = [500, 2000, 8000];
  const RETRYING_NOTICE = "The script that draws plots did not load. Switchpoint loads it again.";
  const FAILED_NOTICE = "The script that draws plots did not load: no plot is shown. Reload the page to try again.";
  let isLoading = false;
  const showLoadNotice = (text) => {
    document.querySelectorAll(".plotbox").forEach((box) => {
      const shown = box.querySelector(".plot-notice") || box.appendChild(Object.assign(document.createElement("p"), { className: "plot-notice" }));
      shown.setAttribute("role", "status");
      shown.textContent = text;
    });
  };
  const loadPlotly = (failures = 0) => {
    const script = Object.assign(document.createElement("script"), { src: PLOTLY_URL });
    script.onload = () => {
      showLoadNotice("");
      redraw();
    };
    script.onerror = () => {
      script.remove();
      const isLast = failures === RETRY_MS.length;
      showLoadNotice(isLast ? FAILED_NOTICE : RETRYING_NOTICE);
      if (!isLast) setTimeout(loadPlotly, RETRY_MS[failures], failures + 1);
    };
    document.head.append(script);
  };
  const needPlotly = () => {
    if (isLoading) return;
    isLoading = true;
    loadPlotly();
  };

  const layouts = { curve, progress, outcomes };
  const figures = {};
  wb.draw = (name) => {
    const figure = figures[name];
    const div = document.querySelector(`#${name} .plot`);
    if (!div) return;
    document.getElementById(name).classList.toggle("blank", !figure);
    if (!figure || !window.Plotly) return;
    const layout = layouts[figure.kind](figure);
    Plotly.react(div, figure.traces, layout, { responsive: true, displayModeBar: false }).then(() => {
      div.dataset.sample = figure.sample || "";
      if (figure.kind !== "curve" || div.dataset.hasClickHandler) return;
      div.dataset.hasClickHandler = "yes";
      div.on("plotly_click", (event) => wb.choose && wb.choose(event.points[0].x));
    });
  };
  wb.figure = (name, figure) => {
    figures[name] = figure || null;
    wb.draw(name);
  };
  wb.markStep = (step) => {
    if (!figures.curve || figures.curve.mistake === step) return;
    figures.curve = { ...figures.curve, mistake: step };
    wb.draw("curve");
  };
  const redraw = () => Object.keys(figures).forEach((name) => wb.draw(name));
  new MutationObserver(redraw).observe(document.documentElement, { attributes: true, attributeFilter: ["class"], subtree: false });
  document.addEventListener("DOMContentLoaded", () => new MutationObserver(redraw).observe(document.body, { attributes: true, attributeFilter: ["class"] }));
  for (const name of Object.keys(layouts))
    wb.onPaint(name, (_, value) => {
      needPlotly();
      if (value !== undefined) wb.figure(name, value);
    });
})();
