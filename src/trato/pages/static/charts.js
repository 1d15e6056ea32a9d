/* Draws the charts that show, anew when their width changes. Expressions are interpreted (`ast`), so the content
   policy allows no eval. Colours come from the stylesheet, so light, dark and print need no second drawing. */
(function () {
  "use strict";

  const NARROW = 480;
  const NARROW_ROOM = { labelLimit: 126, minExtent: 140, maxExtent: 140 };
  const drawn = new WeakMap();

  function draw(chart, width) {
    const text = document.getElementById(chart.dataset.spec).textContent;
    const spec = JSON.parse(text, (key, value) => (width < NARROW && NARROW_ROOM[key]) || value);
    drawn.get(chart)?.view.finalize();
    chart.classList.add("drawn");
    const compiled = vegaLite.compile({
      ...spec, width, autosize: { type: "fit-x", contains: "padding" },
    }).spec;
    const view = new vega.View(vega.parse(compiled, null, { ast: true }), {
      renderer: "svg",
      container: chart,
      hover: false,
      expr: trato.expressionInterpreter,
      locale: vega.locale(spec.usermeta.numbers, undefined),
    });
    drawn.set(chart, { view, width });
    view.runAsync().then(() => {
      const picture = chart.querySelector("svg");
      picture.setAttribute("role", "img");
      picture.setAttribute("aria-label", spec.description);
      // The table says it better than a hundred unnamed marks would.
      for (const part of picture.children) part.setAttribute("aria-hidden", "true");
    });
  }

  function tellLanguage() {
    const shown = [...document.querySelectorAll("main > article")].find((article) => article.clientWidth);
    if (!shown) return;
    document.documentElement.lang = shown.lang;
    document.title = shown.dataset.title;
  }

  const watch = new ResizeObserver((places) => {
    for (const { target } of places) {
      const chart = target.querySelector(":scope > .chart");
      const width = Math.floor(target.clientWidth);
      if (chart && width && drawn.get(chart)?.width !== width) draw(chart, width);
    }
    tellLanguage();
  });
  for (const chart of document.querySelectorAll(".chart")) watch.observe(chart.parentElement);
})();
