"use strict";
// Draws the charts of the page in the colours of the reader's scheme, and again when that changes, or for paper.
(() => {
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const root = document.documentElement;
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const narrow = matchMedia("(max-width: 640px)");
  const coarse = matchMedia("(pointer: coarse)");
  const logarithmic = new Set(Object.keys(charts).filter((name) => charts[name].log.isOn));
  const PAPER_WIDTH = 680;

  // Replaces every colour "var(--name)" by what the style sheet says now.
  const painted = (value, style) => {
    if (typeof value === "string") {
      return value.startsWith("var(") ? style.getPropertyValue(value.slice(4, -1)).trim() : value;
    }
    if (Array.isArray(value)) {
      return typeof value[0] === "number" ? value : value.map((each) => painted(each, style));
    }
    if (value !== null && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, painted(each, style)]));
    }
    return value;
  };

  const draw = (name) => {
    const chart = charts[name];
    const style = getComputedStyle(root);
    const layout = painted(chart.layout, style);
    const printing = root.classList.contains("printing");
    layout.hoverlabel.bgcolor = style.getPropertyValue("--card").trim();
    layout.hoverlabel.font.color = style.getPropertyValue("--ink").trim();
    layout.dragmode = coarse.matches ? false : "zoom";
    if (printing) {
      layout.width = PAPER_WIDTH;
    }
    if (narrow.matches && !printing) {
      layout.height = Math.round(layout.height * 0.8);
      layout.margin = { ...layout.margin, l: 48, r: 8 };
      layout.font.size = 10;
    }
    if (logarithmic.has(name)) {
      Object.assign(layout[chart.log.axis], { type: "log", dtick: chart.log.step });
    }
    return Plotly.react(`chart-${name}`, painted(chart.data, style), layout, {
      displaylogo: false,
      responsive: true,
      displayModeBar: printing || coarse.matches ? false : "hover",
      modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"],
    });
  };
  const drawAll = () => Promise.all(Object.keys(charts).map(draw));

  for (const button of document.querySelectorAll("button[data-log]")) {
    button.addEventListener("click", () => {
      const name = button.dataset.log;
      const isOn = !logarithmic.delete(name);
      if (isOn) {
        logarithmic.add(name);
      }
      button.setAttribute("aria-pressed", String(isOn));
      draw(name);
    });
  }
  for (const query of [scheme, narrow]) {
    query.addEventListener("change", drawAll);
  }
  addEventListener("beforeprint", () => {
    root.classList.add("printing");
    drawAll();
  });
  addEventListener("afterprint", () => {
    root.classList.remove("printing");
    drawAll();
  });
  drawAll().then(() => root.classList.add("drawn"));
})();
